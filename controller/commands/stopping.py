"""A stop that was asked for is no failure: what runs until a signal ends with 0, whenever the signal comes."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator

from controller.commands.frame import OK

ASKED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def end_when_asked() -> None:
    """Until the command listens for itself: nothing has been begun, so there is nothing to end but the process.

    An exception would not do: raised in the middle of an import it can get lost. Ctrl-C first, for Python already
    listens to it: whoever sees that we listen to a polite kill may press it.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        if not _is_ignored(number):
            signal.signal(number, lambda *_: os._exit(OK))


@contextlib.contextmanager
def asked_later() -> Iterator[None]:
    """A signal waits while something is made or taken away, except while somebody is `listening`.

    What still waits at the end is forgotten: what it asks for has been done.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, ASKED)
    try:
        yield
    finally:
        for number in ASKED:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ASKED)


@contextlib.contextmanager
def listening(end: Callable[[], object]) -> Iterator[None]:
    """Within an event loop: the first signal ends what goes on, further ones change nothing."""
    import asyncio  # noqa: PLC0415  (whoever listens has it; whoever asks for help does not wait for it)

    loop = asyncio.get_running_loop()
    numbers = [number for number in ASKED if not _is_ignored(number)]

    def told() -> None:
        for number in numbers:
            loop.add_signal_handler(number, lambda: None)
        end()

    for number in numbers:
        loop.add_signal_handler(number, told)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ASKED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_BLOCK, ASKED)


def _is_ignored(number: signal.Signals) -> bool:
    """By whoever started us, as nohup does."""
    return signal.getsignal(number) is signal.SIG_IGN
