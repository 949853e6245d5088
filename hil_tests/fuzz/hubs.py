"""Random hubs, swarm style: number and size of devices, tiers, protocols and optional parts differ from seed to seed.

Every hub passes `hallig check`: a hub that nobody could commission proves nothing, and one that the loader refuses is a
mistake in here. Devices are those of the bench.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from pathlib import Path

import tomli_w

from controller.config.load import load_site
from controller.config.types import Site
from hil_tests.fuzz.hub_devices import Devices, Table, label
from hil_tests.fuzz.hub_sources import PHASES, batteries, gensets, roofs
from hil_tests.plant.base import forked

TIER_ZERO_RATIO = 0.7  # of what the smallest former carries on a phase: `hallig check` wants 0.9 at most
DEFICIT_RATIO = 2.1  # all feeders against the same; the curve of the bench's inverter ends at 2.4
DESK_W = 900.0
SWITCHERS = ("controller",) * 7 + ("sync_relay",) * 4 + ("device",) + ("open_transition",)
GRID_CODES = ("demo_short",) * 6 + ("de_lv_2018", "en50549")


def random_hub(seed: int, folder: Path) -> tuple[Path, Site]:
    """The hub of a seed as a file in a folder, and loaded. The same seed gives the same hub everywhere.

    Raises:
        ConfigError: this generator has made a hub that the loader refuses.
    """
    path = folder / f"hub_{seed}.toml"
    path.write_text(tomli_w.dumps(_hub(f"hub_{seed}", forked(seed, "hub"))))
    return path, load_site(path)


def _hub(name: str, rng: random.Random) -> Table:
    rating_va = round(10 ** rng.uniform(4.0, 5.0), -3)
    devices = Devices(rng)
    devices.tcp("poi_relay", "poi_relay", fast_s=rng.choice((0.02, 0.02, 0.03)))
    tiers_count = rng.randint(1, 4)
    sources = batteries(devices, rating_va)
    carried_va = min(each["rating_va"] for each in sources.values() if each["can_form"])
    hub: Table = {
        "name": name,
        "label": label(name),
        "grid_code": rng.choice(GRID_CODES),
        "envelope": "standard",
        "poi": _poi(rng),
        "earthing": _earthing(devices),
        "batteries": sources,
        "pv": roofs(devices, rating_va),
        "gensets": gensets(devices, rating_va),
        "tiers": {str(number): _tier(number, tiers_count) for number in range(tiers_count)},
        "feeders": _feeders(devices, carried_va, tiers_count),
        "radios": _radios(devices),
        "safety": {"from": devices.module()},
    }
    if rng.random() < 0.4:
        hub["weather"] = {"from": devices.rtu("weather_mast", "weather_rtu", slow_s=5.0)}
    hub["devices"] = devices.tables
    return {key: value for key, value in hub.items() if value}


def _poi(rng: random.Random) -> Table:
    switcher = rng.choice(SWITCHERS)
    return {
        "label": label("poi"),
        "from": "poi_relay",
        "opened_by": switcher,
        "closed_by": switcher,
        "breaker_opening_s": 0.2,
        "breaker_closing_s": 0.085,
        "breaker_closing_uncertainty_s": 0.03,
        "angle_error_deg": 1.0,
        "import_max_w": 400_000,  # every feeder may come back on grid, cold as it is
        "export_max_w": 200_000,
        "has_settings_groups": rng.random() < 0.7,
    }


def _earthing(devices: Devices) -> Table:
    if devices.rng.random() < 0.4:
        return {"kind": "permanent"}
    return {"kind": "switched_by_us", "relay": "n_pe", "from": devices.module()}


def _tier(number: int, count: int) -> Table:
    shed = 0.0 if number == 0 else 8.0 + 40.0 * number / count
    return {"label": label(f"tier {number}"), "shed_below_soc_pct": shed, "restore_above_soc_pct": shed + 8.0}


def _feeders(devices: Devices, carried_va: float, tiers_count: int) -> dict[str, Table]:
    """Tier 0 is small; all of them together may ask for twice what the hub carries, on the fullest phase as well."""
    rng = devices.rng
    found = {"desk": _feeder(devices, 0, round(min(DESK_W, 0.05 * carried_va), -1), carries_control=True)}
    asked_w = carried_va * rng.uniform(0.3, 1.8)
    count = rng.randint(max(1, tiers_count - 1), 11)
    shares = [rng.uniform(0.2, 1.0) for _ in range(count)]
    for number, share in enumerate(shares):
        tier = 1 + number % max(1, tiers_count - 1) if tiers_count > 1 else 0
        size_w = max(100.0, round(asked_w * share / math.fsum(shares), -2))
        found[f"feeder_{number}"] = _feeder(devices, tier, size_w, carries_control=False)
    _shrunk(found.values(), carried_va / len(PHASES) * (DEFICIT_RATIO if tiers_count > 1 else TIER_ZERO_RATIO))
    return found


def _shrunk(feeders: Iterable[Table], phase_max_w: float) -> None:
    """Make all of them smaller until the fullest phase holds them."""
    loads_w = dict.fromkeys(PHASES, 0.0)
    for each in feeders:
        phases = each.get("phases", PHASES)
        for phase in phases:
            loads_w[phase] += each["rated_w"] / len(phases)
    factor = min(1.0, phase_max_w / max(loads_w.values()))
    for each in feeders:
        each["rated_w"] = max(10.0, math.floor(each["rated_w"] * factor / 10.0) * 10.0)


def _feeder(devices: Devices, tier: int, rated_w: float, *, carries_control: bool) -> Table:
    rng = devices.rng
    by_itself = tier > 1 and rng.random() < 0.15
    place = devices.channel()
    if by_itself:
        place = devices.rtu(f"contactor_{len(devices.tables)}", "contactor_rtu", normal_s=0.4)
    feeder: Table = {
        "label": label("feeder"),
        "from": place,
        "tier": tier,
        "rated_w": rated_w,
        "carries_control": carries_control,
        "pickup_ratio": rng.choice((1.0, 1.5, 2.0, 3.0)),
    }
    if rated_w <= 3700.0 and rng.random() < 0.5:
        feeder["phases"] = [rng.choice(PHASES)]
    return feeder


def _radios(devices: Devices) -> dict[str, Table]:
    rng = devices.rng
    found: dict[str, Table] = {}
    for number in range(rng.randint(0, 2)):
        name = f"radio_node_{number}"
        if rng.random() < 0.5:
            devices.rtu(name, "radio_rtu", normal_s=1.0)
        else:
            devices.ua(name, "radio_opcua", normal_s=1.0)
        reserve_wh = rng.choice((50.0, 200.0, 1000.0))
        found[f"radio_{number}"] = {"label": label(name), "from": name, "feeder": "desk", "own_reserve_wh": reserve_wh}
    return found
