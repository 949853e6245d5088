"""Back-off, log limit, poll grid, alarm and heartbeat, in virtual time."""

from __future__ import annotations

import asyncio
import logging

import pytest

from controller.drivers.alarm import Alarm
from controller.drivers.backoff import Patience
from controller.drivers.heartbeat import Heart
from controller.drivers.link import Value
from controller.drivers.quiet_log import QuietLog
from controller.drivers.schedule import Timer
from hil_tests.tests.drivers.devices import board, point
from hil_tests.virtual.loop import VirtualLoop


def test_waits_double_to_five_seconds_and_to_one_in_the_island() -> None:
    patience = Patience(jitter=lambda: 1.0)
    assert [patience.wait_s(n) for n in (0, 1, 2, 10, 10_000)] == [0.1, 0.2, 0.4, 5.0, 5.0]
    patience.set_islanded(True)
    assert patience.wait_s(10) == 1.0
    patience.set_islanded(False)
    assert patience.wait_s(10) == 5.0


def test_jitter_is_full() -> None:
    assert Patience(jitter=lambda: 0.0).wait_s(10) == 0.0
    waits_s = [Patience().wait_s(10) for _ in range(200)]
    assert min(waits_s) < 1.0
    assert 4.0 < max(waits_s) <= 5.0


def test_the_same_trouble_is_one_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now_s = 0.0
    quiet = QuietLog(logging.getLogger("hallig.test"), lambda: now_s)
    for _ in range(130):
        quiet.warn("io_module", "no answer")
        now_s += 0.5
    quiet.warn("other", "no answer")
    assert [record.message for record in caplog.records] == [
        "io_module: no answer",
        "io_module: no answer (and 119 times more)",
        "other: no answer",
    ]


@pytest.mark.parametrize("late_s", [0.0, 0.003, 0.019, 0.5])
def test_the_next_turn_lies_on_the_grid_and_missed_ones_are_not_made_up_for(late_s: float) -> None:
    timer = Timer(period_s=0.02, phase_s=0.005, due_s=100.005)
    now_s = 100.005 + late_s
    timer.done(now_s)
    assert now_s < timer.due_s <= now_s + 0.02 + 1e-9
    steps = (timer.due_s - 0.005) / 0.02
    assert steps == pytest.approx(round(steps), abs=1e-6)


def test_a_refused_read_is_not_asked_for_again_within_a_second() -> None:
    timer = Timer(period_s=0.02, phase_s=0.0, due_s=0.0)
    timer.done(10.0, at_least_s=1.0)
    assert 11.0 <= timer.due_s <= 11.03


@pytest.mark.parametrize(
    ("deadlines", "rings_at_s"),
    [
        pytest.param([(0.0, 0.3)], [0.3], id="one that nobody meets"),
        pytest.param([(0.0, 0.3), (0.1, 0.3), (0.25, 0.3)], [0.55], id="the newest counts, however early it was set"),
        pytest.param([(0.0, 1.0), (0.1, 0.2)], [0.3], id="a shorter one does not wait for a longer"),
        pytest.param([(0.0, 0.3), (0.5, 0.3)], [0.3, 0.8], id="one after the other"),
    ],
)
def test_an_alarm_rings_when_the_newest_deadline_is_over(
    deadlines: list[tuple[float, float]], rings_at_s: list[float]
) -> None:
    loop = VirtualLoop()
    rung_at_s: list[float] = []
    alarm = Alarm(lambda: rung_at_s.append(loop.time() - began_s))
    began_s = loop.time()
    for at_s, in_s in deadlines:
        loop.call_later(at_s, alarm.set, loop, in_s)
    loop.run_until_complete(asyncio.sleep(5.0))
    assert rung_at_s == pytest.approx(rings_at_s)
    alarm.set(loop, 0.3)
    alarm.cancel()
    loop.run_until_complete(asyncio.sleep(5.0))
    assert len(rung_at_s) == len(rings_at_s), "cancelled"
    loop.close()


class Watch:
    """A device with a watchdog, a clock, and a loop that may hang."""

    def __init__(self) -> None:
        self.now_s = 50.0
        self.vetted_s: float | None = None
        self.link = board([point("poi.heartbeat", 5, "uint16", "w")], heartbeat="poi.heartbeat")
        self.heart = Heart([self.link], 0.05, lambda: self.now_s, lambda: self.vetted_s)

    def beaten(self) -> Value | None:
        self.heart.beat()
        wish = self.link.outbox.take(-1e9)
        return None if wish is None else wish.value


def test_the_heart_beats_only_behind_a_vetted_cycle_at_most_three_cycles_old() -> None:
    watch = Watch()
    assert watch.beaten() is None, "before the first vetted cycle"
    watch.vetted_s = 50.0
    assert watch.beaten() == 1
    assert watch.beaten() == 2
    watch.now_s = 50.14
    assert watch.beaten() == 3
    watch.now_s = 50.16
    assert watch.beaten() is None, "the loop hangs"
    watch.vetted_s = 50.16
    assert watch.beaten() == 4


def test_the_count_fits_every_register_type() -> None:
    watch = Watch()
    watch.vetted_s = 50.0
    watch.heart._count = 0x7FFE
    assert [watch.beaten() for _ in range(3)] == [0x7FFF, 1, 2]
