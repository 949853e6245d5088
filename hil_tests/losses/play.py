"""A row of the loss table on the bench: reach the mode, cut the device, wish otherwise, look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.config.types import Site
from controller.model.advice import RequestKind
from controller.model.words import Authority, InverterMode, Mode
from hil_tests.losses.effects import Effect
from hil_tests.losses.wishes import State, limit_far_from, wish_otherwise
from hil_tests.simulation.bench import Bench

SETTLE_S = 6.0  # the longest that a mode of the table needs to end by itself, and a polled slow point to grow stale
WATCHED_S = {
    Mode.UNPLANNED_ISLANDING: 12.0,
    Mode.PLANNED_ISLANDING: 40.0,
    Mode.BLACK_START: 20.0,  # a battery waits a quarter of a minute for the relay
    Mode.RECONNECTION: 30.0,
    Mode.UNKNOWN: 12.0,
}
MARGIN_S = 2.0  # behind a device's own reversion time
WATER_S = 1.0  # what was on its way when the device fell silent has arrived
FORMS, FOLLOWS = InverterMode.GRID_FORMING.value, InverterMode.GRID_FOLLOWING.value


@dataclass(frozen=True, slots=True)
class Played:
    """What the plant showed: before the loss, when what was under way had arrived, and in the end.

    `since_loss` and `since_settled` are all that each output was meanwhile.
    """

    before: State
    settled: State
    after: State
    since_loss: Mapping[str, frozenset[object]]
    since_settled: Mapping[str, frozenset[object]]
    ordered: frozenset[str]  # outputs that were told something new once it had settled
    ends_in: Mode


@dataclass(slots=True)
class _Watched:
    """All that each output ever was."""

    bench: Bench
    seen: dict[str, set[object]] = field(default_factory=dict)

    def look(self) -> None:
        for output, is_so in state_of(self.bench).items():
            self.seen.setdefault(output, set()).add(is_so)

    def run_for(self, duration_s: float) -> Mapping[str, frozenset[object]]:
        self.seen = {}
        self.look()
        self.bench.run_for(duration_s)
        return {output: frozenset(states) for output, states in self.seen.items()}


def play(mode: Mode, device: str | None, site: str = "musterhallig", *, is_lost: bool = True) -> Played:
    """Reach the mode, cut the device, wish something else of each of its outputs, look.

    Without a device: how it goes when nothing is lost. With one that is not lost: how it goes when it gets the wishes.
    """
    bench = reach(mode, site)
    if device is not None:
        _limit_first(bench, device)
    before = state_of(bench)
    watched = _Watched(bench)
    bench.on_step = watched.look
    if device is not None and is_lost:
        bench.cut(device)
    since_loss = watched.run_for(WATER_S)
    settled = state_of(bench)
    if device is not None:
        wish_otherwise(bench, carried_by(bench.site, device), settled)
    told_count = len(bench.scene.orders)
    since_settled = watched.run_for(_watched_s(bench.site, mode, device) - WATER_S)
    since_loss = {output: states | since_settled[output] for output, states in since_loss.items()}
    ordered = frozenset(order.asset for order in bench.scene.orders[told_count:] if order.field != "heartbeat")
    return Played(before, settled, state_of(bench), since_loss, since_settled, ordered, bench.mode)


def carried_by(site: Site, device: str) -> frozenset[str]:
    """The outputs whose orders go through this device."""
    return frozenset(asset for asset, b in site.bindings.items() if any(r.device == device for r in b.writes.values()))


def _limit_first(bench: Bench, device: str) -> None:
    """A limit that lapses must be there first."""
    for asset in carried_by(bench.site, device) & set(bench.site.hub.pv):
        limit_w = limit_far_from(bench.plant.pv[asset].limit_w, bench.site.hub.pv[asset].rating_w)
        bench.devices.device(device).obey(bench.site.bindings[asset].writes["limit_set_w"].point, limit_w)


def reach(mode: Mode, site: str = "musterhallig") -> Bench:
    """A hub in this mode."""
    bench = Bench.of(site)
    bench.watches = False
    if mode is Mode.UNKNOWN:
        return bench
    bench.run_for(SETTLE_S)
    match mode:
        case Mode.GRID_CONNECTED:
            pass
        case Mode.PLANNED_ISLANDING:
            bench.request(RequestKind.ISLAND_ON)
            bench.run_to(mode)
        case Mode.LOCKED_OUT:
            bench.plant.safety.emergency_off = True
            bench.run_to(mode)
            bench.run_for(SETTLE_S)
        case Mode.DARK | Mode.BLACK_START:
            _go_dark(bench, mode)
        case _:
            _leave_the_grid(bench, mode)
    return bench


def _go_dark(bench: Bench, mode: Mode) -> None:
    """Left to itself it would not stay dark."""
    bench.hand_over(Authority.MANUAL)
    bench.plant.grid.blackout(fall_s=0.02)
    bench.run_to(Mode.UNPLANNED_ISLANDING)
    _let_nobody_form(bench)
    if mode is Mode.BLACK_START:
        bench.hand_over(Authority.AUTO)
        bench.run_to(mode)


def _leave_the_grid(bench: Bench, mode: Mode) -> None:
    bench.plant.grid.blackout(fall_s=0.02)
    bench.run_to(Mode.UNPLANNED_ISLANDING)
    if mode is not Mode.UNPLANNED_ISLANDING:
        bench.run_to(Mode.ISLANDED)
        bench.run_for(SETTLE_S)
    if mode is Mode.RECONNECTION:
        bench.plant.grid.returns()
        bench.run_to(mode)


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


def _watched_s(site: Site, mode: Mode, device: str | None) -> float:
    reversion_s = site.devices[device].table.reversion_s if device is not None else None
    return max(WATCHED_S.get(mode, SETTLE_S), (reversion_s or 0.0) + MARGIN_S)


def agrees(effect: Effect, output: str, played: Played, usual: Played, site: Site) -> bool:
    """Whether the plant shows this effect; `usual` is the same story without a loss."""
    before, settled, after = played.before[output], played.settled[output], played.after[output]
    rating_w = round(site.hub.pv[output].rating_w) if output in site.hub.pv else 0
    formed = {is_so == FORMS for is_so in played.since_loss[output]}
    lets_go = {before, "off"} if before == FOLLOWS else {before}  # nobody holds its voltage
    shows = {
        Effect.AS_EVER: after == usual.after[output],
        Effect.HOLDS: played.since_settled[output] == {settled} and output not in played.ordered,
        Effect.KEEPS_FORMING: formed == {before == FORMS} and output not in played.ordered,
        Effect.LAPSES: settled != rating_w and after == rating_w,
        Effect.STOPS: after in {"off", "stopped", 0},
        Effect.OPENS: after == "open",
        Effect.HELD_BACK: played.since_loss[output] <= lets_go,
        Effect.DROPPED: after == "open",
        Effect.STARTED: after in {"starting", "ready", "loaded"},
        Effect.ADAPTS: isinstance(after, int) and after < rating_w and after != usual.after[output],
    }
    return shows[effect]
