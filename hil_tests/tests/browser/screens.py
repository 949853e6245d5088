"""Pages of the browser at the sizes and in the schemes that people have, and what is asked of each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from controller.snapshot import NAME
from controller.status import Status
from hil_tests.tests.web.statuses import publish

Scheme = Literal["light", "dark"]
PHONE, DESKTOP, NARROW = (390, 844), (1280, 900), (320, 640)
WCAG_2_2_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass(slots=True)
class Screens:
    """Opens pages of one web; contexts are made once for each size and scheme."""

    browser: Browser
    address: str
    run_dir: Path
    density: float = 1.0
    contexts: dict[tuple[tuple[int, int], Scheme, bool], BrowserContext] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)  # every address that any page wanted

    @classmethod
    @contextmanager
    def of(cls, browser: Browser, address: str, run_dir: Path, density: float = 1.0) -> Iterator[Screens]:
        """Closes its contexts. `density`: pixels of the screen for one of the page."""
        screens = cls(browser, address, run_dir, density)
        try:
            yield screens
        finally:
            for context in screens.contexts.values():
                context.close()

    def show(self, status: Status | dict[str, Any] | None) -> None:
        """Publish as the controller does; None: there is no controller."""
        if status is None:
            (self.run_dir / NAME).unlink(missing_ok=True)
        else:
            publish(self.run_dir, status)

    @contextmanager
    def page(
        self, path: str, size: tuple[int, int] = PHONE, scheme: Scheme = "light", *, scripts: bool = True
    ) -> Iterator[Page]:
        """A fresh page on a path of the web."""
        page = self._context(size, scheme, scripts).new_page()
        page.on("request", lambda request: self.asked.append(request.url))
        try:
            page.goto(self.address + path, wait_until="domcontentloaded")
            yield page
        finally:
            page.close()

    def _context(self, size: tuple[int, int], scheme: Scheme, scripts: bool) -> BrowserContext:
        key = (size, scheme, scripts)
        if key not in self.contexts:
            self.contexts[key] = self.browser.new_context(
                viewport={"width": size[0], "height": size[1]},
                color_scheme=scheme,
                java_script_enabled=scripts,
                device_scale_factor=self.density,
            )
        return self.contexts[key]


def violations(page: Page) -> list[str]:
    """What axe-core holds against the page, by WCAG 2.2 AA and its own best practices."""
    found = Axe().run(page, options={"runOnly": WCAG_2_2_AA, "resultTypes": ["violations"]})
    return [f"{one['id']}: {node['html']}" for one in found.response["violations"] for node in one["nodes"]]


def overflow_px(page: Page) -> int:
    """How far the page can be scrolled sideways."""
    return int(page.evaluate("document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"))
