"""Every mode with every combination of what people, keys and locks can say: who may be switched on, and who may not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from typing import NamedTuple

import pytest

from controller.core.decide import decide, fresh_memory
from controller.core.memory import CoreMemory
from controller.model.advice import Advice
from controller.model.commands import Commands
from controller.model.frozen import replace
from controller.model.image import ProcessImage
from controller.model.memory import DurableMemory, Latch
from controller.model.reasons import Reason
from controller.model.words import Authority, BreakerPosition, Mode
from hil_tests.tests.core.hubs import hub, islanded, on_grid, with_feeder, with_poi
from hil_tests.tests.core.scenes import earthed_and_dark, good_grid_beside_the_dark, returned

HUB = hub()
SHED = frozenset({"warm_room", "ev_posts"})
BEGAN_S, NOW_S = 300.0, 1_000.0  # every observation and patience is over
CYCLES_S = (0.05, 0.05, 11.0)

Scene = Callable[[float], ProcessImage]
SCENES: tuple[Scene, ...] = (on_grid, earthed_and_dark, good_grid_beside_the_dark, islanded, returned)


class Flags(NamedTuple):
    """What everybody says. None: it is not seen."""

    authority: Authority
    emergency_off: bool | None
    local: bool | None
    dso_lock: bool
    latched: str


EVERY = tuple(
    Flags(*each)
    for each in product(Authority, (False, True, None), (False, True, None), (False, True), ("", "poi_close", "genset"))
)
FREE = Flags(Authority.AUTO, emergency_off=False, local=False, dso_lock=False, latched="")
EVERYBODY = frozenset({"poi", "earthing", *HUB.feeders, *HUB.batteries, *HUB.gensets})


@cache
def _long_ago(scene: Scene) -> CoreMemory:
    memory = fresh_memory(DurableMemory(shed_by_us=SHED), BEGAN_S)
    for _ in range(2):
        memory = decide(memory, _seen(scene, BEGAN_S, FREE), Advice(), HUB, BEGAN_S).memory
    return memory


def played(mode: Mode, scene: Scene, flags: Flags) -> Iterator[Commands]:
    """A controller that has long been in this mode is shown this."""
    latches = (Latch(flags.latched, Reason.OPERATOR, 0.0),) if flags.latched else ()
    memory, now_s = _long_ago(scene), NOW_S
    durable = replace(memory.durable, authority=flags.authority, latches=latches)
    memory = replace(memory, mode=mode, mode_since_s=BEGAN_S, durable=durable)
    for step_s in CYCLES_S:
        now_s += step_s
        decision = decide(memory, _seen(scene, now_s, flags), Advice(), HUB, now_s)
        memory = decision.memory
        yield decision.commands


def _seen(scene: Scene, at_s: float, flags: Flags) -> ProcessImage:
    seen = with_poi(scene(at_s), dso_lock=flags.dso_lock)
    for feeder in SHED:
        seen = with_feeder(seen, feeder, position=BreakerPosition.OPEN)
    return replace(seen, emergency_off=flags.emergency_off, local_control=flags.local)


def switched_on(commands: Commands) -> frozenset[str]:
    """Everything that is ordered to close, to form or to start."""
    return frozenset(
        [
            *(["poi"] if commands.poi.close is not None else []),
            *(["earthing"] if commands.earthing.close is not None else []),
            *(name for name, command in commands.feeders.items() if command.close is not None),
            *(name for name, command in commands.batteries.items() if command.form is not None),
            *(name for name, command in commands.gensets.items() if command.crank is not None),
        ]
    )


def _barred(flags: Flags) -> frozenset[str]:
    """Who may not be switched on. Under a person's hands a source may still form: no island waits for a key."""
    unseen = flags.emergency_off is not False or flags.local is None
    if unseen:
        return EVERYBODY
    locked = {"poi"} if flags.dso_lock else set()
    asked = {"poi", *HUB.feeders} if flags.authority is Authority.MANUAL else set()
    by_hand = {"poi", "earthing", *HUB.feeders} if flags.local else set()
    return frozenset({*locked, *asked, *by_hand, flags.latched.removesuffix("_close")})


def wrongs(mode: Mode, scene: Scene, flags: Flags) -> Iterator[str]:
    for commands in played(mode, scene, flags):
        on = switched_on(commands)
        barred = _barred(flags) | (frozenset({"poi", "earthing", *HUB.batteries}) if scene is on_grid else frozenset())
        yield from (f"{name} is switched on" for name in sorted(on & barred))
        if flags.emergency_off and any(not command.stop for command in commands.batteries.values()):
            yield "a battery is not told to stop"
        if len(on & {*HUB.batteries, *HUB.gensets}) > 1:
            yield "two at once make the bus live"


@pytest.mark.parametrize("mode", Mode)
def test_nobody_is_switched_on_who_may_not_be(mode: Mode) -> None:
    found = [
        f"{scene.__name__}, {flags}: {wrong}"
        for scene, flags in product(SCENES, EVERY)
        for wrong in wrongs(mode, scene, flags)
    ]
    assert found[:5] == []


def test_and_somebody_is_who_may() -> None:
    on = [switched_on(each) for mode, scene in product(Mode, SCENES) for each in played(mode, scene, FREE)]
    assert frozenset().union(*on) >= {"poi", "earthing", "battery", "warm_room"}
