"""A planned island as commands follow it: the request, its answer, and what the journal then says, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controller.commands.asker import who
from controller.commands.contact import ask
from controller.commands.event_source import LogLine, SocketSource
from controller.commands.frame import PROBLEM, CommandError, pause
from controller.commands.hubs import HubPlace

ANSWER_S = 4.0
LOOK_S = 0.1
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

    def ask(self, kind: str, for_s: float | None = None, **more: Any) -> LogLine:
        """Ask for something; the line with the answer, taken or refused. `more`: fields of the request.

        Raises:
            CommandError: nobody has answered in time.
        """
        told = {name: value for name, value in {**more, "for_s": for_s}.items() if value is not None}
        ask(self._hub, method="request", kind=kind, who=who(), **told)
        for line in self.coming(ANSWER_S):
            if line["kind"] in ("requested", "request_refused") and line["values"].get("what") == kind:
                return line
        hint = "'hallig status' shows what it does now, 'hallig events' whether it writes its journal."
        raise CommandError("no_answer", PROBLEM, "the controller has not answered the request in time", hint)

    def coming(self, patience_s: float) -> Iterator[LogLine]:
        """Lines as they come, until patience is over."""
        for _ in range(max(1, round(patience_s / LOOK_S))):
            yield from self.more()
            pause(LOOK_S)


def mode_of(line: LogLine) -> str | None:
    """The mode that this line tells of, if it does."""
    return str(line["values"].get("to")) if line["kind"] in MODE_KINDS else None


def between_s(first: LogLine | None, second: LogLine | None) -> float | None:
    """From one line to the other, on the controller's own clock."""
    return None if first is None or second is None else round(float(second["mono_s"]) - float(first["mono_s"]), 3)
