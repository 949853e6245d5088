"""New events of the controller as lines for the terminal, through the same socket as the page uses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from controller.socket_client import SocketClient


class EventTail:
    """Remembers how far it has read; a controller that does not answer has nothing new to say."""

    def __init__(self, socket_path: Path) -> None:
        self._client = SocketClient(socket_path.parent, timeout_s=0.3)
        self._cursor = 0

    def new_lines(self) -> list[str]:
        """Events since the last call, one line each."""
        try:
            answer = self._client.ask(method="events", after=self._cursor, limit=100)
        except (OSError, ValueError):
            return []
        self._cursor = int(answer.get("cursor", self._cursor))
        return [line_of(event) for event in answer.get("events", [])]


def line_of(event: dict[str, Any]) -> str:
    """Its time is that since the machine started, as `hallig explain` tells it."""
    values = "  ".join(f"{key}={value}" for key, value in event["values"].items())
    kind, reason = event["kind"].replace("_", " "), event["reason"].replace("_", " ")
    return f"{event['mono_s']:9.3f} s  {kind:<17} {event['subject']:<14} because: {reason}  {values}".rstrip()
