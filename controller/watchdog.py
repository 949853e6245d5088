"""When the loop hangs nothing in it can act: a thread ends the process, the devices hold, a restart recovers."""

from __future__ import annotations

import contextlib
import math
import os
import socket
import sys
import threading
from functools import cache

from controller import clock

HANG_S = 1.0
EXIT_CODE = 71
LOOK_S = 0.1
ASLEEP_S = 0.5  # a look that comes so late: the whole process was stopped, or the machine slept, and not the loop alone


class Watchdog:
    """Fed by each completed cycle."""

    def __init__(self) -> None:
        self._fed_at_s: float | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to watch, from the first feeding on."""
        self._thread.start()

    def feed(self, now_s: float) -> None:
        """A cycle is complete."""
        self._fed_at_s = now_s

    def stop(self) -> None:
        """Stop watching."""
        self._stop.set()

    def _run(self) -> None:
        looked_at_s, excused_s, from_s = clock.now_s(), None, -math.inf
        while not self._stop.wait(LOOK_S):
            fed_at_s, now_s = self._fed_at_s, clock.now_s()
            if now_s - looked_at_s > ASLEEP_S and fed_at_s != excused_s:
                excused_s, from_s = fed_at_s, now_s  # once: whoever wakes with us has his second from now
            looked_at_s = now_s
            if fed_at_s is not None and now_s - max(fed_at_s, from_s) > HANG_S:
                os.write(sys.stderr.fileno(), b"hallig: no cycle for a second; ending so that a restart can recover\n")
                os._exit(EXIT_CODE)


def notify(message: str) -> None:
    """Tell the service manager (sd_notify); nothing when there is none. One that does not listen is not waited for."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with contextlib.suppress(OSError):
        _sender().sendto(message.encode(), address)


@cache
def _sender() -> socket.socket:
    """Opened once: with no descriptor left, silence would have the service manager kill what goes on well."""
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.setblocking(False)  # noqa: FBT003  (positional by its own design)
    return sender
