"""Debian's Chromium, driven by playwright. Without one the tests skip; a continuous integration must have it."""

from __future__ import annotations

import shutil

from playwright.sync_api import Browser, Playwright

from hil_tests.tests.missing import skip

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--hide-scrollbars",
    "--disable-lcd-text",  # coloured edges of letters would differ from screen to screen
)


def find_chromium() -> str | None:
    """The first browser on PATH."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def chromium_or_skip() -> str:
    """The browser's path; without one, skip the test, or fail it where CI is set."""
    found = find_chromium()
    if found is None:
        skip(f"no browser on PATH ({', '.join(NAMES)}): apt-get install chromium")
    return found


def launch(playwright: Playwright, path: str) -> Browser:
    """A browser without a window. Its sandbox needs what a container does not give; it only sees our own page."""
    return playwright.chromium.launch(executable_path=path, chromium_sandbox=False, args=list(QUIET))
