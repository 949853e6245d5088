"""Faults of the controller's process in virtual time: killed, ended, without power, without disk, without processor."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from hil_tests.faults.lives import Strike, at_the_nth, by_turns, down, every_order, once
from hil_tests.faults.stage import Inject, Injection, all_of
from hil_tests.faults.types import Heal
from hil_tests.simulation.host import Host


def life_faults(bench: Host) -> Mapping[str, Inject]:
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
    def __init__(self, bench: Host) -> None:
        self._bench = bench
        self._sleepers = 0  # how many faults keep the process from running

    def kill(self, injection: Injection) -> Heal:
        """Now, or at the n-th order or frame from now."""
        strike = partial(down, injection, self._bench.stop_controller, self._start)
        match injection.values["after"]:
            case "orders":
                return at_the_nth(injection.values["count"], partial(every_order, self._bench.devices), strike)
            case "frames":
                return at_the_nth(injection.values["count"], self._frames, strike)
            case _:
                return strike()

    def terminate(self, injection: Injection) -> Heal:
        """It writes what it has to write, and ends."""

        def end() -> None:
            self._bench.journal.flush()
            self._bench.stop_controller()

        return down(injection, end, self._start)

    def power_cycle(self, injection: Injection) -> Heal:
        """What was not on disk is gone; a torn page takes the last of what was with it."""

        def lose() -> None:
            self._bench.stop_controller()
            if injection.values["torn"]:
                self._bench.journal.tear()

        return down(injection, lose, self._start)

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
        return by_turns(injection, self._sleep)

    def suspend(self, injection: Injection) -> Heal:
        """It wakes by itself, or when healed."""
        wake = self._sleep()
        forget = injection.stage.timers.at(injection.plant.now_s + injection.values["lasts_s"], wake)
        return all_of([forget, wake])

    def _sleep(self) -> Heal:
        self._sleepers += 1
        self._bench.is_frozen = True

        def wake() -> None:
            self._sleepers -= 1
            self._bench.is_frozen = self._sleepers > 0

        return once(wake)

    def _start(self) -> None:
        if not self._bench.is_running:
            self._bench.start_controller()

    def _frames(self, one_more: Strike) -> Heal:
        links = self._bench.frame_sources
        for link in links:
            link.on_frame = one_more

        def stop() -> None:
            for link in links:
                link.on_frame = None

        return stop
