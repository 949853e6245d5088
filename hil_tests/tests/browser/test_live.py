"""A page that stays open: it follows the controller, and says so when it cannot."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from controller.model.words import Mode
from hil_tests.tests.browser.cases import cases
from hil_tests.tests.browser.screens import Screens
from hil_tests.tests.web.served import web_of
from hil_tests.tests.web.statuses import islanded, on_grid, publish
from supervisor.words import words

GREY_WITHIN_S = 10.0
SOON_MS = 5_000
SAY = words("en")


def test_the_page_follows_without_a_reload(screens: Screens) -> None:
    screens.show(on_grid())
    with screens.page("/?lang=en") as page:
        page.evaluate("window.stays = 1")
        expect(page.locator("h1")).to_have_text(SAY("mode.grid_connected"))
        screens.show(replace(islanded(), mode=Mode.UNPLANNED_ISLANDING))
        expect(page.locator("h1")).to_have_text(SAY("mode.unplanned_islanding"), timeout=SOON_MS)
        screens.show(islanded())
        expect(page.locator("h1")).to_have_text(SAY("mode.islanded"), timeout=SOON_MS)
        assert page.title().startswith(SAY("mode.islanded"))
        expect(page.locator("#say")).to_have_text(SAY("mode.islanded"))
        assert page.evaluate("window.stays") == 1, "it was never reloaded"


def test_what_somebody_unfolded_stays_so_while_the_page_follows(screens: Screens) -> None:
    screens.show(cases()["doubtful"])
    with screens.page("/?lang=en") as page:
        page.locator("#devices summary").press("Enter")
        screens.show(islanded())
        expect(page.locator("h1")).to_have_text(SAY("mode.islanded"), timeout=SOON_MS)
        expect(page.locator("#devices .name").first).to_be_visible()


def test_a_language_is_kept_while_the_page_follows(screens: Screens) -> None:
    screens.show(on_grid())
    with screens.page("/?lang=da") as page:
        screens.show(cases()["dark"])
        expect(page.locator("h1")).to_have_text(words("da")("mode.dark"), timeout=SOON_MS)


def test_a_silent_controller_turns_the_page_grey_by_itself_and_a_reload_says_it(screens: Screens) -> None:
    last_words = islanded()
    silent_since_s = time.monotonic()
    screens.show(last_words)
    with screens.page("/?lang=en") as page, screens.page("/?lang=en", scripts=False) as plain:
        assert not is_grey(page)
        page.locator("section.state.grey").wait_for(timeout=2_000 * GREY_WITHIN_S)
        assert time.monotonic() - silent_since_s <= GREY_WITHIN_S
        expect(page.locator("main")).to_contain_text(SAY("page.stale"))
        expect(page.locator("main")).to_contain_text("No contact with the controller since")
        expect(page.locator("#lost")).to_be_hidden()  # the page itself is well
        plain.reload()
        assert is_grey(plain)


def test_a_dead_web_is_told_apart_from_a_silent_controller(browser: Browser, tmp_path: Path) -> None:
    publish(tmp_path, islanded())
    page = browser.new_page()
    with web_of(tmp_path) as address:
        page.goto(f"{address}/?lang=en")
        expect(page.locator("#lost")).to_be_hidden()
    expect(page.locator("#lost")).to_be_visible(timeout=1_000 * GREY_WITHIN_S)
    expect(page.locator("#lost")).to_have_text(SAY("page.lost"))
    assert page.locator("main").evaluate("e => getComputedStyle(e).filter") == "grayscale(1)"
    page.close()


def test_before_the_first_contact_it_says_so(screens: Screens) -> None:
    screens.show(None)
    with screens.page("/?lang=en") as page:
        expect(page.locator("main")).to_contain_text(SAY("page.never_contact"))
        assert is_grey(page)


def is_grey(page: Page) -> bool:
    return page.locator("section.state.grey").count() == 1
