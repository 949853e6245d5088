"""`python -m hil_tests.faults.odd_clock run ...`: the controller as it is, under a wall clock that the bench can set.

Boot time, by which everything is decided, is the kernel's own and stays it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from controller import clock
from controller.cli import main

FILE_VARIABLE = "HALLIG_ODD_CLOCK"


def odd_main() -> int:
    """Run the command line; returns its exit code."""
    path, real = Path(os.environ[FILE_VARIABLE]), clock.unix_s
    begun: dict[float, float] = {}  # a wanted instant, and the real one at which it was first wanted

    def unix_s() -> float:
        shift = _read(path)
        if "zone" in shift and os.environ.get("TZ") != shift["zone"]:
            os.environ["TZ"] = str(shift["zone"])
            time.tzset()
        wanted_s = shift.get("at_unix_s")
        if wanted_s is None:
            return real() + float(shift.get("by_s", 0.0))
        first_s = begun.setdefault(wanted_s, real())
        return float(wanted_s) + real() - first_s

    clock.unix_s = unix_s
    return main()


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return {}


if __name__ == "__main__":
    sys.exit(odd_main())
