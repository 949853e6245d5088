"""Is the POI open? The question on which the life of a line worker hangs, asked from every side."""

from __future__ import annotations

import math
from typing import Any

import pytest

from controller.model.image import ProcessImage
from controller.model.phases import ZERO, PhaseValues
from controller.model.words import BreakerPosition
from hil_tests.tests.guard.scene import (
    CLOSED,
    CYCLE_S,
    LIVE,
    OPEN,
    Watch,
    dark,
    islanded,
    on_grid,
    watch_after,
    with_poi,
)

FLOWING = PhaseValues.even(20.0)
HALF = PhaseValues.even(150.0)


def is_proven(seen: ProcessImage, *before: ProcessImage) -> bool:
    return watch_after(*before, seen, seen).memory.is_proven_open


EVIDENCE = [  # contact, grid side, bus side, angle, current, proven
    (OPEN, ZERO, LIVE, None, ZERO, True),  # all three
    (OPEN, ZERO, LIVE, None, FLOWING, True),  # contact and difference
    (OPEN, ZERO, LIVE, None, None, True),
    (CLOSED, ZERO, LIVE, None, ZERO, True),  # difference and no current: the contact is the one that lies
    (None, ZERO, LIVE, None, ZERO, True),
    (CLOSED, ZERO, LIVE, None, FLOWING, False),  # difference alone
    (CLOSED, ZERO, LIVE, None, None, False),
    (None, ZERO, LIVE, None, None, False),
    (OPEN, LIVE, ZERO, None, ZERO, True),
    (OPEN, LIVE, HALF, None, ZERO, True),
    (OPEN, LIVE, LIVE, 0.0, ZERO, False),  # in step: the contact alone
    (OPEN, LIVE, LIVE, 20.0, ZERO, False),
    (OPEN, LIVE, LIVE, 20.5, ZERO, True),
    (OPEN, LIVE, LIVE, -20.5, ZERO, True),
    (CLOSED, LIVE, LIVE, 20.5, ZERO, True),
    (CLOSED, LIVE, LIVE, 20.5, FLOWING, False),
    (OPEN, LIVE, LIVE, math.nan, ZERO, False),
    (OPEN, None, LIVE, None, ZERO, False),  # blind on one side
    (OPEN, LIVE, None, None, ZERO, False),
    (OPEN, None, None, 90.0, ZERO, True),
    (OPEN, None, LIVE, 90.0, ZERO, True),
    (OPEN, LIVE, None, 90.0, ZERO, True),
    (OPEN, None, ZERO, 90.0, ZERO, False),  # an angle to a side that is seen dead is noise
    (OPEN, ZERO, None, 90.0, ZERO, False),
    (CLOSED, ZERO, ZERO, 90.0, ZERO, False),
    (CLOSED, PhaseValues.even(57.5), PhaseValues.even(57.5), 90.0, ZERO, True),
    (CLOSED, LIVE, ZERO, 90.0, ZERO, True),  # their voltages differ
    (OPEN, ZERO, ZERO, None, ZERO, True),  # both dead: contact and silence
    (OPEN, ZERO, ZERO, None, None, False),
    (OPEN, ZERO, ZERO, None, FLOWING, False),
    (CLOSED, ZERO, ZERO, None, ZERO, False),
    (None, ZERO, ZERO, None, ZERO, False),
    (BreakerPosition.INTERMEDIATE, ZERO, ZERO, None, ZERO, False),
    (BreakerPosition.BAD, ZERO, ZERO, None, ZERO, False),
    (OPEN, PhaseValues.even(57.0), PhaseValues.even(57.0), None, ZERO, True),
    (OPEN, PhaseValues.even(57.5), PhaseValues.even(57.0), None, ZERO, False),  # not dead: a quarter of nominal
    (OPEN, PhaseValues.even(57.0), PhaseValues.even(57.5), None, ZERO, False),
    (OPEN, PhaseValues.even(-58.0), PhaseValues.even(-58.0), None, ZERO, False),
    (OPEN, PhaseValues(0.0, 0.0, 60.0), ZERO, None, ZERO, False),
    (OPEN, PhaseValues.even(math.nan), ZERO, None, ZERO, False),
    (OPEN, LIVE, PhaseValues(0.0, 230.0, 230.0), None, ZERO, False),  # a blown fuse is no difference
    (OPEN, PhaseValues(230.0, 230.0, 0.0), LIVE, None, ZERO, False),
    (OPEN, PhaseValues(230.0, 230.0, 0.0), ZERO, None, ZERO, True),  # a broken conductor beside a dead bus
    (OPEN, PhaseValues(230.0, 0.0, 230.0), ZERO, None, ZERO, True),
    (OPEN, PhaseValues(0.0, 0.0, 230.0), ZERO, None, ZERO, False),
    (OPEN, PhaseValues.even(207.0), LIVE, 0.0, ZERO, False),  # a tenth of nominal
    (OPEN, PhaseValues.even(206.9), LIVE, 0.0, ZERO, True),
    (OPEN, PhaseValues.even(253.5), LIVE, 0.0, ZERO, True),
]


