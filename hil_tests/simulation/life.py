"""Faults of the controller's process in virtual time: killed, ended, without power, without disk, without processor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from hil_tests.faults.stage import Inject, Injection, all_of
from hil_tests.faults.types import Heal
from hil_tests.simulation.bench import Bench


def life_faults(bench: Bench) -> Mapping[str, Inject]:
    """By the names of the catalogue, for one bench."""
    life = _Life(bench)
    return {
        "kill": life.kill,
        "terminate": life.terminate,
        "power_cycle": life.power_cycle,
        "control_supply_low": life.supply_low,
        "disk_full": life.no_disk,
        "read_only": life.no_disk,
        "starved": life.starved,
        "suspend": life.suspend,
    }


class _Life:
    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._sleepers = 0  # how many faults keep the process from running

    def kill(self, injection: Injection) -> Heal:
        """Now, or at the n-th order or frame from now."""
        after, count = injection.values["after"], injection.values["count"]
        if after == "now":
            return self._down(injection, self._bench.stop_controller)
        return self._armed(injection, after, count)

    def terminate(self, injection: Injection) -> Heal:
        """It writes what it has to write, and ends."""

        def end() -> None:
            self._bench.journal.flush()
            self._bench.stop_controller()

        return self._down(injection, end)

    def power_cycle(self, injection: Injection) -> Heal:
        """What was not on disk is gone; a torn page takes the last of what was with it."""

        def lose() -> None:
            self._bench.stop_controller()
            if injection.values["torn"]:
                self._bench.journal.tear()

        return self._down(injection, lose)

    def supply_low(self, injection: Injection) -> Heal:
        """The buffer lasts a while."""
        timers, at_s = injection.stage.timers, injection.plant.now_s + injection.values["lasts_s"]
        forget = timers.at(at_s, self._bench.stop_controller)
        return all_of([forget, self._start])

    def no_disk(self, _: Injection) -> Heal:
        """Nothing more reaches the disk, until it does again."""
        journal = self._bench.journal
        journal.is_full = True
        return lambda: setattr(journal, "is_full", False)

    def starved(self, injection: Injection) -> Heal:
        """Stopped and running by turns."""
        stop_s, run_s, timers = injection.values["stop_s"], injection.values["run_s"], injection.stage.timers
        ends: list[Heal] = []

        def stop() -> None:
            ends[:] = [self._sleep(), timers.at(injection.plant.now_s + stop_s, go)]

        def go() -> None:
            ends[0]()
            ends[:] = [timers.at(injection.plant.now_s + run_s, stop)]

        def heal() -> None:
            all_of(ends)()

        stop()
        return heal

    def suspend(self, injection: Injection) -> Heal:
        """It wakes by itself, or when healed."""
        wake = self._sleep()
        forget = injection.stage.timers.at(injection.plant.now_s + injection.values["lasts_s"], wake)
        return all_of([forget, wake])

    def _sleep(self) -> Heal:
        self._sleepers += 1
        self._bench.is_frozen = True
        is_over = False

        def wake() -> None:
            nonlocal is_over
            if not is_over:
                is_over = True
                self._sleepers -= 1
                self._bench.is_frozen = self._sleepers > 0

        return wake

    def _down(self, injection: Injection, end: Callable[[], None]) -> Heal:
        """End it now; started again after a while, or when healed."""
        end()
        down_s = injection.values["down_s"]
        if down_s <= 0.0:
            return self._start
        forget = injection.stage.timers.at(injection.plant.now_s + down_s, self._start)
        return all_of([forget, self._start])

    def _start(self) -> None:
        if not self._bench.is_running:
            self._bench.start_controller()

    def _armed(self, injection: Injection, after: str, count: int) -> Heal:
        """Wait for the n-th of something; then it dies at once, in the middle of it."""
        ends: list[Heal] = []
        left = count

        def one_more() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                ends.append(self._down(injection, self._bench.stop_controller))

        listening = self._frames(one_more) if after == "frames" else self._orders(one_more)

        def heal() -> None:
            all_of([listening, *ends])()

        return heal

    def _frames(self, one_more: Callable[[], None]) -> Heal:
        links = self._bench.links.values()
        for link in links:
            link.on_frame = one_more

        def stop() -> None:
            for link in links:
                link.on_frame = None

        return stop

    def _orders(self, one_more: Callable[[], None]) -> Heal:
        """Beside whoever listens already; a heartbeat is no order."""
        heals = []
        for device in self._bench.devices.all():
            device.listeners.append(one_more)
            heals.append(partial(device.listeners.remove, one_more))
        return all_of(heals)
