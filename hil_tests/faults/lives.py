"""What faults of the controller's process have in common, in virtual and in real time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from hil_tests.faults.stage import Injection, all_of
from hil_tests.faults.types import Heal
from hil_tests.servers.points import PlantDevices

Strike = Callable[[], None]
Listen = Callable[[Strike], Heal]


def down(injection: Injection, strike: Strike, start: Strike) -> Heal:
    """End it now; started again after a while, or when healed. `start` does nothing while it runs."""
    strike()
    down_s = injection.values["down_s"]
    if down_s <= 0.0:
        return start
    forget = injection.stage.timers.at(injection.plant.now_s + down_s, start)
    return all_of([forget, start])


def at_the_nth(count: int, listen: Listen, strike: Callable[[], Heal]) -> Heal:
    """Wait for the n-th of something; then it happens at once, in the middle of it."""
    ends: list[Heal] = []
    left = count

    def one_more() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            ends.append(strike())

    ends.append(listen(one_more))

    def heal() -> None:
        all_of(ends)()

    return heal


def every_order(devices: PlantDevices, one_more: Strike) -> Heal:
    """Hear every order that a device takes, beside whoever listens already; a heartbeat is none."""
    heals: list[Heal] = []
    for device in devices.all():
        device.listeners.append(one_more)
        heals.append(partial(device.listeners.remove, one_more))
    return all_of(heals)


def by_turns(injection: Injection, sleep: Callable[[], Heal]) -> Heal:
    """Stopped and running, as `stop_s` and `run_s` say."""
    stop_s, run_s, timers = injection.values["stop_s"], injection.values["run_s"], injection.stage.timers
    ends: list[Heal] = []

    def stop() -> None:
        ends[:] = [sleep(), timers.at(injection.plant.now_s + stop_s, go)]

    def go() -> None:
        ends[0]()
        ends[:] = [timers.at(injection.plant.now_s + run_s, stop)]

    def heal() -> None:
        all_of(ends)()

    stop()
    return heal


def once(heal: Heal) -> Heal:
    """However often it is called."""
    is_over = False

    def end() -> None:
        nonlocal is_over
        if not is_over:
            is_over = True
            heal()

    return end
