"""A TCP port that nobody has, for servers that must be told theirs before they start."""

from __future__ import annotations

import socket

HOST = "127.0.0.1"


def free_port() -> int:
    """Free a moment ago. Where a server can be given port 0 and asked for the real one, that is better."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
