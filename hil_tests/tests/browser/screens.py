"""Pages of the browser at the sizes and in the schemes that people have, and what is asked of each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from controller.status import Status
from hil_tests.tests.web.statuses import publish

Scheme = Literal["light", "dark"]
PHONE, DESKTOP, NARROW = (390, 844), (1280, 900), (320, 640)
WCAG_2_2_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass(slots=True)
class Screens:
    """Shows pages of one web, on one screen for each size and scheme."""

    browser: Browser
    address: str
    run_dir: Path
    density: float = 1.0
    unheard: str = ""  # address of a web that never heard a controller: one that has, remembers
    is_unheard: bool = False
    pages: dict[tuple[tuple[int, int], Scheme, bool], Page] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # every address that any page wanted

    @classmethod
    @contextmanager
    def of(cls, browser: Browser, address: str, run_dir: Path, density: float = 1.0) -> Iterator[Screens]:
        """Closes its pages. `density`: pixels of the screen for one of the page."""
        screens = cls(browser, address, run_dir, density)
        try:
            yield screens
        finally:
            for page in screens.pages.values():
                page.context.close()

    def show(self, status: Status | dict[str, Any] | None) -> None:
        """Publish as the controller does; None: there is no controller."""
        self.is_unheard = status is None
        if status is not None:
            publish(self.run_dir, status)

    @contextmanager
    def page(
        self, path: str, size: tuple[int, int] = PHONE, scheme: Scheme = "light", *, scripts: bool = True
    ) -> Iterator[Page]:
        """A path of the web, freshly loaded. One page for each kind of screen is kept: opening one costs most."""
        page = self._page(size, scheme, scripts)
        page.goto((self.unheard if self.is_unheard else self.address) + path, wait_until="domcontentloaded")
        yield page
        page.goto("about:blank")  # hangs up the live line

    def _page(self, size: tuple[int, int], scheme: Scheme, scripts: bool) -> Page:
        key = (size, scheme, scripts)
        if key not in self.pages:
            context = self.browser.new_context(
                viewport={"width": size[0], "height": size[1]},
                color_scheme=scheme,
                java_script_enabled=scripts,
                device_scale_factor=self.density,
            )
            self.pages[key] = context.new_page()
            self.pages[key].on("request", lambda request: self.asked.append(request.url))
        return self.pages[key]


def violations(page: Page) -> list[str]:
    """What axe-core holds against the page, by WCAG 2.2 AA and its own best practices."""
    found = Axe().run(page, options={"runOnly": WCAG_2_2_AA, "resultTypes": ["violations"]})
    return [f"{one['id']}: {node['html']}" for one in found.response["violations"] for node in one["nodes"]]


def overflow_px(page: Page) -> int:
    """How far the page can be scrolled sideways."""
    return int(page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"))
