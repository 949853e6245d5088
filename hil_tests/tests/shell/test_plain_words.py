"""Real errors of the system and of libraries: none of them is told in words for programmers."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import ssl
import termios
from collections.abc import Callable
from pathlib import Path

import pytest
import serial

from controller.plain_words import in_words

FOR_PROGRAMMERS = re.compile(r"Errno|Error|Exception|_ssl|\('|: *$|^ *$")


def _closed_port() -> tuple[str, int]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return str(taken.getsockname()[0]), int(taken.getsockname()[1])


def _timeout() -> None:
    raise TimeoutError


async def _by_name() -> None:
    await asyncio.open_connection("localhost", _closed_port()[1])


def _tls() -> None:
    raise ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed (_ssl.c:997)")


ERRORS: dict[str, tuple[Callable[[], object], str]] = {
    "nobody": (lambda: socket.create_connection(_closed_port(), 1.0), "nobody listens there"),
    "nobody by name": (lambda: asyncio.run(_by_name()), "nobody listens there"),
    "time is over": (_timeout, "no answer in time"),
    "no such host": (lambda: socket.getaddrinfo("nowhere.invalid", 1), "nobody knows this host"),
    "no such file": (lambda: Path("/nowhere/at_all").read_text(), "/nowhere/at_all: No such file or directory"),
    "no such serial port": (lambda: serial.Serial("/dev/nowhere"), "no such file or directory"),
    "no terminal": (lambda: termios.tcgetattr(_file()), "inappropriate ioctl for device"),
    "no JSON": (lambda: json.loads("{\n 1"), "it is no JSON from line 2, column 2 on"),
    "no text": (b"\xff".decode, "it is not text in UTF-8"),
    "no trust": (_tls, "certificate verify failed"),
}


def _file() -> int:
    with Path(__file__).open() as file:
        termios.tcgetattr(file)
    return -1


@pytest.mark.parametrize(("make", "said"), ERRORS.values(), ids=ERRORS)
def test_an_error_is_told_of_a_disk(make: Callable[[], object], said: str) -> None:
    with pytest.raises(Exception) as wrong:  # noqa: PT011  (whatever the system raises)
        make()
    words = in_words(wrong.value)
    assert words.startswith(said)
    assert not FOR_PROGRAMMERS.search(words), words
