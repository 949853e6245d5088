"""A planned island as a drill follows it: the request, its answer, and what the journal then says, line by line."""

from __future__ import annotations

from collections.abc import Iterator

from controller.commands.asking import LOOK_S, Answer, ask_for
from controller.commands.event_source import LogLine, SocketSource
from controller.commands.frame import pause
from controller.commands.hubs import HubPlace

PAGE_COUNT = 200
MODE_KINDS = ("mode_changed", "recovered")


class Story:
    """The events of a hub from now on."""

    def __init__(self, hub: HubPlace) -> None:
        self._source, self._hub = SocketSource(hub), hub
        newest = self._source.newest(1)
        self._cursor = int(newest[-1]["seq"]) if newest else 0
        self.lines: list[LogLine] = []

    def more(self) -> list[LogLine]:
        """What has been added since the last look. Raises NoContactError."""
        found = self._source.after(self._cursor, PAGE_COUNT)
        if found:
            self._cursor = int(found[-1]["seq"])
            self.lines += found
        return found

    def ask(self, kind: str, for_s: float | None = None) -> Answer:
        """Ask for something. Raises CommandError: nobody has answered in time."""
        return ask_for(self._hub, kind, for_s=for_s)

    def coming(self, patience_s: float) -> Iterator[LogLine]:
        """Lines as they come, until patience is over."""
        for _ in range(max(1, round(patience_s / LOOK_S))):
            yield from self.more()
            pause(LOOK_S)


def mode_of(line: LogLine) -> str | None:
    """The mode that this line tells of, if it does."""
    return str(line["values"].get("to")) if line["kind"] in MODE_KINDS else None


def between_s(first_s: float | None, second_s: float | None) -> float | None:
    """From one instant to the other, on the controller's own clock."""
    return None if first_s is None or second_s is None else round(second_s - first_s, 3)


def at_s(line: LogLine | None) -> float | None:
    """When it was."""
    return None if line is None else float(line["mono_s"])
