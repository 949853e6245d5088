"""A folder that is none, or is not there: told at once, before a device is asked or a scenario played."""

from __future__ import annotations

import pytest

from controller.cli import main


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["read", "battery_main.soc_pct", "musterhallig", "--run-dir", "nowhere"], 3, "there is no folder nowhere"),
        (["bench", "run", "ISL-003", "--report", "README.md"], 2, "README.md is a file, not a folder"),
    ],
)
def test_a_mistyped_folder_is_told_at_once(
    words: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == code
    assert told in capsys.readouterr().err
