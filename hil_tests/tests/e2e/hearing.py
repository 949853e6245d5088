"""When a process that has just been started can be told to stop."""

from __future__ import annotations

import re
import signal
import time
from pathlib import Path

PATIENCE_S = 10.0


def hears_sigterm(pid: int) -> bool:
    """It has a handler of its own by now."""
    (caught,) = re.findall(r"^SigCgt:\s+([0-9a-f]+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return bool(int(caught, 16) >> (signal.SIGTERM - 1) & 1)


def until_it_hears_sigterm(pid: int) -> None:
    """Python itself needs a while to load."""
    until_s = time.monotonic() + PATIENCE_S
    while not hears_sigterm(pid):
        assert time.monotonic() < until_s, "never"
        time.sleep(0.005)
