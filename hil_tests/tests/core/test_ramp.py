"""Back on the grid the sun is let go, and the batteries are filled, at the grid code's pace."""

from __future__ import annotations

from collections.abc import Callable

from controller.core.ramp import AHEAD_RATIO
from controller.model.frozen import replace
from controller.model.image import ProcessImage, PvSeen
from controller.model.memory import Attempt
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import Mode, SettingsGroup
from hil_tests.tests.core.hubs import LIVE, hub, islanded, on_grid, with_battery, with_poi
from hil_tests.tests.core.run import Run

RATING_W = 50_000.0  # of the roof; the code allows a tenth of it in a minute
AHEAD_W = AHEAD_RATIO * RATING_W


def sunny(image: Callable[[float], ProcessImage], given_w: float) -> Callable[[float], ProcessImage]:
    return lambda t: replace(image(t), pv={"pv": PvSeen(t, PhaseValues.even(given_w / 3), RATING_W, True)})


def hungry(image: Callable[[float], ProcessImage]) -> Callable[[float], ProcessImage]:
    return lambda t: with_battery(image(t), soc_pct=50.0)


def back(given_w: float = 5_000.0) -> Run:
    run = Run(hub())
    run.see(sunny(islanded, given_w), 0.2)
    run.see(sunny(on_grid, given_w))
    assert run.memory.mode is Mode.GRID_CONNECTED
    return run


def limit_w(run: Run) -> float:
    limit_w = run.commands.pv["pv"].limit_w
    return RATING_W if limit_w is None else limit_w


def follow_the_limit(run: Run, for_s: float) -> None:
    """Under a clear sky the plant gives what it may."""
    for _ in range(round(for_s)):
        run.see(sunny(on_grid, limit_w(run)), 1.0, cycle_s=1.0)


def test_the_return_itself_lets_nothing_go() -> None:
    run = back()
    assert limit_w(run) <= 5_000.0 + AHEAD_W
    assert run.commands.pv["pv"].cause is Reason.PV_RETURNS


def test_a_tenth_of_the_rating_a_minute_until_everything_is_there() -> None:
    run = back()
    for minute in range(1, 9):
        follow_the_limit(run, 60.0)
        at_most_w = 5_000.0 + AHEAD_W + 0.1 * minute * RATING_W
        assert at_most_w - 0.02 * RATING_W <= limit_w(run) <= at_most_w
    follow_the_limit(run, 125.0)
    assert run.commands.pv["pv"].limit_w is None
    assert run.commands.pv["pv"].cause is Reason.PV_FREE


def test_what_a_cloud_has_taken_comes_back_slowly_too() -> None:
    run = back(5_000.0)
    follow_the_limit(run, 240.0)
    assert limit_w(run) > 24_000.0
    run.see(sunny(on_grid, 1_000.0), 5.0)
    assert limit_w(run) < 1_000.0 + AHEAD_W + 0.02 * RATING_W


def test_a_plant_that_is_not_seen_is_not_given_more_than_the_pace() -> None:
    run = back()
    blind = lambda t: replace(on_grid(t), pv={"pv": PvSeen()})  # noqa: E731
    run.see(blind, 60.0, cycle_s=1.0)
    assert limit_w(run) <= 5_000.0 + AHEAD_W + 0.1 * RATING_W


def test_a_hub_that_never_left_the_grid_lets_all_sun_go() -> None:
    run = Run(hub())
    run.see(sunny(on_grid, 5_000.0), 0.2)
    assert run.commands.pv["pv"].limit_w is None


def test_a_restart_after_a_return_goes_on_with_it() -> None:
    run = Run(hub())
    run.see(islanded, 0.6)
    while run.commands.poi.close is None:
        run.see(in_step)
    run.see(sunny(on_grid, 5_000.0), 1.0)
    run.restart()
    run.see(sunny(on_grid, 5_000.0), 1.0)
    assert run.memory.reason is Reason.RECOVERED_ON_GRID
    assert limit_w(run) <= 5_000.0 + AHEAD_W + 0.02 * RATING_W
    run.see(sunny(on_grid, 5_000.0), 600.0, cycle_s=1.0)
    assert run.commands.pv["pv"].limit_w is None


