"""What the system and the libraries raise, in plain words: theirs are for programmers, and some say nothing at all."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import termios
from collections.abc import Callable
from typing import Any

_SSL_MARKS = re.compile(r"^\[[^]]*\] | \(_ssl\.c:\d+\)$")


def in_words(error: BaseException) -> str:
    """Why it failed, in half a sentence without a full stop."""
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words(error)
    return str(error).strip().rstrip(".") or type(error).__name__


def _of_system(error: Any) -> str:
    """The system's words without its number, and the file where there is one."""
    said = str(error).strip().rstrip(".")
    if said.startswith("Multiple exceptions"):  # what asyncio says of a name with several addresses
        return "nobody listens there, at any of its addresses"
    if error.errno is None:
        return said or "the system refused it"
    said = os.strerror(error.errno)
    return f"{error.filename}: {said}" if error.filename else said[:1].lower() + said[1:]


_WORDS: tuple[tuple[type[BaseException], Callable[[Any], str]], ...] = (  # the first that fits
    (json.JSONDecodeError, lambda error: f"it is no JSON from line {error.lineno}, column {error.colno} on"),
    (UnicodeDecodeError, lambda _: "it is not text in UTF-8"),
    (TimeoutError, lambda _: "no answer in time"),
    (ConnectionRefusedError, lambda _: "nobody listens there"),
    (ConnectionError, lambda _: "the connection broke"),
    (socket.gaierror, lambda _: "nobody knows this host"),
    (ssl.SSLError, lambda error: _SSL_MARKS.sub("", str(error))),
    (FileExistsError, lambda error: f"{error.filename} is a file, not a folder"),  # only folders are made anew
    (OSError, _of_system),
    (termios.error, lambda error: _of_system(OSError(*error.args))),
)
