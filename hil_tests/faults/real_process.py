"""Faults of the controller's process in real time: signals, limits, damaged files, and company that it did not ask for.

Only processes that the bench has started itself are touched.
"""

from __future__ import annotations

import json
import resource
import signal
import subprocess
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Protocol

from hil_tests.faults import flood
from hil_tests.faults.lives import Strike, at_the_nth, by_turns, down, every_order, once
from hil_tests.faults.stage import Inject, Injection, all_of
from hil_tests.faults.types import CannotInjectError, Heal
from hil_tests.faults.wall_clock import END_OF_32_BITS_UNIX_S, zone
from hil_tests.servers.bench import DeviceServers
from hil_tests.servers.process import ControllerProcess, spawn

PAGE_BYTES = 4096
SPARED_BYTES = 16 * 1024  # snapshots of live state are smaller, and lie on another disk in the field; a journal is not
TERMINATE_PATIENCE_S = 3.0


class Lifeline(Protocol):
    """Who holds the controller's process."""

    process: ControllerProcess
    limits: dict[int, int]

    def kill(self) -> None: ...  # noqa: D102
    def start(self) -> None: ...  # noqa: D102
    def limit(self) -> None: ...  # noqa: D102


class RealProcess:
    """One controller, with its faults. `notes` goes into the result."""

    def __init__(self, life: Lifeline, servers: DeviceServers, notes: dict[str, str]) -> None:
        self._life, self._servers, self._notes = life, servers, notes

    def table(self) -> Mapping[str, Inject]:
        """By the names of the catalogue."""
        return {
            "kill": self._kill,
            "terminate": self._terminate,
            "power_cycle": self._power_cycle,
            "control_supply_low": self._supply_low,
            "disk_full": self._disk_full,
            "read_only": self._read_only,
            "no_descriptors": self._no_descriptors,
            "starved": lambda injection: by_turns(injection, self._sleep),
            "suspend": self._suspend,
            "flood": self._flood,
            "corrupt_config": self._corrupt_config,
            "second_instance": self._second_instance,
            "clock_jump": lambda i: self._wall_clock({"by_s": i.values["by_s"]}),
            "year_2038": lambda i: self._wall_clock({"at_unix_s": END_OF_32_BITS_UNIX_S - i.values["before_s"]}),
            "dst": lambda i: self._wall_clock({"zone": zone(i.values["by_s"])}),
        }

    # -- it ends -------------------------------------------------------------------------------------------------------
    def _kill(self, injection: Injection) -> Heal:
        strike = partial(down, injection, self._life.kill, self._start)
        match injection.values["after"]:
            case "orders":
                return at_the_nth(injection.values["count"], partial(every_order, injection.stage.devices), strike)
            case "frames":
                return at_the_nth(injection.values["count"], self._frames, strike)
            case _:
                return strike()

    def _terminate(self, injection: Injection) -> Heal:
        """Told to, it ends by itself; started again once it has."""
        self._signal(signal.SIGTERM)
        return down(injection, lambda: None, self._restart)

    def _power_cycle(self, injection: Injection) -> Heal:
        def lose() -> None:
            self._life.kill()
            if injection.values["torn"]:
                tear(self._life.process.journal, injection.rng.randbytes(PAGE_BYTES))

        return down(injection, lose, self._start)

    def _supply_low(self, injection: Injection) -> Heal:
        at_s = injection.plant.now_s + injection.values["lasts_s"]
        return all_of([injection.stage.timers.at(at_s, self._life.kill), self._start])

    def _start(self) -> None:
        if not self._life.process.is_alive:
            self._life.start()

    def _restart(self) -> None:
        self._life.kill()
        self._life.start()

    def _frames(self, one_more: Strike) -> Heal:
        wires = self._servers.modbus_wires()
        for wire in wires:
            wire.on_frame = one_more

        def stop() -> None:
            for wire in wires:
                wire.on_frame = None

        return stop

    # -- it gets no processor ------------------------------------------------------------------------------------------
    def _sleep(self) -> Heal:
        self._signal(signal.SIGSTOP)
        return once(lambda: self._signal(signal.SIGCONT))

    def _suspend(self, injection: Injection) -> Heal:
        wake = self._sleep()
        at_s = injection.plant.now_s + injection.values["lasts_s"]
        return all_of([injection.stage.timers.at(at_s, wake), wake])

    def _signal(self, number: signal.Signals) -> None:
        process = self._life.process.process
        if process is not None and process.poll() is None:
            process.send_signal(number)

    # -- it gets no disk, no descriptor --------------------------------------------------------------------------------
    def _disk_full(self, _: Injection) -> Heal:
        """No file is written beyond a few pages, which a journal has behind it; what lies in memory is small enough."""
        return self._limited(resource.RLIMIT_FSIZE, SPARED_BYTES)

    def _no_descriptors(self, _: Injection) -> Heal:
        process = self._life.process.process
        if process is None:
            raise CannotInjectError("no controller runs")
        return self._limited(resource.RLIMIT_NOFILE, len([*Path(f"/proc/{process.pid}/fd").iterdir()]))

    def _limited(self, what: int, most: int) -> Heal:
        self._life.limits[what] = most
        self._life.limit()

        def heal() -> None:
            self._life.limits[what] = resource.getrlimit(what)[0]
            self._life.limit()
            del self._life.limits[what]

        return heal

    def _read_only(self, _: Injection) -> Heal:
        if self._life.process.writes_past_modes:
            raise CannotInjectError("a controller of root's writes to files that are read-only")
        folder = self._life.process.data_dir
        paths = [folder, *folder.iterdir()]
        before = [path.stat().st_mode for path in paths]
        for path in paths:
            path.chmod(path.stat().st_mode & 0o555)

        def heal() -> None:
            for path, mode in zip(paths, before, strict=True):
                if path.exists():
                    path.chmod(mode)

        return heal

    # -- company -------------------------------------------------------------------------------------------------------
    def _flood(self, injection: Injection) -> Heal:
        clients = str(injection.values["clients"])
        return _ended(spawn([flood.__name__, str(self._life.process.run_dir), clients]))

    def _second_instance(self, _: Injection) -> Heal:
        second = spawn(["controller.cli", *self._life.process.arguments])
        end = _ended(second)

        def heal() -> None:
            code = second.poll()
            self._notes["second_instance"] = "still there" if code is None else f"ended with code {code}"
            end()

        return heal

    def _corrupt_config(self, _: Injection) -> Heal:
        process = self._life.process
        whole = process.site
        garbage = process.folder / "garbage.toml"
        text = Path(whole).read_bytes()
        garbage.write_bytes(text[: len(text) // 2] + b'\n= "\xff')
        process.site = str(garbage)
        self._restart()

        def heal() -> None:
            process.site = whole
            self._restart()

        return heal

    def _wall_clock(self, shift: Mapping[str, object]) -> Heal:
        path = self._life.process.folder / "wall_clock.json"
        path.write_text(json.dumps(shift))

        def heal() -> None:
            path.write_text("{}")

        return heal


def wal_of(journal: Path) -> Path:
    """The write-ahead log beside a journal."""
    return journal.with_name(journal.name + "-wal")


def tear(journal: Path, garbage: bytes) -> None:
    """The last page that was being written is half garbage, as after a power cut."""
    wal = wal_of(journal)
    size = wal.stat().st_size if wal.exists() else 0
    if size > len(garbage):
        with wal.open("r+b") as file:
            file.seek(size - len(garbage) // 2)
            file.write(garbage[: len(garbage) // 2])


def _ended(process: subprocess.Popen[bytes]) -> Heal:
    def end() -> None:
        process.kill()
        process.wait()

    return end
