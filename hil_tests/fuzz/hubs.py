"""Random hubs, swarm style: number and size of devices, tiers and protocols differ from seed to seed.

Every hub passes `hallig check`: a hub that nobody could commission proves nothing. Devices are those of the bench.
"""

from __future__ import annotations

import math
import random
from pathlib import Path
from typing import Any

import tomli_w

from controller.config.errors import ConfigError
from controller.config.load import load_site
from controller.config.types import Site
from hil_tests.plant.base import forked

TRIES_MAX = 40
CHANNELS = 8  # contactors of one I/O module
LABELS = ("de", "da", "en")
Table = dict[str, Any]


def random_hub(seed: int, folder: Path) -> tuple[Path, Site]:
    """The hub of a seed as a file in a folder, and loaded. The same seed gives the same hub everywhere."""
    for number in range(TRIES_MAX):
        rng = forked(seed, f"hub {number}")
        path = folder / f"hub_{seed}.toml"
        path.write_text(tomli_w.dumps(_hub(seed, rng)))
        try:
            return path, load_site(path)
        except ConfigError:
            continue  # no lawful hub; the next stream of the same seed
    raise AssertionError(f"no lawful hub in {TRIES_MAX} tries for seed {seed}")


def _hub(seed: int, rng: random.Random) -> Table:
    return _Maker(seed, rng).hub()


