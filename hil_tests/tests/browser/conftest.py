"""One browser for all tests here, and the real web before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from hil_tests.tests.browser.chromium import chromium_or_skip, launch
from hil_tests.tests.browser.screens import Screens
from hil_tests.tests.web.journals import blackout
from hil_tests.tests.web.served import web_of
from supervisor.events import TOLD_KINDS
from supervisor.mirror import EventMirror


@pytest.fixture(scope="package")  # ended with this package: its event loop must not outlive the tests that need it
def browser() -> Iterator[Browser]:
    path = chromium_or_skip()
    with sync_playwright() as playwright:
        found = launch(playwright, path)
        yield found
        found.close()


@pytest.fixture(scope="package")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Address and run directory of a web that has seen a blackout."""
    folder = tmp_path_factory.mktemp("hub")
    EventMirror(folder / "data", TOLD_KINDS).keep(1, blackout())
    with pytest.MonkeyPatch.context() as patch, web_of(folder, folder / "data") as address:
        patch.setattr("supervisor.pages.FRESH_FOR_S", 0.0)  # each test has its own status, and no time to wait
        yield address, folder


@pytest.fixture(scope="package")
def screens(browser: Browser, hub: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screens]:
    with web_of(tmp_path_factory.mktemp("nobody")) as unheard, Screens.of(browser, *hub) as found:
        found.unheard = unheard
        yield found
