"""The end of a connection on which something may still be on its way.

Whoever merely closes hands what was not acknowledged to the kernel, which repeats it for minutes: an order that was
given into a hole in the network would come out of it behind newer ones. After a reset nothing is repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: no goodbye that the other side would have to answer


def reset(transport: asyncio.WriteTransport) -> None:
    """End it; what the other side has not heard yet it never will."""
    held = transport.get_extra_info("socket")
    with contextlib.suppress(OSError):  # it has ended already
        if held is not None:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
    transport.abort()
