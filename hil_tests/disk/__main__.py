"""Against the journal: `python -m hil_tests.disk cuts|kills|damage|failures [--count N] [--seed N]`. Exit 1: it lost.

`cuts` lets the power go at every operation of a recorded run (needs gcc), `kills` ends the real writer with kill -9
and asks an outside witness, `damage` starts it on damaged files, `failures` lets every statement of a batch fail, and
then some by chance. docs/journal.md says what each proves.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from hil_tests.disk.cuts import cut_everywhere
from hil_tests.disk.damage import damage_often
from hil_tests.disk.failures import fail_everywhere, fail_often
from hil_tests.disk.kills import kill_often
from hil_tests.disk.recording import recorded
from hil_tests.disk.shim import compiled

MEMORY_DISK = Path("/dev/shm")  # a cut needs no real disk: it is computed
SHOWN_MAX = 20


def main(arguments: list[str] | None = None) -> int:
    """Do one of them; the last line says what came of it."""
    parser = argparse.ArgumentParser(
        prog="python -m hil_tests.disk", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("what", choices=tuple(DOERS))
    parser.add_argument(
        "--count", type=int, default=500, help="kills, files, failing runs; cuts: at least (default 500)"
    )
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    logging.getLogger("hallig").setLevel(logging.ERROR)  # what the writer says of each ill disk is no news here
    said, wrongs = DOERS[asked.what](asked.count, asked.seed)
    for wrong in wrongs[:SHOWN_MAX]:
        print(wrong)
    print(said)
    return 1 if wrongs else 0


Outcome = tuple[str, tuple[str, ...]]


def _cuts(count: int, seed: int) -> Outcome:
    """Every operation in every mode, as often as the count asks for."""
    with tempfile.TemporaryDirectory(dir=MEMORY_DISK if MEMORY_DISK.is_dir() else None) as name:
        folder = Path(name)
        operations = recorded(compiled(folder), folder)
        rounds = max(1, -(-(count - 2 * len(operations)) // (2 * len(operations))))
        result = cut_everywhere(operations, folder, every=1, rounds=rounds, seed=seed)
    return f"{result}; {len(operations)} operations", result.wrongs


def _kills(count: int, seed: int) -> Outcome:
    with tempfile.TemporaryDirectory() as name:
        result = kill_often(count, Path(name), seed)
    return str(result), result.wrongs


def _damage(count: int, seed: int) -> Outcome:
    with tempfile.TemporaryDirectory() as name:
        result = damage_often(count, Path(name), seed)
    return str(result), result.wrongs


def _failures(count: int, seed: int) -> Outcome:
    with tempfile.TemporaryDirectory(dir=MEMORY_DISK if MEMORY_DISK.is_dir() else None) as name:
        result = fail_everywhere(Path(name)) + fail_often(count, Path(name), seed)
    return str(result), result.wrongs


DOERS: Mapping[str, Callable[[int, int], Outcome]] = {
    "cuts": _cuts,
    "kills": _kills,
    "damage": _damage,
    "failures": _failures,
}

if __name__ == "__main__":
    sys.exit(main())
