"""The loss table: what every output does when a device is lost, in every mode, derived from the site and its tables.

`expected` says it, `play` cuts the device on the bench and looks. The page is written from the one, a test compares it
with the other, cell by cell.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.config.types import Device, Site
from controller.core.situation import is_on_our_bus
from controller.model.words import Authority, BusSide, InverterMode, IslandEarthing, Mode
from hil_tests.loss_effects import ON_LOSS, Effect
from hil_tests.simulation.bench import Bench

SETTLE_S = 6.0  # the longest that a mode of the table needs to end by itself, and a polled slow point to grow stale
WATCHED_S = {Mode.UNPLANNED_ISLANDING: 12.0, Mode.RECONNECTION: 30.0, Mode.UNKNOWN: 12.0}
MARGIN_S = 2.0  # behind a device's own reversion time
WATER_S = 1.0  # what was on its way when the device fell silent has arrived


MODES = (
    Mode.UNKNOWN,
    Mode.GRID_CONNECTED,
    Mode.UNPLANNED_ISLANDING,
    Mode.ISLANDED,
    Mode.RECONNECTION,
    Mode.DARK,
    Mode.LOCKED_OUT,
)
"""The two that lead from one to another, PLANNED_ISLANDING and BLACK_START, wait in each step for what they see."""


@dataclass(frozen=True, slots=True)
class Row:
    """One lost device in one mode."""

    mode: Mode
    device: str
    effects: Mapping[str, Effect]  # of every output
    ends_in: Mode


def outputs_of(site: Site) -> tuple[str, ...]:
    """Every asset that is written to, in the site file's order."""
    return tuple(asset for asset, binding in site.bindings.items() if binding.writes)


def carried_by(site: Site, device: str) -> frozenset[str]:
    """The outputs whose orders go through this device."""
    return frozenset(asset for asset, b in site.bindings.items() if any(r.device == device for r in b.writes.values()))


def expected(site: Site, mode: Mode, device: str) -> Row:
    """What the tables and the rules of judgement say."""
    ends_in, held = _consequence(site, mode, device)
    carried, anew = carried_by(site, device), _begun_anew(site, mode, device)
    effects = {}
    for output in outputs_of(site):
        if output in carried:
            effects[output] = _without_us(site.devices[device], mode, ends_in)
        elif output in anew:
            effects[output] = anew[output]
        elif output in held:
            effects[output] = Effect.HELD_BACK
        elif output in site.hub.pv and _bounds_pv(site, mode, device, ends_in):
            effects[output] = Effect.ADAPTS
        else:
            effects[output] = Effect.AS_EVER
    return Row(mode, device, effects, ends_in)


def _without_us(device: Device, mode: Mode, ends_in: Mode) -> Effect:
    """The table's own word for where the hub is by then; a device that watches no heartbeat never notices."""
    if device.table.reversion_s is None:
        return Effect.HOLDS
    on_grid = mode is Mode.UNKNOWN or ends_in is Mode.GRID_CONNECTED
    return ON_LOSS[device.table.on_loss if on_grid else device.table.on_loss_island]


def _consequence(site: Site, mode: Mode, device: str) -> tuple[Mode, frozenset[str]]:
    """Where the mode leads, and which outputs are then not moved although they are reached."""
    hub, served = site.hub, _only_from(site, device)
    batteries = frozenset(hub.batteries)
    earthing = frozenset({hub.earthing.relay} if hub.earthing.relay is not None else ())
    sees_poi, forms = hub.poi.id in served, bool(served & set(hub.forming_order))
    earths = bool(served & earthing) and hub.earthing.kind is IslandEarthing.SWITCHED_BY_US
    if mode is Mode.UNKNOWN:
        return (Mode.LOCKED_OUT if sees_poi else Mode.GRID_CONNECTED), frozenset()
    if mode is Mode.UNPLANNED_ISLANDING:
        if sees_poi:
            return Mode.LOCKED_OUT, batteries | earthing
        if earths or not forms:
            return (Mode.DARK, batteries) if earths else (Mode.ISLANDED, frozenset())
        return (Mode.BLACK_START if _starters(site, device) else Mode.DARK), batteries
    if mode is Mode.RECONNECTION:
        stays = Mode.ISLANDED if sees_poi else Mode.RECONNECTION  # until what is not seen comes back, for two minutes
        is_blind = sees_poi or earths or forms
        return (
            (stays, frozenset({hub.poi.id}) | batteries | earthing) if is_blind else (Mode.GRID_CONNECTED, frozenset())
        )
    return mode, frozenset()


