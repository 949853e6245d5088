"""Watching only, and beginning to act again: nothing that was only imagined may move anything."""

from __future__ import annotations

import pytest

from controller.core.decide import fresh_memory
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.image import ProcessImage
from controller.model.memory import DurableMemory
from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, BreakerPosition, Mode
from hil_tests.simulation.bench import Bench
from hil_tests.tests.core.hubs import DEAD, dark, hub, islanded, on_grid, with_battery, with_poi
from hil_tests.tests.core.run import Run


def blackout(at_s: float) -> ProcessImage:
    return with_poi(
        on_grid(at_s), grid_voltage_v=DEAD, bus_voltage_v=DEAD, grid_frequency_hz=None, angle_difference_deg=None
    )


def asked(run: Run, kind: RequestKind, image: object = on_grid) -> None:
    request = OperatorRequest(f"{kind.value}-{run.now_s}", kind, None, "duty", False, run.now_s + 10.0)
    run.see(image, advice=Advice(requests=(request,)))  # type: ignore[arg-type]


def observing() -> Run:
    run = Run(hub())
    run.see(on_grid, 0.2)
    asked(run, RequestKind.OBSERVE_ON)
    return run


def test_a_shedding_that_was_only_imagined_opens_nothing_afterwards() -> None:
    run = observing()
    run.see(lambda t: with_battery(on_grid(t), soc_pct=20.0), 0.2)
    run.see(blackout, 2.0)
    assert any(feeder.shed_since_s is not None for feeder in run.memory.feeders.values()), "it did imagine one"
    assert run.memory.durable.shed_by_us == frozenset()
    run.see(on_grid, 2.0)
    asked(run, RequestKind.OBSERVE_OFF)
    run.see(on_grid, 20.0)
    assert run.memory.mode is Mode.GRID_CONNECTED
    assert not any(command.open for command in run.commands.feeders.values())
    assert not any(feeder.quarantined for feeder in run.memory.feeders.values())


def test_what_was_truly_shed_before_is_still_ours_to_close() -> None:
    run = Run(hub())
    run.memory = fresh_memory(DurableMemory(shed_by_us=frozenset({"ev"})), run.now_s)
    feeder = next(iter(hub().feeders))
    run.memory = fresh_memory(DurableMemory(shed_by_us=frozenset({feeder})), run.now_s)

    def off(at_s: float) -> ProcessImage:
        seen = islanded(at_s)
        return replace(
            seen, feeders={**seen.feeders, feeder: replace(seen.feeders[feeder], position=BreakerPosition.OPEN)}
        )

    run.see(off, 0.2)
    asked(run, RequestKind.OBSERVE_ON, off)
    run.see(off, 1.0)
    asked(run, RequestKind.OBSERVE_OFF, off)
    run.see(off, 0.1)
    assert feeder in run.memory.durable.shed_by_us
    assert run.memory.feeders[feeder].shed_since_s is not None


def test_attempts_and_latches_of_orders_that_nobody_carried_out_never_were() -> None:
    run = observing()
    run.see(lambda t: replace(dark(t), earthing=replace(dark(t).earthing, position=BreakerPosition.CLOSED)), 2.0)
    assert {each.kind for each in run.memory.durable.attempts} - {"left"}, "it did imagine orders"
    asked(run, RequestKind.OBSERVE_OFF, dark)
    assert {each.kind for each in run.memory.durable.attempts} <= {"left"}


def test_after_it_the_mode_is_read_off_the_plant() -> None:
    run = observing()
    run.see(islanded, 0.5)
    asked(run, RequestKind.OBSERVE_OFF, islanded)
    assert (run.memory.mode, run.memory.reason) == (Mode.ISLANDED, Reason.RECOVERED_ISLANDED)
    assert run.memory.observing_since_s is None


@pytest.mark.parametrize(
    ("authority", "kind", "after"),
    [
        (Authority.MANUAL, RequestKind.OBSERVE_OFF, Authority.MANUAL),
        (Authority.OBSERVE, RequestKind.MANUAL_OFF, Authority.OBSERVE),
        (Authority.OBSERVE, RequestKind.MANUAL_ON, Authority.MANUAL),
        (Authority.AUTO, RequestKind.OBSERVE_OFF, Authority.AUTO),
    ],
)
def test_each_request_takes_back_its_own_authority_only(
    authority: Authority, kind: RequestKind, after: Authority
) -> None:
    run = Run(hub())
    run.memory = fresh_memory(DurableMemory(authority=authority), run.now_s)
    run.see(on_grid, 0.2)
    asked(run, kind)
    assert run.memory.durable.authority is after
    kinds = [event.kind for event in run.events if event.kind in (EventKind.REQUESTED, EventKind.REQUEST_REFUSED)]
    is_refused = after is authority and authority is not Authority.AUTO
    assert kinds == [EventKind.REQUEST_REFUSED if is_refused else EventKind.REQUESTED]


def test_devices_that_miss_the_heartbeat_do_what_their_table_says() -> None:
    bench = Bench.of()
    bench.run_to(Mode.GRID_CONNECTED)
    school = bench.devices.device("inverter_school")
    bench.request(RequestKind.OBSERVE_ON)
    bench.run_for(31.0)
    assert school.has_reverted
    bench.request(RequestKind.OBSERVE_OFF)
    bench.run_for(2.0)
    assert not school.has_reverted


def test_on_and_off_in_one_breath_tells_nobody_who_forms_to_follow() -> None:
    """Found by seed 1489 of the fuzzer: the island fell."""
    run = Run(hub())
    run.see(islanded, 1.0)
    kinds = (RequestKind.OBSERVE_ON, RequestKind.OBSERVE_OFF)
    wishes = tuple(OperatorRequest(kind.value, kind, None, "duty", True, run.now_s + 10.0) for kind in kinds)
    run.see(islanded, advice=Advice(requests=wishes))
    assert run.memory.mode is Mode.ISLANDED
    assert not run.commands.batteries["battery"].follow
    run.see(islanded)
    assert not run.commands.batteries["battery"].follow