class _Maker:
    """Builds one hub; addresses and units are counted up."""

    def __init__(self, seed: int, rng: random.Random) -> None:
        self._rng = rng
        self._host, self._unit = 10, 1
        self._channel = 0
        self._modules = 0
        self.devices: Table = {}
        self._name = f"hub_{seed}"

    def hub(self) -> Table:
        rng = self._rng
        rating_va = round(10 ** rng.uniform(4.0, 5.0), -3)
        switcher = rng.choice(("controller", "controller", "sync_relay"))
        self._tcp("poi_relay", "poi_relay", fast_s=rng.choice((0.02, 0.02, 0.03)))
        tiers_count = rng.randint(1, 4)
        hub: Table = {
            "name": self._name,
            "label": _label(self._name),
            "grid_code": "demo_short",
            "envelope": "standard",
            "poi": self._poi(switcher),
            "earthing": self._earthing(),
            "batteries": self._batteries(rating_va),
            "pv": self._pv(rating_va),
            "gensets": self._gensets(rating_va),
            "tiers": {str(number): _tier(number, tiers_count) for number in range(tiers_count)},
            "feeders": self._feeders(rating_va, tiers_count),
        }
        hub["radios"] = self._radios()
        hub["safety"] = {"from": self._module()}
        hub["devices"] = self.devices
        return {key: value for key, value in hub.items() if value}

    def _poi(self, switcher: str) -> Table:
        return {
            "label": _label("poi"),
            "from": "poi_relay",
            "opened_by": switcher,
            "closed_by": switcher,
            "breaker_opening_s": 0.2,
            "breaker_closing_s": 0.085,
            "breaker_closing_uncertainty_s": 0.03,
            "angle_error_deg": 1.0,
            "import_max_w": 200_000,
            "export_max_w": 200_000,
            "has_settings_groups": True,
        }

    def _earthing(self) -> Table:
        if self._rng.random() < 0.5:
            return {"kind": "permanent"}
        return {"kind": "switched_by_us", "relay": "n_pe", "from": self._module()}

    def _batteries(self, rating_va: float) -> Table:
        rng = self._rng
        self._tcp("inverter_main", "battery_inverter", fast_s=rng.choice((0.05, 0.05, 0.1)))
        found = {"battery_main": self._battery("inverter_main", rating_va, can_form=True)}
        if rng.random() < 0.5:
            if rng.random() < 0.5:
                self._tcp("inverter_second", "battery_inverter", fast_s=0.1)
                can_form = rng.random() < 0.5
            else:
                self._ua("inverter_second", "battery_opcua", normal_s=0.2)
                can_form = False
            size_va = round(rating_va * rng.uniform(0.2, 0.8), -2)
            found["battery_second"] = self._battery("inverter_second", size_va, can_form=can_form)
        return found

    def _battery(self, device: str, rating_va: float, *, can_form: bool) -> Table:
        battery: Table = {
            "label": _label(device),
            "from": device,
            "rating_va": rating_va,
            "capacity_wh": round(rating_va * self._rng.uniform(1.0, 4.0), -2),
            "can_form": can_form,
        }
        if can_form:
            battery |= {
                "can_set_frequency": True,
                "can_set_voltage": True,
                "droop_pct": self._rng.choice((0.5, 1.0, 2.0)),
                "short_time_source": "the bench's inverter: the default curve of its plant model",
                "short_time": [
                    {"load_ratio": 1.23, "hold_s": 60.0},
                    {"load_ratio": 1.5, "hold_s": 20.0},
                    {"load_ratio": 2.0, "hold_s": 10.0},
                    {"load_ratio": 2.4, "hold_s": 3.0},
                ],
            }
        return battery

    def _pv(self, rating_va: float) -> Table:
        found: Table = {}
        for number in range(self._rng.randint(0, 3)):
            device = f"inverter_pv_{number}"
            if self._rng.random() < 0.3:
                self._tcp(device, "sunspec_pv", normal_s=0.5)
            else:
                self._tcp(device, "pv_inverter")
            size_w = round(rating_va * self._rng.uniform(0.1, 0.7), -2)
            found[f"pv_{number}"] = {"label": _label(device), "from": device, "rating_w": size_w}
        return found

    def _gensets(self, rating_va: float) -> Table:
        if self._rng.random() < 0.6:
            return {}
        size_va = round(rating_va * self._rng.uniform(0.4, 1.0), -2)
        self._rtu("genset_panel", "genset_rtu", normal_s=0.5)
        genset = {
            "label": _label("genset"),
            "from": "genset_panel",
            "connection": "bus",
            "rating_va": size_va,
            "can_form": True,
            "start_below_soc_pct": 25.0,
            "stop_above_soc_pct": 80.0,
            "min_load_w": 0.3 * size_va,
            "min_run_s": 120.0,
            "start_time_s": 60.0,
            "start_attempts_max": 3,
            "fuel_capacity_l": 200.0,
            "fuel_l_per_h_at_rating": round(0.33 * size_va / 1000.0, 1),
        }
        return {"genset": genset}

    def _feeders(self, rating_va: float, tiers_count: int) -> Table:
        """Tier 0 is small; all of them together may ask for twice what the hub can carry."""
        rng = self._rng
        found: Table = {}
        first_w = round(min(900.0, 0.05 * rating_va), -1)
        found["desk"] = self._feeder(0, first_w, carries_control=True)
        rest_w = rating_va * rng.uniform(0.3, 1.8)
        count = rng.randint(max(1, tiers_count - 1), 9)
        shares = [rng.uniform(0.2, 1.0) for _ in range(count)]
        for number, share in enumerate(shares):
            tier = 1 + number % max(1, tiers_count - 1) if tiers_count > 1 else 0
            size_w = max(100.0, round(rest_w * share / math.fsum(shares), -2))
            found[f"feeder_{number}"] = self._feeder(tier, size_w, carries_control=False)
        return found

    def _feeder(self, tier: int, rated_w: float, *, carries_control: bool) -> Table:
        rng = self._rng
        feeder: Table = {
            "label": _label("feeder"),
            "from": f"{self._module(1)}#{self._channel}",
            "tier": tier,
            "rated_w": rated_w,
            "carries_control": carries_control,
            "pickup_ratio": rng.choice((1.0, 1.5, 2.0, 3.0)),
        }
        if rated_w <= 3700.0 and rng.random() < 0.5:
            feeder["phases"] = [rng.choice(("l1", "l2", "l3"))]
        return feeder

    def _radios(self) -> Table:
        found: Table = {}
        for number in range(self._rng.randint(1, 2)):
            device = f"radio_node_{number}"
            if self._rng.random() < 0.5:
                self._rtu(device, "radio_rtu", normal_s=1.0)
            else:
                self._ua(device, "radio_opcua", normal_s=1.0)
            reserve_wh = self._rng.choice((200.0, 1000.0))
            found[f"radio_{number}"] = {
                "label": _label(device), "from": device, "feeder": "desk", "own_reserve_wh": reserve_wh,
            }  # fmt: skip
        return found

    # -- devices ---------------------------------------------------------------------------------------------------
    def _module(self, channels: int = 0) -> str:
        """An I/O module; with channels, one that has a free one."""
        if self._modules == 0 or (channels and self._channel >= CHANNELS):
            self._modules += 1
            self._channel = 0
            self._tcp(f"io_module_{self._modules}", "io_module", fast_s=self._rng.choice((0.02, 0.02, 0.03)))
        self._channel += channels
        return f"io_module_{self._modules}"

    def _tcp(self, name: str, table: str, **more: float) -> None:
        self._host += 1
        self.devices[name] = {"table": f"hallig_sim/{table}", "host": f"192.0.2.{self._host}", **more}

    def _rtu(self, name: str, table: str, **more: float) -> None:
        self._unit += 1
        line = {"serial_port": "/dev/ttyAMA0", "baudrate": 19200, "unit": self._unit, "timeout_s": 0.1}
        self.devices[name] = {"table": f"hallig_sim/{table}", **line, **more}

    def _ua(self, name: str, table: str, **more: float) -> None:
        self._host += 1
        url = f"opc.tcp://192.0.2.{self._host}:4840/hallig/"
        self.devices[name] = {"table": f"hallig_sim/{table}", "url": url, "timeout_s": 1.0, **more}


def _label(name: str) -> Table:
    return dict.fromkeys(LABELS, name)


def _tier(number: int, count: int) -> Table:
    shed = 0.0 if number == 0 else 8.0 + 40.0 * number / count
    return {"label": _label(f"tier {number}"), "shed_below_soc_pct": shed, "restore_above_soc_pct": shed + 8.0}
