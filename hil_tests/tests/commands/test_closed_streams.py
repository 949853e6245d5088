"""A command whose output or error stream is closed (`>&-`): silent there, and its exit code tells."""

from __future__ import annotations

import subprocess

import pytest

from hil_tests.tests.commands.village import HALLIG


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    ("words", "code"),
    [("check musterhallig", 0), ("check nowhere", 2), ("status --run-dir /nowhere", 3), ("--help", 0)],
)
def test_with_a_closed_stream_it_is_silent_there_and_its_exit_code_tells(closed: str, words: str, code: int) -> None:
    """It ended with 1 and a mistake of ours."""
    line = f"{' '.join(HALLIG)} {words} {closed}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert bool(done.stderr) is (code != 0 and closed == ">&-"), "mistakes are told where somebody listens"
    assert bool(done.stdout) is (code == 0 and closed == "2>&-"), "and never among the output"
