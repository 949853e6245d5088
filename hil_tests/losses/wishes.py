"""Wishes against the stream: of each of these outputs, something else than it is.

Judgement seldom wants anything new of an output whose device has just fallen silent, so that it stays as it is proves
nothing. These wishes are laid over what the guard allowed and go the same way to the device: who is reached, follows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from controller.guard.vet import Verdict
from controller.model.commands import (
    BatteryCommand,
    Commands,
    GensetCommand,
    Order,
    PoiCommand,
    PvCommand,
    SwitchCommand,
)
from controller.model.hub import Hub
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, GensetState, InverterMode
from hil_tests.simulation.bench import Bench

State = Mapping[str, object]
LOW_RATIO, HIGH_RATIO = 0.2, 0.6  # of a PV's rating; wished is the one that it is further from
STANDS_S = 1.0  # an order, which is given anew in each cycle
CLOSED, STOPPED = BreakerPosition.CLOSED.value, GensetState.STOPPED.value


def wish_otherwise(bench: Bench, assets: Iterable[str], state: State) -> None:
    """From now on wish of these assets what they are not, whatever judgement wants of them."""
    hub, guard, wished = bench.site.hub, bench.loop.guard, tuple(assets)

    def bent(*arguments: object) -> Verdict:
        verdict: Verdict = guard(*arguments)
        order = Order(Reason.OPERATOR, bench.plant.now_s, bench.plant.now_s + STANDS_S, attempt=1)
        return replace(verdict, allowed=laid_over(verdict.allowed, hub, {each: state[each] for each in wished}, order))

    bench.loop.guard = bent


def laid_over(allowed: Commands, hub: Hub, state: State, order: Order) -> Commands:
    """What was allowed, but of these assets the contrary of their state."""
    commands = allowed
    for asset, is_so in state.items():
        if asset == hub.poi.id:
            commands = replace(commands, poi=PoiCommand(open=True) if is_so == CLOSED else PoiCommand(close=order))
        elif asset == hub.earthing.relay:
            commands = replace(commands, earthing=_switch(is_so, order))
        elif asset in hub.feeders:
            commands = replace(commands, feeders={**commands.feeders, asset: _switch(is_so, order)})
        elif asset in hub.pv:
            assert isinstance(is_so, int)
            limit_w = limit_far_from(is_so, hub.pv[asset].rating_w)
            commands = replace(commands, pv={**commands.pv, asset: PvCommand(limit_w)})
        elif asset in hub.batteries:
            commands = replace(commands, batteries={**commands.batteries, asset: _battery(is_so, order)})
        elif asset in hub.gensets:
            genset = GensetCommand(crank=order) if is_so == STOPPED else GensetCommand(stop=True)
            commands = replace(commands, gensets={**commands.gensets, asset: genset})
    return commands


def limit_far_from(limit_w: float, rating_w: float) -> float:
    """A limit that nobody takes for this one."""
    return rating_w * (LOW_RATIO if limit_w > (LOW_RATIO + HIGH_RATIO) / 2 * rating_w else HIGH_RATIO)


def _switch(is_so: object, order: Order) -> SwitchCommand:
    return SwitchCommand(open=True) if is_so == CLOSED else SwitchCommand(close=order)


def _battery(is_so: object, order: Order) -> BatteryCommand:
    """Who is off forms; else it stops."""
    return BatteryCommand(form=order) if is_so == InverterMode.OFF.value else BatteryCommand(stop=True)
