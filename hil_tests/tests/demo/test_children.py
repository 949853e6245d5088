"""What the demo says of a process that died."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hil_tests.demo.children import Child


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("os._exit(71)", "this machine is too busy: the controller's loop hung, and its watchdog ended it (code 71)"),
        ("os.kill(os.getpid(), 9)", "somebody ended the controller (SIGKILL)"),
        ("os._exit(3)", "the controller ended by itself (code 3, see controller.log)"),
    ],
)
def test_a_code_is_said_in_words(code: str, said: str) -> None:
    process = subprocess.Popen([sys.executable, "-c", f"import os; {code}"])
    process.wait(30)
    assert Child("controller", process, Path("controller.log")).how_it_ended == said
