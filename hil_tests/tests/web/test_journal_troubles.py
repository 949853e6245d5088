"""What is wrong with the event log, told to people who cannot mend it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hil_tests.tests.web.html import page, text
from hil_tests.tests.web.statuses import on_grid


@pytest.mark.parametrize(
    ("journal", "language", "sentence"),
    [
        (
            {"copy_reason": "full"},
            "en",
            "The copy of locks and attempts is not being saved It lies beside the event log",
        ),
        ({"copy_reason": "full"}, "de", "Die Kopie der Sperren und Versuche wird nicht gespeichert Sie liegt neben"),
        ({"copy_reason": "full"}, "da", "Kopien af spærringer og forsøg gemmes ikke Den ligger ved siden af"),
        (
            {"is_ok": False, "is_held": True},
            "en",
            "Events are not being saved A second controller writes into the same",
        ),
        ({"is_ok": False, "is_held": True}, "de", "Meldungen werden nicht gespeichert Eine zweite Steuerung schreibt"),
        ({"is_ok": False, "is_held": True}, "da", "Hændelser gemmes ikke En anden styring skriver i samme mappe"),
    ],
)
def test_what_is_wrong_with_the_event_log_is_told_plainly(
    tmp_path: Path, journal: dict[str, Any], language: str, sentence: str
) -> None:
    status = on_grid()
    told = text(page(tmp_path, replace(status, journal=replace(status.journal, **journal)), language))
    assert sentence in told
    assert "full" not in told, "an error text is for engineers"
    assert sentence not in text(page(tmp_path, status, language))
