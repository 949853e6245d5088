"""People read the page when they are worried: of a grid that is only not measured it must not say that it is gone."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from hil_tests.tests.browser.cases import cases
from hil_tests.tests.browser.screens import PHONE, Screens, overflow_px
from hil_tests.tests.web.journals import blinded_on_the_way
from hil_tests.tests.web.served import web_of
from supervisor.events import TOLD_KINDS
from supervisor.mirror import EventMirror

TOLD = {
    "de": "Inselbetrieb – Netz wird gerade nicht gemessen",
    "da": "Ø-drift – nettet måles ikke lige nu",
    "en": "Island – the grid is not measured right now",
}
GONE = {"de": ("wieder weg", "ausgefallen."), "da": ("væk igen", "faldet ud."), "en": ("gone again", "has failed.")}


@pytest.mark.parametrize("language", TOLD)
def test_a_grid_that_is_not_measured_is_told_as_that(browser: Browser, tmp_path: Path, language: str) -> None:
    EventMirror(tmp_path / "data", TOLD_KINDS).keep(1, blinded_on_the_way())
    with web_of(tmp_path, tmp_path / "data") as address, Screens.of(browser, address, tmp_path) as screens:
        screens.show(cases()["grid unseen"])
        with screens.page(f"/?lang={language}", PHONE) as page:
            told = page.locator("main").inner_text().replace("\u00a0", " ")
            assert TOLD[language] in told
            assert [words for words in GONE[language] if words in told] == []
            assert overflow_px(page) == 0
