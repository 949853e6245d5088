"""A closing is ordered onto a bus that keeps still; what the guard refuses all the same is no try."""

from __future__ import annotations

import pytest

from controller.core.calm import SAMPLE_GAP_MAX_S, SAMPLES_MAX, SHED_SHOWS_S, SWING_S, watch_slips
from controller.core.memory import SlipSeen
from controller.core.resync import CLOSINGS_MAX
from controller.model.advice import Advice
from controller.model.frozen import replace
from controller.model.image import PoiSeen
from controller.model.phases import PhaseValues
from controller.model.words import Mode
from hil_tests.tests.core.hubs import with_battery, with_poi
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.test_steering import Former, steering

REFUSED = Advice(refused=frozenset({"poi"}))


def until_ordered() -> tuple[Run, Former]:
    run, former = steering(2.0, 0.0)
    while run.commands.poi.close is None:
        run.see(former)
        assert run.now_s < 200.0, "it closes"
    return run, former


def test_a_bus_that_has_just_swung_is_waited_for() -> None:
    run, former = steering(30.0, 0.0)
    run.see(former, 3.0)
    is_swinging = False
    while run.commands.poi.close is None:
        is_swinging = not is_swinging
        wide_hz = 0.3 if is_swinging and run.now_s < 140.0 else 0.0
        run.see(lambda t, wide_hz=wide_hz: with_poi(former(t), bus_frequency_hz=50.0 + wide_hz))  # type: ignore[misc]
        assert run.now_s < 200.0, "it closes"
    assert run.now_s >= 140.0 + SWING_S


def test_one_that_begins_to_swing_while_the_contact_is_on_its_way_is_called_back_and_was_no_try() -> None:
    run, former = until_ordered()
    run.see(lambda t: with_poi(former(t), bus_frequency_hz=50.2))
    assert run.commands.poi.close is None
    assert run.memory.poi.close_attempts == 0


def test_whoever_sheds_while_the_contact_is_on_its_way_takes_the_closing_back_and_it_was_no_try() -> None:
    run, former = until_ordered()
    run.see(lambda t: with_battery(former(t), soc_pct=20.0))
    assert [f for f, command in run.commands.feeders.items() if command.open], "a tier has to go"
    assert run.commands.poi.close is None
    assert run.memory.poi.close_attempts == 0


def test_a_shed_is_waited_for_until_the_bus_shows_it() -> None:
    run, former = until_ordered()
    shed_at_s = run.now_s - 0.3
    memory, feeder = run.memory, next(iter(run.memory.feeders))
    fed = replace(memory.feeders[feeder], shed_since_s=shed_at_s)
    poi = replace(memory.poi, close=None, close_attempts=0, retry_after_s=0.0)
    run.memory = replace(memory, feeders={**memory.feeders, feeder: fed}, poi=poi)
    while run.commands.poi.close is None or run.now_s == shed_at_s + 0.3:
        run.see(former)
        assert run.now_s < 200.0, "it closes"
    assert run.now_s - shed_at_s >= SHED_SHOWS_S


def test_what_the_guard_refuses_is_taken_back_and_never_latches() -> None:
    run, former = until_ordered()
    for _ in range(4):
        assert run.memory.poi.close_attempts == 1
        run.see(former, advice=REFUSED)
        assert run.commands.poi.close is None
        assert run.memory.poi.close_attempts == 0
        refused_at_s = run.now_s
        while run.commands.poi.close is None:
            run.see(former)
            assert run.now_s - refused_at_s < 60.0, "it tries again"
        assert run.now_s - refused_at_s >= 5.0
    assert run.memory.mode is Mode.RECONNECTION
    assert run.memory.durable.latches == ()


def test_what_the_guard_refuses_from_the_first_wears_nothing() -> None:
    run, former = until_ordered()
    for _ in range(CLOSINGS_MAX + 1):
        run.see(former, advice=REFUSED)
        assert [each for each in run.memory.durable.attempts if each.kind == "close"] == []
        refused_at_s = run.now_s
        while run.commands.poi.close is None:
            run.see(former)
            assert run.now_s - refused_at_s < 60.0, "it tries again"


def test_what_was_refused_later_has_gone_out_and_wears() -> None:
    run, former = until_ordered()
    run.see(former)
    run.see(former, advice=REFUSED)
    assert len([each for each in run.memory.durable.attempts if each.kind == "close"]) == 1


def test_a_breaker_that_had_its_time_and_did_not_close_was_tried() -> None:
    run, former = until_ordered()
    breaker = run.hub.poi
    run.see(former, breaker.breaker_closing_s + breaker.breaker_closing_uncertainty_s + 0.02)
    assert run.commands.poi.close is not None
    run.see(lambda t: with_poi(former(t), bus_frequency_hz=50.2))
    assert run.commands.poi.close is None
    assert run.memory.poi.close_attempts == 1


def test_a_refusal_of_another_takes_nothing_back() -> None:
    run, former = until_ordered()
    order = run.commands.poi.close
    run.see(former, advice=Advice(refused=frozenset({"battery"})))
    assert run.commands.poi.close is order


def test_a_former_whose_power_is_not_seen_may_come_back() -> None:
    """Its voltage moves a little for ever, and with it, by a slope that nobody knows, its frequency."""
    run, former = steering(2.0, 0.0)
    flickers_v = 0.5
    while run.commands.poi.close is None:
        flickers_v = -flickers_v
        grid_v = PhaseValues.even(230.0 + flickers_v)
        run.see(lambda t, v=grid_v: with_battery(with_poi(former(t), grid_voltage_v=v), power_w=None))  # type: ignore[misc]
        assert run.now_s < 200.0, "it closes"


# ---- the samples


def seen(at_s: float | None, slip_hz: float = 0.0) -> PoiSeen:
    return PoiSeen(measured_at_s=at_s, grid_frequency_hz=50.0, bus_frequency_hz=50.0 + slip_hz)


def kept(*instants_s: float) -> list[float]:
    slips: tuple[SlipSeen, ...] = ()
    for at_s in instants_s:
        slips = watch_slips(slips, seen(at_s))
    return [slip.measured_at_s for slip in slips]


def test_one_older_than_the_span_is_kept_so_that_it_is_covered() -> None:
    assert kept(0.0, 0.125, 0.25, 0.375, 0.5) == [0.25, 0.375, 0.5]
    assert kept(0.0, 0.125, 0.25, 0.375, 0.4375) == [0.125, 0.25, 0.375, 0.4375]


@pytest.mark.parametrize("at_s", [0.125 + SAMPLE_GAP_MAX_S + 0.001, 0.124])
def test_after_a_gap_or_backwards_it_begins_anew(at_s: float) -> None:
    assert kept(0.0, 0.125, at_s) == [at_s]


def test_the_same_sample_again_is_none() -> None:
    assert kept(0.0, 0.125, 0.125) == [0.0, 0.125]
    assert kept(0.0, 0.125, 0.125 + SAMPLE_GAP_MAX_S) == [0.0, 0.125, 0.125 + SAMPLE_GAP_MAX_S]


def test_not_seen_is_forgotten_and_there_is_a_bound() -> None:
    assert watch_slips((SlipSeen(0.0, 0.0),), seen(None)) == ()
    assert len(kept(*[each / 1024.0 for each in range(100)])) == SAMPLES_MAX