def _starters(site: Site, device: str) -> list[str]:
    """Gensets that can start the hub where no battery can."""
    return [g.id for g in site.hub.gensets.values() if is_on_our_bus(g) and g.id not in _only_from(site, device)]


def _begun_anew(site: Site, mode: Mode, device: str) -> dict[str, Effect]:
    """What a black start moves, where the loss of this device ends a transfer in the dark."""
    if mode is not Mode.UNPLANNED_ISLANDING:
        return {}
    ends_in, _ = _consequence(site, mode, device)
    if ends_in not in {Mode.DARK, Mode.BLACK_START} or "safety" in _only_from(site, device):
        return {}  # whose keys and emergency-off are not seen starts nothing
    feeders = site.hub.feeders.values()
    dropped = {f.id: Effect.DROPPED for f in feeders if f.bus is BusSide.ISLAND and not f.carries_control}
    started = _starters(site, device) if ends_in is Mode.BLACK_START else []
    return dropped | dict.fromkeys(started[:1], Effect.STARTED)


def _bounds_pv(site: Site, mode: Mode, device: str, ends_in: Mode) -> bool:
    """PV may give what could be absorbed: while that is limited, and by another number than usual."""
    served = _only_from(site, device)
    meters = served & {site.hub.poi.id, *site.hub.feeders, *site.hub.batteries}
    if mode is Mode.RECONNECTION:
        return ends_in is not Mode.GRID_CONNECTED  # usually it is free by then
    return mode in {Mode.UNPLANNED_ISLANDING, Mode.ISLANDED} and bool(meters)


def _only_from(site: Site, device: str) -> frozenset[str]:
    """The assets that nobody else sees."""
    return frozenset(
        asset
        for asset, binding in site.bindings.items()
        if {ref.device for refs in binding.reads.values() for ref in refs} == {device}
    )


# ---- on the bench ----------------------------------------------------------------------------------------------------

FORMS, FOLLOWS = InverterMode.GRID_FORMING.value, InverterMode.GRID_FOLLOWING.value
State = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Played:
    """What the plant showed: before the loss, when what was under way had arrived, and in the end."""

    before: State
    settled: State
    after: State
    orders: tuple[str, ...]  # outputs that were ordered something through the lost device, after it had settled
    ends_in: Mode


def play(mode: Mode, device: str | None, site: str = "musterhallig") -> Played:
    """Reach the mode, cut the device, look. Without a device: how it goes when nothing is lost."""
    bench = reach(mode, site)
    before = state_of(bench)
    if device is not None:
        bench.cut(device)
    bench.run_for(WATER_S)
    settled, told = state_of(bench), _told(bench, device)
    bench.run_for(_watched_s(bench.site, mode, device) - WATER_S)
    orders = tuple(name for name, value in _told(bench, device).items() if told.get(name) != value)
    return Played(before, settled, state_of(bench), orders, bench.mode)


def reach(mode: Mode, site: str = "musterhallig") -> Bench:
    """A hub in this mode."""
    bench = Bench.of(site)
    bench.watches = False
    if mode is Mode.UNKNOWN:
        return bench
    bench.run_for(SETTLE_S)
    if mode is Mode.GRID_CONNECTED:
        return bench
    if mode is Mode.LOCKED_OUT:
        bench.plant.safety.emergency_off = True
        bench.run_to(mode)
        bench.run_for(SETTLE_S)
        return bench
    if mode is Mode.DARK:
        bench.hand_over(Authority.MANUAL)  # else it would not stay dark
    bench.plant.grid.blackout(fall_s=0.02)
    bench.run_to(Mode.UNPLANNED_ISLANDING)
    if mode is Mode.DARK:
        _let_nobody_form(bench)
    elif mode is not Mode.UNPLANNED_ISLANDING:
        bench.run_to(Mode.ISLANDED)
        bench.run_for(SETTLE_S)
    if mode is Mode.RECONNECTION:
        bench.plant.grid.returns()
        bench.run_to(mode)
    return bench


