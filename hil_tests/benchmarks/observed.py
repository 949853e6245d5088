"""`python -m hil_tests.benchmarks.observed run ...`: the controller as it is, and how late each of its cycles began.

The snapshot tells the p99 of the newest thousand cycles; here every one is kept, and written as seconds, one a line,
to the file that the environment names, when the controller ends. Keeping one costs an append.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from controller.cli import main
from controller.loop import Timekeeping

FILE_VARIABLE = "HALLIG_LATENESS_FILE"


def observed_main() -> int:
    """Run the command line; returns its exit code."""
    kept_s: list[float] = []
    note = Timekeeping.note

    def note_and_keep(self: Timekeeping, late_s: float, cycle_s: float) -> None:
        kept_s.append(late_s)
        note(self, late_s, cycle_s)

    Timekeeping.note = note_and_keep  # type: ignore[method-assign]  # the controller keeps no more than it publishes
    try:
        return main()
    finally:
        Path(os.environ[FILE_VARIABLE]).write_text("\n".join(map(repr, kept_s)), encoding="ascii")


if __name__ == "__main__":
    sys.exit(observed_main())
