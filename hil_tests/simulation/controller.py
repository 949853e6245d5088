"""The controller inside a bench of virtual time, as scenes see it."""

from __future__ import annotations

from controller.model.advice import RequestKind
from controller.model.decision import Event
from controller.model.words import Authority, Mode
from hil_tests.simulation.host import Host


class BenchController:
    """Its process would live, die and be started again."""

    def __init__(self, bench: Host) -> None:
        self._bench = bench

    @property
    def is_running(self) -> bool:
        """Its process would live."""
        return self._bench.is_running

    @property
    def is_asleep(self) -> bool:
        """It would get no processor."""
        return self._bench.is_frozen

    @property
    def mode(self) -> Mode | None:
        """What it believes."""
        return self._bench.mode if self._bench.is_running else None

    @property
    def authority(self) -> Authority:
        """How far it may act."""
        return self._bench.durable.authority

    @property
    def events(self) -> list[tuple[float, Event]]:
        """Its log, over all its lives."""
        return self._bench.events

    def request(self, kind: RequestKind, subject: str | None, *, at_the_hub: bool) -> None:
        """A person asks for something."""
        self._bench.request(kind, subject, at_the_hub=at_the_hub)

    def kill(self) -> None:
        """As kill -9."""
        self._bench.stop_controller()

    def start(self) -> None:
        """A new process, unless there is one."""
        if not self._bench.is_running:
            self._bench.start_controller()
