"""Since when it has been so, on the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from controller.model.words import GridVerdict
from hil_tests.tests.web.html import page, text
from hil_tests.tests.web.statuses import islanded


def test_what_a_restart_found_has_lasted_at_least_since_then(tmp_path: Path) -> None:
    assert "at least since 1" in text(page(tmp_path, replace(islanded(), is_since_at_least=True)))
    assert "at least since" not in text(page(tmp_path, islanded()))
    lost = replace(islanded().grid, verdict=GridVerdict.LOST, is_since_at_least=True)
    assert "at least since 1" in text(page(tmp_path, replace(islanded(), grid=lost)))