def closing() -> Run:
    """On the way back, with the order to close just given."""
    run = Run(hub())
    run.see(islanded, 0.6)
    while run.commands.poi.close is None:
        run.see(in_step)
    return run


def test_a_closing_that_was_taken_back_is_no_return() -> None:
    """The POI is closed by hand a while later, while nobody watches: the ramp begins when we find it so."""
    run = closing()
    run.see(lambda t: with_poi(in_step(t), angle_difference_deg=90.0), 120.0, cycle_s=0.25)
    assert any(each.kind == "close" for each in run.memory.durable.attempts)
    run.restart()
    run.see(sunny(on_grid, 5_000.0), 1.0)
    assert run.memory.mode is Mode.GRID_CONNECTED
    assert limit_w(run) <= 5_000.0 + AHEAD_W + 0.02 * RATING_W
    run.see(sunny(on_grid, 5_000.0), 550.0, cycle_s=1.0)
    assert run.commands.pv["pv"].limit_w is not None, "it takes as long as any return"


def test_a_restart_long_after_the_return_ramps_nothing_whatever_was_tried_since() -> None:
    """A contact that flickers on the grid is counted as a closing; it is no return either."""
    run = back()
    run.see(sunny(on_grid, 5_000.0), 700.0, cycle_s=1.0)
    assert run.commands.pv["pv"].limit_w is None
    tried = (*run.memory.durable.attempts, Attempt("poi", "close", run.now_s))
    run.memory = replace(run.memory, durable=replace(run.memory.durable, attempts=tried))
    run.restart()
    run.see(sunny(on_grid, 5_000.0), 1.0)
    assert run.memory.mode is Mode.GRID_CONNECTED
    assert run.commands.pv["pv"].limit_w is None


def test_a_return_that_nobody_saw_begins_its_ramp_when_it_is_found() -> None:
    run = closing()
    run.restart()
    run.now_s += 300.0
    run.see(sunny(on_grid, 5_000.0), 1.0)
    assert run.memory.reason is Reason.RECOVERED_ON_GRID
    assert limit_w(run) <= 5_000.0 + AHEAD_W + 0.02 * RATING_W
    run.see(sunny(on_grid, 5_000.0), 550.0, cycle_s=1.0)
    assert run.commands.pv["pv"].limit_w is not None, "it takes as long as any return"


def in_step(t: float) -> ProcessImage:
    return with_poi(
        islanded(t),
        grid_voltage_v=LIVE,
        grid_frequency_hz=50.0,
        angle_difference_deg=2.0,
        settings_group=SettingsGroup.GRID,
    )


def charge_w(run: Run) -> float:
    power_w = run.commands.batteries["battery"].power_set_w
    assert power_w is not None
    return -power_w


def test_the_battery_is_filled_from_the_grid_little_by_little() -> None:
    run = Run(hub())
    run.see(hungry(islanded), 0.2)
    run.see(hungry(on_grid))
    assert charge_w(run) < 100.0
    run.see(hungry(on_grid), 60.0, cycle_s=1.0)
    assert 5_500.0 < charge_w(run) <= 6_100.0
    run.see(hungry(on_grid), 120.0, cycle_s=1.0)
    assert charge_w(run) == 15_000.0


def test_a_small_roof_that_takes_a_little_is_not_limited_to_less_than_nothing() -> None:
    """Fuzz seed 1915: what an inverter itself needs, or its meter's error, was more than the limit lies ahead."""
    run = back()
    run.see(sunny(on_grid, -2.0 * AHEAD_W), 5.0)
    assert limit_w(run) >= 0.0
