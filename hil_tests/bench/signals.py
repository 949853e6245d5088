"""Signals: every quantity of a run that scenarios, traces and reports can name. Plant truth, but for `controller.*`.

A name is made of a part, an asset where there are several, and a quantity: `bus.frequency_hz`,
`battery.battery_main.soc_pct`, `feeder.desk.energised`, `tier.0.energised_ratio`, `controller.mode`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from itertools import pairwise

from controller.config.errors import nearest
from controller.config.types import Site
from controller.model.reasons import EventKind
from controller.model.words import Authority, BreakerPosition, GensetState, InverterMode, Mode, SettingsGroup
from hil_tests.bench.scene import Scene
from hil_tests.plant.base import BASE_VA
from hil_tests.plant.breaker import CLOSED

Sample = float | str | bool | None
Signal = Callable[[Scene], Sample]

HUB_SIGNALS: Mapping[str, Signal] = {
    "t_s": lambda s: s.plant.now_s,
    "bus.voltage_ratio": lambda s: abs(s.plant.bus),
    "bus.frequency_hz": lambda s: s.plant.bus_frequency_hz if abs(s.plant.bus) > 0.05 else None,
    "bus.live": lambda s: abs(s.plant.bus) > 0.5,
    "grid.voltage_ratio": lambda s: s.plant.grid.ratio,
    "grid.frequency_hz": lambda s: s.plant.grid.frequency_hz if s.plant.grid.is_fed else None,
    "grid.live": lambda s: s.plant.grid.is_fed,
    "poi.closed": lambda s: s.plant.poi.position is CLOSED,
    "poi.open": lambda s: s.plant.poi.position is not CLOSED,
    "poi.position": lambda s: s.plant.poi.position.value,
    "poi.reported": lambda s: s.plant.poi.reported_position.value,
    "poi.operations_count": lambda s: s.plant.poi.operations_count,
    "poi.closings_count": lambda s: len(s.plant.poi.closings),
    "poi.last_closing": lambda s: s.plant.poi.closings[-1].kind if s.plant.poi.closings else "none",
    "poi.closing_angle_deg": lambda s: s.plant.poi.closings[-1].angle_deg if s.plant.poi.closings else None,
    "poi.closing_slip_hz": lambda s: s.plant.poi.closings[-1].slip_hz if s.plant.poi.closings else None,
    "poi.closing_voltage_ratio": lambda s: (
        s.plant.poi.closings[-1].voltage_difference_ratio if s.plant.poi.closings else None
    ),
    "poi.open_orders_count": lambda s: _edges_count(s, "open"),
    "poi.close_orders_count": lambda s: _edges_count(s, "close") + _edges_count(s, "close_permit"),
    "poi.power_w": lambda s: s.plant.poi_power_w.total,
    "poi.angle_deg": lambda s: s.plant.angle_difference_deg,
    "poi.slip_hz": lambda s: s.plant.bus_frequency_hz - s.plant.grid.frequency_hz if s.plant.grid.is_fed else None,
    "poi.settings_group": lambda s: s.plant.poi.settings_group.value,
    "poi.relay_tripped": lambda s: s.plant.poi.relay_tripped,
    "poi.backfeed_j": lambda s: s.plant.backfeed_j,
    "poi.out_of_phase_count": lambda s: s.plant.out_of_phase_closures_count,
    "dso.import_limit_w": lambda s: s.plant.dso.import_limit_w,
    "earthing.closed": lambda s: s.plant.earthing.position is CLOSED,
    "formers_count": lambda s: len(s.plant.forming),
    "load.power_w": lambda s: sum(feeder.power_w.total for feeder in s.plant.feeders.values()),
    "weather.irradiance_w_per_m2": lambda s: s.plant.weather.irradiance_w_per_m2,
    "controller.running": lambda s: s.controller.is_running,
    "controller.mode": lambda s: s.controller.mode.value if s.controller.mode is not None else "none",
    "controller.authority": lambda s: s.controller.authority.value,
    "controller.vetoes_count": lambda s: _events_count(s, EventKind.VETOED),
    "controller.alarms_count": lambda s: _events_count(s, EventKind.ALARM),
}


def _values(words: type[Enum]) -> tuple[str, ...]:
    return tuple(str(each.value) for each in words)


WORDS: Mapping[str, tuple[str, ...]] = {
    "controller.mode": (*_values(Mode), "none"),
    "controller.authority": _values(Authority),
    "poi.position": _values(BreakerPosition),
    "poi.reported": _values(BreakerPosition),
    "poi.last_closing": ("none", "live_live", "dead_bus", "dead_grid", "dead_dead"),
    "poi.settings_group": _values(SettingsGroup),
    "*.mode": _values(InverterMode),
    "*.state": _values(GensetState),
}


def signals_of(site: Site) -> dict[str, Signal]:
    """All signals of a hub by their names."""
    hub = site.hub
    found = dict(HUB_SIGNALS)
    for name, battery in hub.batteries.items():
        found |= _battery(name, battery.rating_va)
    for name in hub.pv:
        found |= _pv(name)
    for name in hub.gensets:
        found |= _genset(name)
    for name in hub.feeders:
        found |= _feeder(name)
    for name in hub.radios:
        found |= _radio(name)
    for name in site.devices:
        found[f"device.{name}.ordered_at_s"] = _last_order(name)
    for tier in sorted({feeder.tier for feeder in hub.feeders.values()}):
        found |= _tier(tier, [name for name, feeder in hub.feeders.items() if feeder.tier == tier])
    return found


def not_a_signal(name: str, known: Iterable[str]) -> tuple[str, str, str]:
    """Of a name that is no signal: what of it is wrong, what is wanted, and what was probably meant."""
    part, _, rest = name.partition(".")
    asset, _, quantity = rest.rpartition(".")
    ours = [tuple(each.split(".")) for each in known]
    assets = list(dict.fromkeys(each[1] for each in ours if len(each) == 3 and each[0] == part))
    if assets and asset not in assets:
        hint = "" if asset.isdecimal() else nearest(asset, assets)
        return asset or name, f"one of {', '.join(assets)}, as in {part}.{assets[0]}.{quantity or '...'}", hint
    return name, f"a signal of this hub, not {name!r}", nearest(name, known)


def words_of(signal: str) -> tuple[str, ...]:
    """What a signal that speaks in words can say; nothing for one of numbers or truths."""
    part, _, quantity = signal.rpartition(".")
    if part == "controller":
        return WORDS.get(signal, ())
    return WORDS.get(signal, WORDS.get(f"*.{quantity}", ()))


def _battery(name: str, rating_va: float) -> dict[str, Signal]:
    at = f"battery.{name}"
    return {
        f"{at}.mode": lambda s: s.plant.batteries[name].mode.value,
        f"{at}.forming": lambda s: s.plant.batteries[name].is_forming,
        f"{at}.power_w": lambda s: s.plant.batteries[name].power_w.total,
        f"{at}.soc_pct": lambda s: s.plant.batteries[name].soc_pct,
        f"{at}.temperature_c": lambda s: s.plant.batteries[name].temperature_c,
        f"{at}.overload_pct": lambda s: s.plant.batteries[name].overload_pct,
        f"{at}.charge_limit_w": lambda s: s.plant.batteries[name].charge_limit_w,
        f"{at}.discharge_limit_w": lambda s: s.plant.batteries[name].discharge_limit_w,
        f"{at}.load_ratio": lambda s: abs(s.plant.batteries[name].power_va) * BASE_VA / rating_va,
    }


def _pv(name: str) -> dict[str, Signal]:
    at = f"pv.{name}"
    return {
        f"{at}.power_w": lambda s: s.plant.pv[name].power_w.total,
        f"{at}.limit_w": lambda s: s.plant.pv[name].limit_w,
        f"{at}.connected": lambda s: s.plant.pv[name].is_connected,
    }


def _genset(name: str) -> dict[str, Signal]:
    at = f"genset.{name}"
    return {
        f"{at}.state": lambda s: s.plant.gensets[name].state.value,
        f"{at}.power_w": lambda s: s.plant.gensets[name].power_w.total,
        f"{at}.fuel_l": lambda s: s.plant.gensets[name].fuel_l,
        f"{at}.forming": lambda s: s.plant.gensets[name].is_forming,
    }


def _feeder(name: str) -> dict[str, Signal]:
    at = f"feeder.{name}"
    return {
        f"{at}.closed": lambda s: s.plant.feeders[name].position is CLOSED,
        f"{at}.energised": lambda s: s.plant.feeders[name].is_energised,
        f"{at}.power_w": lambda s: s.plant.feeders[name].power_w.total,
        f"{at}.fault": lambda s: s.plant.feeders[name].has_fault,
    }


def _radio(name: str) -> dict[str, Signal]:
    at = f"radio.{name}"
    return {
        f"{at}.alive": lambda s: s.plant.radios[name].is_alive,
        f"{at}.reserve_pct": lambda s: s.plant.radios[name].reserve_pct,
    }


def _last_order(device: str) -> Signal:
    """When the device was last told anything; heartbeats are no orders."""
    return lambda s: next((order.at_s for order in reversed(s.orders) if order.device == device), None)


def _edges_count(scene: Scene, field: str) -> int:
    """How often the POI was newly told to do this; a level that is restated is one order."""
    told = [order.value for order in scene.orders if order.asset == scene.site.hub.poi.id and order.field == field]
    return sum(bool(now) and not before for before, now in pairwise([False, *told]))


def _events_count(scene: Scene, kind: EventKind) -> int:
    return sum(event.kind is kind for _, event in scene.controller.events)


def _tier(tier: int, feeders: list[str]) -> dict[str, Signal]:
    def energised(s: Scene) -> float:
        return sum(s.plant.feeders[name].is_energised for name in feeders) / len(feeders)

    return {f"tier.{tier}.energised_ratio": energised}


def traced(site: Site) -> tuple[str, ...]:
    """The signals that every trace keeps."""
    hub = site.hub
    return (
        "bus.voltage_ratio",
        "bus.frequency_hz",
        "grid.voltage_ratio",
        "grid.frequency_hz",
        "poi.closed",
        "poi.power_w",
        "poi.angle_deg",
        "earthing.closed",
        "load.power_w",
        "controller.mode",
        *(f"battery.{name}.{what}" for name in hub.batteries for what in ("power_w", "soc_pct", "mode")),
        *(f"pv.{name}.power_w" for name in hub.pv),
        *(f"genset.{name}.{what}" for name in hub.gensets for what in ("power_w", "state", "fuel_l")),
        *(f"feeder.{name}.energised" for name in hub.feeders),
        *(f"radio.{name}.alive" for name in hub.radios),
    )
