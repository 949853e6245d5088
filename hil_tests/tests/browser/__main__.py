"""Take the pictures of docs/images anew: `python -m hil_tests.tests.browser [FOLDER]`. Needs a Chromium."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import sync_playwright

from hil_tests.tests.browser.cases import cases
from hil_tests.tests.browser.chromium import NAMES, find_chromium, launch
from hil_tests.tests.browser.report_picture import take_report
from hil_tests.tests.browser.screens import PHONE, Scheme, Screens
from hil_tests.tests.web.journals import blackout
from hil_tests.tests.web.served import web_of
from supervisor.events import TOLD_KINDS
from supervisor.mirror import EventMirror

IMAGES = Path(__file__).resolve().parents[3] / "docs" / "images"
PICTURE_MAX_BYTES = 80_000
DENSITY = 1.0


class Shot(NamedTuple):
    """One picture: its name, the state it shows, and on which screen."""

    name: str
    case: str
    language: str
    size: tuple[int, int] = PHONE
    scheme: Scheme = "light"


SHOTS = (
    Shot("page-island-de", "islanded", "de"),
    Shot("page-island-dark-de", "islanded", "de", scheme="dark"),
    Shot("page-island-wide-de", "islanded", "de", (900, 600)),
    Shot("page-normal-en", "grid_connected", "en"),
    Shot("page-normal-da", "grid_connected", "da"),
    Shot("page-no-power-da", "dark", "da"),
    Shot("page-stale-de", "stale", "de"),
)


def take(screens: Screens, shot: Shot, folder: Path) -> Path:
    """What fits on the screen, as a PNG. Raises ValueError when it is too big for a README."""
    screens.show(cases()[shot.case])
    target = folder / f"{shot.name}.png"
    with screens.page(f"/?lang={shot.language}", shot.size, shot.scheme) as page:
        page.screenshot(path=target)
    size_bytes = target.stat().st_size
    if size_bytes > PICTURE_MAX_BYTES:
        raise ValueError(f"{target.name} has {size_bytes} bytes, more than {PICTURE_MAX_BYTES}")
    return target


def main(arguments: list[str]) -> int:
    """Exit code 3 without a browser."""
    path = find_chromium()
    if path is None:
        print(f"no browser on PATH ({', '.join(NAMES)}): apt-get install chromium", file=sys.stderr)
        return 3
    folder = Path(arguments[0]) if arguments else IMAGES
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        run_dir = Path(temporary)
        EventMirror(run_dir / "data", TOLD_KINDS).keep(1, blackout())
        browser = launch(playwright, path)
        for shot in SHOTS:  # a web for each: a page is kept for half a second
            with (
                web_of(run_dir, run_dir / "data") as address,
                Screens.of(browser, address, run_dir, DENSITY) as screens,
            ):
                print(f"written: {take(screens, shot, folder)}")
        print(f"written: {take_report(browser, folder, run_dir / 'report')}")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
