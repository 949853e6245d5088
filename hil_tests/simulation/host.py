"""What runs a controller in virtual time, as its faults and its scene need it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Protocol

from controller.model.advice import RequestKind
from controller.model.decision import Event
from controller.model.memory import DurableMemory
from controller.model.words import Mode
from hil_tests.servers.points import PlantDevices
from hil_tests.simulation.memory_journal import MemoryJournal


class FrameSource(Protocol):
    """A link or a server."""

    on_frame: Callable[[], None] | None


class Host(Protocol):
    """The place of the process."""

    devices: PlantDevices
    journal: MemoryJournal
    is_running: bool
    is_frozen: bool  # it gets no processor

    @property
    def mode(self) -> Mode:
        """What the controller believes."""
        ...

    @property
    def durable(self) -> DurableMemory:
        """What survives a restart."""
        ...

    @property
    def events(self) -> list[tuple[float, Event]]:
        """Its log, over all its lives."""
        ...

    @property
    def frame_sources(self) -> Collection[FrameSource]:
        """What says `on_frame` of every request."""
        ...

    def request(self, kind: RequestKind, subject: str | None = None, *, at_the_hub: bool = True) -> None:
        """A person asks for something."""
        ...

    def stop_controller(self) -> None:
        """As kill -9."""
        ...

    def start_controller(self) -> None:
        """A new process."""
        ...
