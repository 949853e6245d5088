"""What a meter shows on a bus that is dying counts for nothing, even when it is read before the POI shows it."""

from __future__ import annotations

from controller.core.evidence import load_before_w
from controller.model.image import ProcessImage
from controller.model.words import Mode
from hil_tests.tests.core.hubs import DEAD, hub, on_grid, with_poi
from hil_tests.tests.core.run import CYCLE_S, Run

LOAD_W = 90_000.0


def healthy(at_s: float) -> ProcessImage:
    return on_grid(at_s, LOAD_W)


def half_dead(at_s: float) -> ProcessImage:
    """The feeders' meters have been read after the POI's, and the grid went between the two."""
    return with_poi(on_grid(at_s, 1_000.0), measured_at_s=at_s - 0.01)


def dead(at_s: float) -> ProcessImage:
    return with_poi(on_grid(at_s, 0.0), grid_voltage_v=DEAD, bus_voltage_v=DEAD)


def grown() -> Run:
    run = Run(hub())
    run.see(healthy, 1.0)
    assert (run.memory.mode, "ev_posts" in run.memory.prepared.shed) == (Mode.GRID_CONNECTED, True)
    return run


def test_the_answer_is_that_of_the_last_sample_that_the_bus_has_outlived() -> None:
    run = grown()
    load_w, shed = load_before_w(run.memory), run.memory.prepared.shed
    run.see(half_dead)
    run.see(dead, 0.05)
    assert (load_before_w(run.memory), run.memory.prepared.shed) == (load_w, shed)
    run.see(dead, 0.2)
    assert run.memory.mode is Mode.UNPLANNED_ISLANDING
    assert run.commands.feeders["ev_posts"].open


def test_without_a_later_sample_nothing_is_borne_out() -> None:
    run = grown()
    shed, last_s = run.memory.prepared.shed, run.now_s + CYCLE_S
    run.see(lambda _: with_poi(on_grid(last_s, 1_000.0), measured_at_s=last_s), 0.5)
    assert run.memory.prepared.shed == shed


def test_a_load_that_has_really_gone_is_believed_a_sample_later() -> None:
    run = grown()
    little = lambda t: on_grid(t, 1_000.0)  # noqa: E731
    run.see(little)
    assert run.memory.prepared.shed != ()
    run.see(little, 2 * CYCLE_S)
    assert run.memory.prepared.shed == ()
