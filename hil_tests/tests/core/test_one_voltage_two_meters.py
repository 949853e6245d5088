"""Two meters read one voltage, one of them late, and nobody takes that for two; what differs for longer is believed.

A welded POI whose contact says open, and a street that draws next to nothing: the street is fed for as long as a slip
takes to show nothing. An honest hub beside a grid that comes back for a moment in step lives
(docs/decisions/0023-the-poi-unseen.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from controller.core.contact import SLIPS_APART_S
from controller.core.memory import PoiMemory, SidesMemory
from controller.core.sides import SKEW_S, observe_sides
from controller.core.situation import assess
from controller.model.hub import Earthing
from controller.model.image import ProcessImage
from controller.model.phases import PhaseValues
from controller.model.words import InverterMode, IslandEarthing, Mode
from hil_tests.plant.options import PlantOptions
from hil_tests.simulation.bench import Bench
from hil_tests.tests.core.hubs import CLOSED, DEAD, LIVE, OPEN, dark, hub, islanded, on_grid, with_battery, with_poi
from hil_tests.tests.core.lying import joined_by, marks
from hil_tests.tests.core.test_blind_while_forming import forming
from hil_tests.tests.core.test_breaker_failed import always_forms
from hil_tests.tests.core.test_street_in_step import stopped_after_s
from hil_tests.tests.core.watched import Watched

POLL_S = 0.05
LATEST_S = SKEW_S - 2 * POLL_S  # of one meter behind the other
HUB = hub()


# -- one voltage ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Voltage:
    """On for so long, off for so long, and so on; it needs so long from nothing to all of it, and back."""

    lasts_s: tuple[float, ...]
    ramp_s: float

    def ratio(self, at_s: float) -> float:
        """Of nominal."""
        ratio, began_s, step_s = 1.0, 0.0, 0.01
        for number, last_s in enumerate(self.lasts_s):
            for_s = max(0.0, min(at_s - began_s, last_s))
            change = for_s / max(self.ramp_s, step_s)
            ratio = min(1.0, ratio + change) if number % 2 == 0 else max(0.0, ratio - change)
            began_s += last_s
        return ratio


lasting = st.sampled_from([0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 1.0, 2.0])
voltages = st.builds(
    Voltage, st.lists(lasting, min_size=2, max_size=8).map(tuple), st.sampled_from([0.0, 0.0, 0.3, 1.0, 2.0])
)


def shown(grid_ratio: float, bus_ratio: float, at_s: float, *, hidden: str | None = None) -> ProcessImage:
    poi = {
        "position": OPEN,
        "grid_voltage_v": PhaseValues.even(230.0 * grid_ratio),
        "bus_voltage_v": PhaseValues.even(230.0 * bus_ratio),
        "angle_difference_deg": 0.0 if min(grid_ratio, bus_ratio) > 0.2 else None,
        "current_a": PhaseValues.even(0.0),
    }
    return with_poi(dark(at_s), **poi | ({hidden: None} if hidden is not None else {}))


@settings(max_examples=300, deadline=None, derandomize=True)
@example(  # a gap between two polls of one meter, and in a poll of the other
    voltage=Voltage((1.0, 0.02, 1.0), 0.0), late_s=0.03, begins_s=0.04, blind_s=(0.0, 0.0), hidden=None,
    is_grid_late=False,
)  # fmt: skip
@given(
    voltage=voltages,
    late_s=st.floats(0.0, LATEST_S),
    begins_s=st.floats(0.0, POLL_S),
    blind_s=st.tuples(st.floats(0.0, 4.0), st.floats(0.0, 0.6)),
    hidden=st.sampled_from(["grid_voltage_v", "bus_voltage_v", "position", None]),
    is_grid_late=st.booleans(),
)
def test_one_voltage_is_never_taken_for_two(
    voltage: Voltage,
    late_s: float,
    begins_s: float,
    blind_s: tuple[float, float],
    hidden: str | None,
    *,
    is_grid_late: bool,
) -> None:
    sides = SidesMemory()
    for number in range(round((sum(voltage.lasts_s) + 1.0) / POLL_S)):
        at_s = begins_s + number * POLL_S
        now, late = voltage.ratio(at_s), voltage.ratio(at_s - late_s)
        is_blind = blind_s[0] <= at_s < sum(blind_s)
        seen = shown(*((late, now) if is_grid_late else (now, late)), at_s, hidden=hidden if is_blind else None)
        sides = observe_sides(sides, assess(seen, HUB, at_s, PoiMemory(sides=sides)))
        assert not sides.have_differed


@pytest.mark.parametrize(
    ("ratios", "longest_s"),
    [((1.0, 0.0), SKEW_S), ((0.0, 1.0), SKEW_S), ((0.7, 1.0), 2.0)],
    ids=["the grid lives alone", "the bus lives alone", "both live"],
)
def test_two_voltages_are_known_in_time(ratios: tuple[float, float], longest_s: float) -> None:
    sides, at_s = SidesMemory(), 0.0
    while not sides.have_differed:
        at_s += POLL_S
        sides = observe_sides(sides, assess(shown(*ratios, at_s), HUB, at_s, PoiMemory(sides=sides)))
        assert at_s < longest_s + 3 * POLL_S
    assert at_s > longest_s


# -- a welded POI --------------------------------------------------------------------------------------------------
def bus_not_seen_alive_yet(at_s: float) -> ProcessImage:
    """The former has come up, the street lives on it, and the bus's own meter is the later one."""
    forms = with_battery(islanded(at_s), mode=InverterMode.GRID_FORMING)
    return with_poi(
        forms, grid_voltage_v=LIVE, grid_frequency_hz=50.0, bus_voltage_v=DEAD, bus_frequency_hz=None,
        angle_difference_deg=None,
    )  # fmt: skip


