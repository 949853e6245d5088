"""The end of a connection on which something may still be on its way.

Whoever merely closes hands what was not acknowledged to the kernel, which repeats it for minutes: an order that was
given into a hole in the network would come out of it behind newer ones. After a reset nothing is repeated. The kernel
closes for a process that is killed: so each connection is prepared for a reset, and only who ends it in good order
says goodbye.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: no goodbye that the other side would have to answer
IN_GOOD_ORDER = struct.pack("ii", 0, 0)  # what is on its way arrives


def end_with_us(transport: asyncio.BaseTransport) -> None:
    """Should this process be killed, the other side hears nothing more that it has not heard yet."""
    _linger(transport, AT_ONCE)


def say_goodbye(transport: asyncio.BaseTransport) -> None:
    """It is closed next, and what was said arrives."""
    _linger(transport, IN_GOOD_ORDER)


def reset(transport: asyncio.WriteTransport) -> None:
    """End it; what the other side has not heard yet it never will."""
    _linger(transport, AT_ONCE)
    transport.abort()


def _linger(transport: asyncio.BaseTransport, how: bytes) -> None:
    held = transport.get_extra_info("socket")
    with contextlib.suppress(OSError):  # it has ended already
        if held is not None:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, how)
