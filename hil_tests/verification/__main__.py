"""Ask the tools again and freeze their answers: `python -m hil_tests.verification [CASE ...] [--check]`.

Needs the optional extra `verify`, but for v10. With `--check` nothing is written: exit code 1 when an answer has moved.
With `--figures` the plant's own figures of docs/plant.md are printed, and no tool is asked.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from controller import clock
from hil_tests.verification import own
from hil_tests.verification.distances import distances
from hil_tests.verification.figures import figures
from hil_tests.verification.golden import Golden, greatest_difference, load, save

Answer = tuple[str, dict[str, Any], dict[str, Any]]
"""The tool with its version, what it was given, what it found."""

SAME = 1e-6  # Hz, pu, W/1000, degrees: what another version's rounding may move


def main(arguments: list[str] | None = None) -> int:
    """Make the answers, or only compare."""
    parser = argparse.ArgumentParser(
        prog="python -m hil_tests.verification", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of: {', '.join(CASES)} (default: all)")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when an answer has moved")
    parser.add_argument(
        "--figures", action="store_true", help="print how far we are from each answer, and sanity figures"
    )
    asked = parser.parse_args(arguments)
    unknown = [case for case in asked.cases if case not in CASES]
    if unknown:
        parser.error(f"no case called {', '.join(unknown)}; there are: {', '.join(CASES)}")
    if asked.figures:
        print(*distances(), *figures(), sep="\n")
        return 0
    moved = False
    for case in asked.cases or CASES:
        title, ask = CASES[case]
        try:
            name, given, found = ask()
        except ModuleNotFoundError as error:
            parser.exit(2, f"{case} needs {error.name}: install the extra `verify`\n")
        if asked.check:
            moved = not _is_same(case, found) or moved
        else:
            today = datetime.fromtimestamp(clock.unix_s(), UTC).date().isoformat()
            save(Golden(case, title, name, today, given, found))
            print(f"{case}: {title}; by {name}")
    return 1 if moved else 0


def _is_same(case: str, found: dict[str, Any]) -> bool:
    difference = greatest_difference(load(case).found, found)
    print(f"{case}: greatest difference {difference:.1e}{'' if difference <= SAME else ', moved'}")
    return difference <= SAME


def _v6() -> Answer:
    from hil_tests.verification import andes_cases as tool  # noqa: PLC0415 - an optional extra

    return tool.tool(), *tool.v6()


def _v7() -> Answer:
    from hil_tests.verification import andes_cases as tool  # noqa: PLC0415 - an optional extra

    return tool.tool(), *tool.v7()


def _v8() -> Answer:
    from hil_tests.verification import pandapower_cases as tool  # noqa: PLC0415 - an optional extra

    return tool.tool(), *tool.v8()


def _v9() -> Answer:
    from hil_tests.verification import pandapower_cases as tool  # noqa: PLC0415 - an optional extra

    return tool.tool(), *tool.v9()


def _v10() -> Answer:
    given = {"span_s": own.DAY_S, "peak_w_per_m2": own.PEAK_W_PER_M2}
    return "the dynamic plant in steps of 10 ms", given, dict(own.stepped_day())


CASES: dict[str, tuple[str, Callable[[], Answer]]] = {
    "v6": ("one machine, ten per cent more load", _v6),
    "v7": ("two machines on one bus, ten per cent more load", _v7),
    "v8": ("the hub's bus on its grid", _v8),
    "v9": ("the residential part of the CIGRE low-voltage network", _v9),
    "v10": ("six hours of island under a bell of sun", _v10),
}


if __name__ == "__main__":
    sys.exit(main())
