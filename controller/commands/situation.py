"""The controller's published state as a command reads it: the last one there is, and how far it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from controller import clock
from controller.commands.contact import nobody
from controller.commands.hubs import HubPlace
from controller.model.words import Mode
from controller.status import Status
from supervisor.instants import Now
from supervisor.reading import Reading, StatusReader

FRESH_S = 2.0  # published four times a second: eight missed, and the controller is gone or hangs
BAD_MODES = (Mode.DARK, Mode.LOCKED_OUT)


@dataclass(frozen=True, slots=True)
class Look:
    """One look at one hub."""

    hub: HubPlace
    reading: Reading
    status: Status
    now: Now

    @property
    def has_contact(self) -> bool:
        """The controller wrote lately."""
        return self.reading.age_s is not None and self.reading.age_s <= FRESH_S

    @property
    def silent_devices(self) -> tuple[str, ...]:
        """Devices that do not answer."""
        return tuple(device.name for device in self.status.devices if not device.is_up)

    @property
    def disbelieved_devices(self) -> tuple[str, ...]:
        """Devices in quarantine: not what their tables describe, so neither believed nor written to."""
        return tuple(device.name for device in self.status.devices if device.is_quarantined)

    @property
    def problems(self) -> tuple[str, ...]:
        """Codes of what needs a person: exit code 1."""
        status = self.status
        found = [status.mode.value] if status.mode in BAD_MODES else []
        found += [f"latch:{latch.subject}" for latch in status.latches]
        found += [f"device:{name}" for name in self.silent_devices]
        found += [f"quarantine:{name}" for name in self.disbelieved_devices]
        return tuple(found if status.journal.is_ok else [*found, "journal"])


class Looks(Protocol):
    """Whoever can look at a hub: at a running one, or at one on the bench."""

    def look(self) -> Look:
        """As `Looker`."""
        ...


class Looker:
    """Looks again and again, without contact too."""

    def __init__(self, hub: HubPlace) -> None:
        self._hub, self._reader = hub, StatusReader(hub.run_dir)

    @property
    def is_running(self) -> bool:
        """A living controller holds the hub, whatever it has published."""
        return self._hub.is_running

    def look(self) -> Look:
        """The last state there is. Raises NoContactError when there has never been one."""
        reading = self._reader.read()
        if reading.status is None:
            raise nobody(self._hub)
        now = Now(clock.now_s(), clock.unix_s(), clock.quality())
        return Look(self._hub, reading, reading.status, now)
