"""The page as a test reads it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from controller.status import Status
from hil_tests.tests.web.journals import blackout
from hil_tests.tests.web.statuses import publish
from supervisor.events import TOLD_KINDS
from supervisor.instants import Now
from supervisor.mirror import EventMirror
from supervisor.pages import Pages
from supervisor.reading import StatusReader
from supervisor.view import read_clocks
from supervisor.words import LANGUAGES

SCRIPT_OR_STYLE = re.compile(r"<(script|style)>.*?</\1>", re.DOTALL)
NOON_UNIX_S = 1_795_605_600.0  # some day in November 2026
LANGUAGE = pytest.mark.parametrize("language", LANGUAGES)


def page(
    tmp_path: Path,
    status: Status | dict[str, object] | None,
    language: str = "en",
    now: Now | None = None,
    events: Sequence[dict[str, Any]] | None = None,
) -> str:
    if status is not None:
        publish(tmp_path, status)
    mirror = EventMirror(None, TOLD_KINDS)
    mirror.keep(1, blackout() if events is None else list(events))
    clocks = read_clocks if now is None else lambda: now
    return Pages(StatusReader(tmp_path), mirror, clocks).now(language).html


def tree(html: str) -> ET.Element:
    """Parsed as XML, which forgives nothing: every tag closed, every attribute quoted."""
    return ET.fromstring(SCRIPT_OR_STYLE.sub("", html))


def text(html: str) -> str:
    return " ".join(" ".join(tree(html).itertext()).split())


def heading(html: str) -> str:
    return str(tree(html).findtext(".//h1"))


def tones(html: str) -> Iterator[str]:
    yield from re.findall(r'class="state (\w+)"', html)