@pytest.mark.parametrize("late_count", [0, 1, 2, 5, 8])
@pytest.mark.parametrize("late", [bus_not_seen_alive_yet, islanded], ids=["bus", "grid"])
def test_a_street_is_fed_no_longer_than_a_slip_takes(late: object, late_count: int) -> None:
    watched = forming()
    for _ in range(late_count):
        watched.see(late)  # type: ignore[arg-type]
    fed_s = stopped_after_s(watched.run, lambda t: joined_by(t, 0.5), 5.0)
    assert fed_s is not None
    assert fed_s <= (SLIPS_APART_S + POLL_S if late_count else 0.0)
    assert watched.mode is Mode.LOCKED_OUT
    assert "contact_lied" in marks(watched.run)


def test_meanwhile_it_slips() -> None:
    watched = forming()
    watched.see(bus_not_seen_alive_yet)
    watched.see(lambda t: joined_by(t, 0.5), 0.5)
    command = watched.run.commands.batteries["battery"]
    droop_hz = HUB.batteries["battery"].droop_hz_per_w * 20_000.0
    assert command.frequency_set_hz is not None
    assert abs(command.frequency_set_hz - droop_hz - 50.0) > 0.1
    assert marks(watched.run) == marks(forming().run), "and that counts as nothing yet"


def test_a_current_ends_the_slip_at_once() -> None:
    watched = forming()
    watched.see(bus_not_seen_alive_yet)
    watched.see(lambda t: joined_by(t, 0.5), 0.2)
    assert stopped_after_s(watched.run, lambda t: joined_by(t, 40.0), 1.0) == 0.0


@pytest.mark.parametrize("contact_late_s", [0.0, 0.2, 0.4])
def test_who_formed_by_himself_before_the_contact_was_seen_to_turn_slips_as_well(contact_late_s: float) -> None:
    """For one sample the bus seemed dead, while the contact still said closed; then the street lives with it."""
    watched = Watched(earthing=Earthing(IslandEarthing.PERMANENT, None))
    watched.see(on_grid, 5.0)

    def forms(at_s: float) -> ProcessImage:
        return with_battery(joined_by(at_s, 0.2), mode=InverterMode.GRID_FORMING)

    seems = lambda t: with_poi(bus_not_seen_alive_yet(t), position=CLOSED, current_a=PhaseValues.even(0.0))  # noqa: E731
    watched.see(seems, 2 * POLL_S)
    watched.see(lambda t: with_poi(forms(t), position=CLOSED), contact_late_s + POLL_S)
    fed_s = stopped_after_s(watched.run, forms, 5.0)
    assert fed_s is not None
    assert fed_s <= SLIPS_APART_S + 0.3


# -- an honest one -------------------------------------------------------------------------------------------------
def opened(at_s: float) -> ProcessImage:
    """By itself, a moment before the blackout: the grid lives on, and the bus is dead behind it."""
    dead = with_poi(dark(at_s), position=OPEN)
    return with_poi(dead, grid_voltage_v=LIVE, grid_frequency_hz=50.0, bus_voltage_v=DEAD, angle_difference_deg=None)


def test_a_grid_that_returns_for_a_moment_in_step_convicts_nobody() -> None:
    """The POI opened 0.2 s before the blackout, which a short return interrupts just as the island forms."""
    watched = Watched(earthing=Earthing(IslandEarthing.PERMANENT, None))
    watched.see(on_grid, 5.0)
    watched.see(opened, 0.2)
    watched.see(lambda t: with_poi(dark(t), position=OPEN))
    assert stopped_after_s(watched.run, lambda t: joined_by(t, 0.0), 0.5) is None
    turned = lambda t: with_poi(joined_by(t, 0.0), angle_difference_deg=25.0)  # noqa: E731
    assert stopped_after_s(watched.run, turned, 0.5) is None
    assert watched.run.memory.poi.sides.have_differed
    assert watched.mode is Mode.ISLANDED


def test_who_cannot_be_led_waits_while_a_grid_that_had_lived_goes_on_living() -> None:
    watched = Watched(earthing=Earthing(IslandEarthing.PERMANENT, None), batteries=always_forms().batteries)
    watched.see(on_grid, 5.0)
    watched.see(opened, 0.2)
    assert stopped_after_s(watched.run, lambda t: joined_by(t, 0.0), 1.0) is None
    assert watched.run.memory.poi.sides.have_differed


@pytest.mark.parametrize("angle_deg", [-20.0, 0.0])
@pytest.mark.parametrize("open_s", [0.1, 0.2, 0.3])
@pytest.mark.parametrize("gone_s", [0.1, 0.25, 0.4])
def test_on_the_bench_it_lives_beside_a_reclosing_that_fails(open_s: float, gone_s: float, angle_deg: float) -> None:
    bench = Bench.of(options=PlantOptions(irradiance_w_per_m2=0.0))
    bench.run_for(3.0)
    bench.plant.poi.trip_by_hand()
    bench.run_for(open_s)
    bench.plant.grid.blackout()
    bench.run_for(gone_s)
    bench.plant.grid.returns(angle_deg=angle_deg)
    bench.run_for(1.0)
    bench.plant.grid.blackout()
    bench.run_for(3.0)
    assert bench.mode is Mode.ISLANDED
    assert "contact_lied" not in [each.kind for each in bench.memory.durable.attempts]
