"""A genset that goes on saying that it starts, or is ready, and takes no load, is not waited for for ever."""

from __future__ import annotations

import pytest

from controller.core.charge_fall import NEXT_S
from controller.model.frozen import replace
from controller.model.image import EarthingSeen, GensetSeen, ProcessImage, WeatherSeen
from controller.model.phases import ZERO
from controller.model.reasons import EventKind, Reason
from controller.model.words import GensetState, InverterMode, Mode
from hil_tests.tests.core.hubs import CLOSED, battery, hub, islanded, nothing_left, with_battery
from hil_tests.tests.core.scenes import runs_dry
from hil_tests.tests.core.watched import Watched

COMES = (GensetState.STARTING, GensetState.READY)
either = pytest.mark.parametrize("state", COMES, ids=("starting", "ready"))
FIRST = hub().gensets["genset"]
MAY_TAKE_S = FIRST.start_time_s + hub().timing.forming_max_s


def by_gensets(at_s: float, **states: GensetState) -> ProcessImage:
    seen = replace(nothing_left(at_s), gensets={name: GensetSeen(at_s, s, ZERO, 150.0) for name, s in states.items()})
    return replace(seen, earthing=EarthingSeen(at_s, CLOSED))


def cranked(watched: Watched) -> list[str]:
    return [attempt.subject for attempt in watched.run.memory.durable.attempts if attempt.kind == "crank"]


def told(watched: Watched) -> list[EventKind]:
    return [event.kind for event in watched.run.events if event.reason is Reason.GENSET_OVERDUE]


@either
def test_the_next_one_makes_the_next_black_start(state: GensetState) -> None:
    watched = Watched(gensets={"genset": FIRST, "other": replace(FIRST, id="other")})
    stopped = GensetState.STOPPED
    watched.see(lambda t: by_gensets(t, genset=stopped, other=stopped), 4.0)
    assert cranked(watched) == ["genset"]
    watched.see(lambda t: by_gensets(t, genset=state, other=stopped), MAY_TAKE_S + 1.0)
    assert told(watched) == [EventKind.ALARM]
    assert watched.run.commands.gensets["genset"].stop
    watched.see(lambda t: by_gensets(t, genset=state, other=stopped), 10.0)
    assert cranked(watched) == ["genset", "other"]
    assert watched.run.memory.mode is Mode.BLACK_START
    assert watched.vetoes == []


@either
def test_or_the_sun_does(state: GensetState) -> None:
    def sunny(at_s: float) -> ProcessImage:
        seen = with_battery(by_gensets(at_s, genset=state), soc_pct=3.0, discharge_limit_w=5_000.0)
        return replace(seen, weather=WeatherSeen(at_s, 600.0, 12.0))

    watched = Watched(batteries={"battery": battery()})
    watched.see(lambda t: by_gensets(t, genset=GensetState.STOPPED), 4.0)
    watched.see(sunny, 62.0)
    assert (watched.mode, watched.run.memory.reason) == (Mode.BLACK_START, Reason.BLACK_START_SUN)
    assert watched.vetoes == []


def test_one_that_has_been_ready_for_long_has_its_time_when_it_is_wanted() -> None:
    """In hot standby, or run by hand without load."""

    def standby(at_s: float, soc_pct: float) -> ProcessImage:
        ready = {"genset": GensetSeen(at_s, GensetState.READY, ZERO, 150.0)}
        low = with_battery(with_battery(islanded(at_s), soc_pct=soc_pct), "second", soc_pct=soc_pct)
        return replace(low, gensets=ready)

    watched = Watched()
    watched.see(lambda t: standby(t, 70.0), 2.0 * MAY_TAKE_S)
    assert watched.run.memory.gensets["genset"].wanted_since_s is None
    watched.see(lambda t: standby(t, 5.0), NEXT_S + MAY_TAKE_S - 0.5)
    assert watched.run.memory.gensets["genset"].wanted_since_s is not None
    assert watched.run.memory.gensets["genset"].failed_at_s is None
    assert told(watched) == []
    watched.see(lambda t: standby(t, 5.0), 1.0)
    assert told(watched) == [EventKind.ALARM]


def test_one_that_takes_load_in_its_time_has_not_failed() -> None:
    watched = Watched()
    watched.see(lambda t: by_gensets(t, genset=GensetState.STOPPED), 4.0)
    watched.see(lambda t: by_gensets(t, genset=GensetState.READY), MAY_TAKE_S - 0.5)
    assert watched.mode is Mode.BLACK_START
    loaded = {"genset": GensetSeen(0.0, GensetState.LOADED, ZERO, 150.0)}
    watched.see(lambda t: replace(with_battery(islanded(t), mode=InverterMode.OFF), gensets=loaded), 2.0)
    assert told(watched) == []
    assert watched.run.memory.gensets["genset"].failed_at_s is None


@either
def test_the_last_act_does_not_wait_for_it_for_ever(state: GensetState) -> None:
    """The battery is stopped in good order, before its BMS does it."""

    def dry(at_s: float) -> ProcessImage:
        return replace(runs_dry(at_s), gensets={"genset": GensetSeen(at_s, state, ZERO, 150.0)})

    watched = Watched()
    watched.see(dry, MAY_TAKE_S)
    assert watched.mode is Mode.ISLANDED
    watched.see(dry, 6.0)
    assert (watched.mode, watched.run.memory.reason) == (Mode.DARK, Reason.LAST_ACT)
    assert watched.vetoes == []
