"""A terminal of 80 by 24 with the real command in it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

from hil_tests.tests.commands.village import HALLIG


class Terminal:
    """The real command on a pty of 80 by 24."""

    def __init__(self, root: Path, *words: str) -> None:
        self.text = ""
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        spoken = {"LANG": "en_GB.UTF-8", "LC_ALL": ""}
        environment = {**os.environ, **spoken, "HALLIG_RUN_ROOT": str(root), "TERM": "xterm"}
        self.process = subprocess.Popen(
            [*HALLIG, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)

    def until(self, pattern: str, timeout_s: float = 20.0) -> None:
        until_s = time.monotonic() + timeout_s
        while not re.search(pattern, self.text):
            assert time.monotonic() < until_s, self.text[-2000:]
            if select.select([self._ours], [], [], 0.2)[0]:
                self.text += os.read(self._ours, 65536).decode(errors="replace")

    def forget(self) -> None:
        self.text = ""

    def close(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(5)
        os.close(self._ours)
        return code