def _let_nobody_form(bench: Bench) -> None:
    formers = {r.device for b in bench.site.hub.forming_order for r in bench.site.bindings[b].writes.values()}
    bench.cut(*formers)
    bench.run_to(Mode.DARK)
    bench.restore(*formers)
    bench.run_for(SETTLE_S)


def state_of(bench: Bench) -> State:
    """Every output as the plant has it."""
    plant, hub = bench.plant, bench.site.hub
    found: dict[str, object] = {hub.poi.id: plant.poi.position.value}
    found |= {name: battery.mode.value for name, battery in plant.batteries.items()}
    found |= {name: round(pv.limit_w) for name, pv in plant.pv.items()}
    found |= {name: genset.state.value for name, genset in plant.gensets.items()}
    found |= {name: feeder.position.value for name, feeder in plant.feeders.items()}
    if hub.earthing.relay is not None:
        found[hub.earthing.relay] = plant.earthing.position.value
    return found


def _told(bench: Bench, device: str | None) -> dict[str, object]:
    if device is None:
        return {}
    heartbeat = bench.site.devices[device].table.heartbeat
    return {name: value for name, value in bench.devices.device(device).written.items() if name != heartbeat}


def _watched_s(site: Site, mode: Mode, device: str | None) -> float:
    reversion_s = site.devices[device].table.reversion_s if device is not None else None
    return max(WATCHED_S.get(mode, SETTLE_S), (reversion_s or 0.0) + MARGIN_S)


def agrees(effect: Effect, output: str, played: Played, usual: Played, site: Site) -> bool:
    """Whether the plant shows this effect; `usual` is the same story without a loss."""
    before, settled, after = played.before[output], played.settled[output], played.after[output]
    rating_w = round(site.hub.pv[output].rating_w) if output in site.hub.pv else 0
    shows = {
        Effect.AS_EVER: after == usual.after[output],
        Effect.HOLDS: after == settled and not played.orders,
        Effect.KEEPS_FORMING: (after == FORMS) == (before == FORMS) and not played.orders,
        Effect.LAPSES: after == rating_w,
        Effect.STOPS: after in {"off", "stopped", 0},
        Effect.OPENS: after == "open",
        Effect.HELD_BACK: after == before or (before == FOLLOWS and after == "off"),  # nobody holds its voltage
        Effect.DROPPED: after == "open",
        Effect.STARTED: after in {"starting", "ready", "loaded"},
        Effect.ADAPTS: isinstance(after, int) and after < rating_w,
    }
    return shows[effect]


def contradictions(mode: Mode, device: str, usual: Played, name: str = "musterhallig") -> Iterator[str]:
    """What the bench shows otherwise than the table says, for one row."""
    site = load_site(configs_dir() / "hubs" / f"{name}.toml")
    row, played = expected(site, mode, device), play(mode, device, name)
    if played.ends_in is not row.ends_in:
        yield f"{mode.value}, {device}: ends in {played.ends_in.value}, the table says {row.ends_in.value}"
    for output, effect in row.effects.items():
        if not agrees(effect, output, played, usual, site):
            shown = f"{played.before[output]} -> {played.after[output]}, usually {usual.after[output]}"
            yield f"{mode.value}, {device}: {output} {shown}, the table says: {effect.value}"


def main(argv: Sequence[str] | None = None) -> int:
    """Play every row; exit 1 when a cell is wrong."""
    argparse.ArgumentParser(prog="python -m hil_tests.losses", description=__doc__).parse_args(argv)
    devices = load_site(configs_dir() / "hubs" / "musterhallig.toml").devices
    wrong: list[str] = []
    for mode in MODES:
        usual = play(mode, None)
        for device in devices:
            found = list(contradictions(mode, device, usual))
            wrong += found
            for line in found:
                print(line, flush=True)
    print(f"{len(MODES) * len(devices)} runs of the loss table, {len(wrong)} cells are wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
