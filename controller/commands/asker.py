"""Who asks: the person at this machine, as the journal will know him."""

from __future__ import annotations

import getpass
import os
import socket

WHO_MAX = 64


def who() -> str:
    """The person, as far as the machine knows: name, and terminal or machine."""
    try:
        name = os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        name = f"uid {os.getuid()}"
    return f"{name}@{socket.gethostname()}"[:WHO_MAX]
