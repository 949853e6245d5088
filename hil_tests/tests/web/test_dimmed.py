"""The network operator's order on the page, in plain words, and only while it stands."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from controller.model.words import Mode
from hil_tests.tests.web.html import LANGUAGE, page, text
from hil_tests.tests.web.statuses import in_mode
from supervisor.words import words


@LANGUAGE
def test_it_is_told_while_it_stands(tmp_path: Path, language: str) -> None:
    status = in_mode(Mode.GRID_CONNECTED)
    say = words(language)("page.dimmed")
    assert say in text(page(tmp_path, replace(status, import_limit_w=4_200.0), language))
    assert say not in text(page(tmp_path, status, language))
