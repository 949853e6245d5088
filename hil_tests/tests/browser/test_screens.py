"""Each state, seen by a real browser: nothing to scroll sideways, nothing that shuts anybody out."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from hil_tests.tests.browser.cases import cases
from hil_tests.tests.browser.screens import DESKTOP, NARROW, PHONE, Scheme, Screens, overflow_px, violations
from supervisor.words import LANGUAGES, words

SCHEMES: tuple[Scheme, ...] = ("light", "dark")
FEW = ("grid_connected", "islanded", "latched", "stale")
OTHER_PAGES = ("/docs", "/nothing-here")


@pytest.mark.parametrize("name", cases())
def test_every_state_is_open_to_everybody_in_light_and_dark(screens: Screens, name: str) -> None:
    screens.show(cases()[name])
    with screens.page("/?lang=de") as page:
        assert violations(page) == []
        page.emulate_media(color_scheme="dark")
        assert violations(page) == [], "dark"
        page.emulate_media(color_scheme="light")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", FEW)
def test_other_languages_and_a_wide_screen_are_open_too(screens: Screens, name: str, language: str) -> None:
    screens.show(cases()[name])
    screen: tuple[tuple[tuple[int, int], Scheme], ...] = ((PHONE, "light"), (DESKTOP, "light"), (DESKTOP, "dark"))
    for size, scheme in screen:
        with screens.page(f"/?lang={language}", size, scheme) as page:
            assert violations(page) == [], (size, scheme)
            assert page.locator("html").get_attribute("lang") == language


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", cases())
def test_nothing_scrolls_sideways_on_the_narrowest_phone(screens: Screens, name: str, language: str) -> None:
    screens.show(cases()[name])
    with screens.page(f"/?lang={language}", NARROW) as page:
        assert overflow_px(page) == 0
        assert page.locator("h1").evaluate("e => e.scrollWidth <= e.clientWidth"), "the word itself fits"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_part_for_engineers_unfolds_and_shuts_nobody_out(screens: Screens, language: str) -> None:
    screens.show(cases()["doubtful"])
    for size in (PHONE, NARROW):
        with screens.page(f"/?lang={language}", size) as page:
            assert page.locator("#devices .name").first.is_hidden()
            page.locator("#devices summary").click()
            assert page.locator("#devices .name").last.is_visible()
            assert overflow_px(page) == 0
            assert violations(page) == []


@pytest.mark.parametrize("path", OTHER_PAGES)
def test_the_other_pages_are_open_to_everybody(screens: Screens, path: str) -> None:
    for scheme in SCHEMES:
        for size in (NARROW, DESKTOP):
            with screens.page(path, size, scheme) as page:
                assert violations(page) == [], (size, scheme)
                assert overflow_px(page) == 0


@pytest.mark.parametrize("name", cases())
def test_without_scripts_everything_is_there_and_reloads_itself(screens: Screens, name: str) -> None:
    screens.show(cases()[name])
    with screens.page("/?lang=en") as live, screens.page("/?lang=en", scripts=False) as plain:
        assert plain.locator("main").inner_text() == live.locator("main").inner_text()
        refresh = "meta[http-equiv=refresh]"
        assert [plain.locator(refresh).count(), live.locator(refresh).count()] == [1, 0]


def test_on_paper_it_is_black_on_white_and_without_what_nobody_can_press(screens: Screens) -> None:
    screens.show(cases()["islanded"])
    with screens.page("/?lang=da", PHONE, "dark") as page:
        page.emulate_media(media="print")
        colours = "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]"
        assert page.locator("body").evaluate(colours) == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
        assert [page.locator(part).is_visible() for part in ("nav", "footer")] == [False, False]
        assert page.locator("#age").is_visible(), "a sheet says how old it is"
        assert page.pdf().startswith(b"%PDF")
        page.emulate_media(media="screen")


def test_nothing_moves(screens: Screens) -> None:
    screens.show(cases()["islanded"])
    with screens.page("/") as page:
        moving = "e => [...e.querySelectorAll('*')].filter(one => getComputedStyle(one).animationName != 'none')"
        assert page.locator("html").evaluate(f"{moving}.length") == 0
        assert page.evaluate("document.getAnimations().length") == 0


def test_a_keyboard_reaches_the_content_first(screens: Screens) -> None:
    screens.show(cases()["islanded"])
    with screens.page("/?lang=en", DESKTOP) as page:
        page.keyboard.press("Tab")
        assert page.locator(":focus").inner_text() == words("en")("page.skip")
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()


def test_no_page_asks_anybody_else_for_anything(screens: Screens) -> None:
    screens.show(cases()["islanded"])
    for path in ("/", *OTHER_PAGES):
        with screens.page(path) as page:
            page.wait_for_load_state("load")
    ours = (f"{screens.address}/", f"{screens.unheard}/", "about:", "data:")
    strangers = {url for url in screens.asked if not url.startswith(ours)}
    assert strangers == set()
    assert f"{screens.address}/docs" in screens.asked
