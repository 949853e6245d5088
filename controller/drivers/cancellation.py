"""Cancellation that libraries lose. Up to Python 3.11 `asyncio.wait_for` returns its result and forgets a cancellation
that comes in the same turn of the loop; asyncua waits with it. A task that forgets is a task that never
ends.
"""

from __future__ import annotations

import asyncio


def raise_if_cancelled() -> None:
    """Be cancelled now, if somebody asked for it and nobody has noticed."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
