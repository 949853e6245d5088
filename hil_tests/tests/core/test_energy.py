"""Shed for want of energy, and brought back on: tier by tier, one at a time, given energy and room."""

from __future__ import annotations

from controller.model.image import ProcessImage
from controller.model.phases import ZERO
from controller.model.reasons import EventKind
from controller.model.words import InverterMode
from hil_tests.tests.core.hubs import OPEN, hub, islanded, with_battery, with_feeder
from hil_tests.tests.core.run import Run


def started() -> Run:
    run = Run(hub())
    run.see(islanded, 0.2)
    return run


def test_low_energy_sheds_tier_by_tier_and_starts_the_genset() -> None:
    run = started()

    def at_soc(soc_pct: float, t: float) -> ProcessImage:
        return with_battery(with_battery(islanded(t), soc_pct=soc_pct), "second", soc_pct=soc_pct)

    run.see(lambda t: at_soc(40.0, t), 0.1)
    assert {f for f, c in run.commands.feeders.items() if c.open} == {"phones", "ev_posts"}
    assert run.commands.gensets == {}
    run.see(lambda t: at_soc(24.0, t), 0.1)
    assert run.commands.feeders["warm_room"].open
    assert run.commands.gensets["genset"].crank is not None


def test_a_battery_that_cannot_give_keeps_nobody_supplied() -> None:
    """Its charge is not the hub's. Where none gives any more, what they say is all there is to know."""
    run = started()

    def with_second(t: float, **state: object) -> ProcessImage:
        return with_battery(with_battery(islanded(t), soc_pct=24.0), "second", soc_pct=95.0, **state)

    run.see(with_second, 0.2)
    assert "warm_room" not in {f for f, c in run.commands.feeders.items() if c.open}
    for state in ({"mode": InverterMode.FAULT}, {"discharge_limit_w": 0.0}):
        run = started()
        run.see(lambda t, s=state: with_second(t, **s), 0.2)  # type: ignore[misc]
        assert {f for f, c in run.commands.feeders.items() if c.open} == {"phones", "ev_posts", "warm_room"}


def test_restoring_goes_one_at_a_time_and_never_overtakes_a_tier() -> None:
    run = started()
    low = lambda t: with_battery(with_battery(islanded(t), soc_pct=20.0), "second", soc_pct=20.0)  # noqa: E731
    run.see(low, 0.1)

    def after(t: float) -> ProcessImage:
        seen = islanded(t, 5_000.0)
        for name in ("warm_room", "phones", "ev_posts"):
            seen = with_feeder(seen, name, position=OPEN, power_w=ZERO)
        return seen

    run.see(after, 6.0)
    closes = [f for f, c in run.commands.feeders.items() if c.close is not None]
    assert closes == ["warm_room"]


def test_room_that_a_single_sample_shows_is_none() -> None:
    """A flipped bit may take kilowatts off a measured power; the plant takes longer to make room."""
    run = started()
    low = lambda t: with_battery(with_battery(islanded(t), soc_pct=20.0), "second", soc_pct=20.0)  # noqa: E731
    run.see(low, 0.1)

    def full(t: float, power_w: float = 40_000.0) -> ProcessImage:
        return with_feeder(islanded(t, power_w), "warm_room", position=OPEN, power_w=ZERO)

    run.see(full, 6.0)
    for _ in range(20):
        run.see(lambda t: full(t, 5_000.0), 0.1)
        run.see(full, 0.5)
    assert "warm_room" not in run.commands.feeders or run.commands.feeders["warm_room"].close is None
    run.see(lambda t: full(t, 5_000.0), 0.7)
    assert run.commands.feeders["warm_room"].close is not None


def test_a_feeder_that_does_not_answer_is_left_alone_after_one_retry() -> None:
    run = started()
    low = lambda t: with_battery(with_battery(islanded(t), soc_pct=20.0), "second", soc_pct=20.0)  # noqa: E731
    run.see(low, 0.1)
    stuck = lambda t: with_feeder(islanded(t, 5_000.0), "warm_room", position=OPEN, power_w=ZERO)  # noqa: E731
    run.see(stuck, 60.0)
    assert run.memory.feeders["warm_room"].quarantined
    assert sum(e.kind is EventKind.ORDERED_CLOSE and e.subject == "warm_room" for e in run.events) == 2