@pytest.mark.parametrize("row", EVIDENCE)
def test_two_facts_prove_it_one_does_not(row: tuple[object, ...]) -> None:
    position, grid_v, bus_v, angle_deg, current_a, proven = row
    seen = with_poi(
        dark(),
        position=position,
        grid_voltage_v=grid_v,
        bus_voltage_v=bus_v,
        angle_difference_deg=angle_deg,
        current_a=current_a,
    )
    assert is_proven(seen) is proven


CURRENTS = [
    (PhaseValues(0.9, -0.9, 0.9), True),
    (PhaseValues(1.0, 0.0, 0.0), False),
    (PhaseValues(0.0, -1.0, 0.0), False),
    (PhaseValues(0.0, 0.0, math.nan), False),
]


@pytest.mark.parametrize(("current_a", "idle"), CURRENTS)
def test_no_current_means_none_on_any_phase(current_a: PhaseValues, idle: bool) -> None:
    assert is_proven(with_poi(dark(), current_a=current_a)) is idle


def test_one_sample_is_not_enough() -> None:
    watch = watch_after(on_grid(), dark())
    assert not watch.memory.is_proven_open
    watch.sees(dark())
    assert watch.memory.is_proven_open


def test_the_same_sample_twice_is_one() -> None:
    watch = watch_after(on_grid(), dark())
    watch.sees(dark(), age_s=CYCLE_S)
    assert not watch.memory.is_proven_open
    watch.sees(dark(), age_s=0.0)
    assert watch.memory.is_proven_open
    watch.sees(dark(), age_s=0.0)
    assert watch.memory.is_proven_open


@pytest.mark.parametrize(("age_s", "proven"), [(0.125, True), (0.13, False), (None, False)])
def test_an_old_sample_proves_nothing(age_s: float | None, proven: bool) -> None:
    watch = Watch()
    for _ in range(4):
        watch.sees(dark(), age_s=age_s)
    assert watch.memory.is_proven_open is proven


def test_one_bad_sample_starts_the_proof_again() -> None:
    watch = watch_after(dark(), dark(), on_grid(), dark())
    assert not watch.memory.is_proven_open
    watch.sees(dark())
    assert watch.memory.is_proven_open


def beside_a_live_grid(**poi: Any) -> ProcessImage:
    """An island whose angle has come into step with the grid beside it: nothing differs, nothing flows."""
    seen = with_poi(islanded(), grid_voltage_v=LIVE, grid_frequency_hz=50.0, angle_difference_deg=3.0, current_a=ZERO)
    return with_poi(seen, **poi)


def apart(**poi: Any) -> ProcessImage:
    return with_poi(beside_a_live_grid(), **{"angle_difference_deg": 90.0, **poi})


def test_sides_that_have_differed_stay_proven_apart_when_they_come_into_step() -> None:
    watch = watch_after(apart(), apart())
    assert watch.memory.is_proven_open
    watch.sees_for(beside_a_live_grid(), 1.0)
    assert watch.memory.is_proven_open


def test_sides_that_never_differed_prove_nothing_when_they_are_in_step() -> None:
    watch = watch_after(beside_a_live_grid(), beside_a_live_grid())
    assert not watch.memory.is_proven_open
    assert not watch.memory.has_differed


def test_an_old_sample_in_which_they_differ_is_not_remembered() -> None:
    watch = watch_after(on_grid())
    watch.sees(apart(), age_s=10.0)
    assert not watch.memory.has_differed


@pytest.mark.parametrize("position", [CLOSED, BreakerPosition.INTERMEDIATE, BreakerPosition.BAD, None])
def test_a_contact_that_says_anything_but_open_ends_what_was_remembered(position: BreakerPosition | None) -> None:
    watch = watch_after(apart(), apart())
    assert watch.memory.has_differed
    watch.sees(beside_a_live_grid(position=position))
    assert not watch.memory.has_differed
    watch.sees_for(beside_a_live_grid(), 1.0)
    assert not watch.memory.is_proven_open


def test_current_between_sides_in_step_ends_the_proof() -> None:
    watch = watch_after(apart(), apart())
    watch.sees(with_poi(beside_a_live_grid(), current_a=PhaseValues.even(2.0)))
    assert not watch.memory.is_proven_open


def test_a_contact_that_lies_is_not_saved_by_an_old_difference() -> None:
    watch = watch_after(apart(), apart())
    watch.sees(with_poi(beside_a_live_grid(), current_a=PhaseValues.even(40.0)))
    assert watch.memory.contact_lies
    watch.sees_for(beside_a_live_grid(), 1.0)
    assert not watch.memory.is_proven_open
