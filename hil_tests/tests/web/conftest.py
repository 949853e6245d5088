"""A web to ask, served for real."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hil_tests.tests.web.journals import blackout
from hil_tests.tests.web.served import web_of
from supervisor.events import TOLD_KINDS
from supervisor.mirror import EventMirror


@pytest.fixture
def web(tmp_path: Path) -> Iterator[httpx.Client]:
    """Reads `tmp_path`; has mirrored a blackout."""
    EventMirror(tmp_path / "data", TOLD_KINDS).keep(1, blackout())
    with web_of(tmp_path, tmp_path / "data") as address, httpx.Client(base_url=address) as client:
        yield client
