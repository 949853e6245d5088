"""A reset of a TCP connection: the other side learns it by an error (RST). `abort` alone ends it in order (FIN)."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER with no time: nothing is said any more, and the kernel sends a reset


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection as a device does that loses its supply and comes back, or a firewall that has forgotten it."""
    held = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):  # it has ended already
        if held is not None:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    writer.transport.abort()
