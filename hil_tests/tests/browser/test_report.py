"""The bench's report, seen by a real browser: open to everybody, from one file, on a phone and on paper."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from hil_tests.reports.directory import write
from hil_tests.tests.browser.screens import DESKTOP, NARROW, PHONE, Scheme, overflow_px, violations
from hil_tests.tests.reports.results import ABOUT, one_of_each, result

SCREENS: tuple[tuple[tuple[int, int], Scheme], ...] = ((DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light"))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("report")
    write(folder, [result("ISL-002", metrics={"backfeed_j": 3.0})], ABOUT)
    write(folder, one_of_each(), ABOUT)
    return (folder / "report.html").as_uri()


@contextmanager
def shown(
    browser: Browser, address: str, size: tuple[int, int], scheme: Scheme = "light", *, scripts: bool = True
) -> Iterator[tuple[Page, list[str]]]:
    """The page, and every address that it wanted."""
    screen = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=screen, color_scheme=scheme, java_script_enabled=scripts)  # type: ignore[arg-type]
    page, asked = context.new_page(), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    yield page, asked
    context.close()


@pytest.mark.parametrize(("size", "scheme"), SCREENS, ids=["wide", "wide dark", "phone"])
def test_it_is_open_to_everybody_and_loads_nothing(
    browser: Browser, address: str, size: tuple[int, int], scheme: Scheme
) -> None:
    with shown(browser, address, size, scheme) as (page, asked):
        assert violations(page) == []
        assert overflow_px(page) == 0
        assert [url for url in asked if not url.startswith("data:")] == [address]


def test_nothing_scrolls_sideways_on_the_narrowest_phone(browser: Browser, address: str) -> None:
    with shown(browser, address, NARROW) as (page, _):
        assert overflow_px(page) == 0


def test_without_scripts_everything_is_there(browser: Browser, address: str) -> None:
    with shown(browser, address, DESKTOP, scripts=False) as (plain, _):
        assert plain.locator("article:visible").count() == 5
        assert plain.locator("button").count() == 0
        drawn = plain.locator("article#ISL-001 .plot svg").first.bounding_box()
        assert drawn is not None
        assert min(drawn["width"], drawn["height"]) > 80


def test_scripts_add_a_copy_button_and_a_filter(browser: Browser, address: str) -> None:
    with shown(browser, address, DESKTOP) as (page, _):
        assert page.locator(".again button").count() == page.locator(".again").count() > 0
        page.get_by_label("only those that are not as expected").check()
        assert page.locator("article:visible").count() == 3


def test_on_paper_it_is_black_on_white_with_room_to_sign(browser: Browser, address: str, tmp_path: Path) -> None:
    with shown(browser, address, DESKTOP, "dark") as (page, _):
        page.emulate_media(media="print")
        colours = "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]"
        assert page.locator("body").evaluate(colours) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
        assert not page.locator("nav").is_visible()
        assert page.locator(".signatures tbody tr").all_inner_texts() == [
            "Tested by\t\t\t\t",
            "Witnessed by\t\t\t\t",
            "Accepted by\t\t\t\t",
        ]
        path = tmp_path / "report.pdf"
        page.pdf(path=path, prefer_css_page_size=True)
        assert path.read_bytes().count(b"/Type /Page\n") >= 5, "each scenario begins a page"
