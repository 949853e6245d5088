"""Random returns to the grid: `python -m hil_tests.reconnections [--count N] [--seed S] [--jobs J]`.

The controller times every contact alone, the plant's ANSI 25 bypassed; each breaker takes 30 to 80 ms. Exit 1 when one
contact was outside the envelope (10 degrees, 0.1 Hz, 5 %), when the guard had to refuse an order, or when one in a
hundred was worse than 5 degrees, 0.1 Hz or 3 %. `--only N` plays one return alone. Ctrl-C tells what there is so far.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from hil_tests.benchmarks.table import write_page
from hil_tests.reconnections.draw import BRANCHES_COUNT
from hil_tests.reconnections.play import Outcome, play_family, played
from hil_tests.reconnections.tally import closed, faults, is_outside, rows, table, told, verdict

TOLD_FAULTS_MAX = 20


def main(argv: Sequence[str] | None = None) -> int:
    """Play them, and say how well they closed."""
    parser = argparse.ArgumentParser(
        prog="python -m hil_tests.reconnections", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000, help="returns, in families of 16 (default: 10000)")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn (default: 1)")
    parser.add_argument("--jobs", type=int, default=1, help="processes beside each other (default: 1)")
    parser.add_argument("--only", type=int, metavar="N", help="the return of this number alone")
    parser.add_argument("--write", action="store_true", help="replace the table in docs/benchmarks.md")
    asked = parser.parse_args(argv)
    if asked.only is not None:
        outcomes = play_family(asked.seed, asked.only // BRANCHES_COUNT, (asked.only % BRANCHES_COUNT,))
        print(outcomes[0].why or told(outcomes[0]))
    else:
        outcomes = _collected(asked.seed, asked.count, asked.jobs)
    wrong = list(faults(outcomes))
    print("\n".join([*table(outcomes), *wrong[:TOLD_FAULTS_MAX], verdict(outcomes)]), flush=True)
    if asked.write:
        write_page({"reconnections": rows(outcomes)}, f"python -m hil_tests.reconnections --count {len(outcomes)}")
    return 1 if wrong else 0


def _collected(seed: int, count: int, jobs: int) -> list[Outcome]:
    outcomes: list[Outcome] = []
    try:
        for found in played(seed, count, jobs):
            outcomes += found
            _tell_progress(outcomes, count)
    except KeyboardInterrupt:
        print("\nended early", file=sys.stderr)
    return outcomes


def _tell_progress(outcomes: Sequence[Outcome], count: int) -> None:
    outside_count = sum(map(is_outside, outcomes))
    line = f"{len(outcomes)} of {count} returns, {len(closed(outcomes))} closed, {outside_count} outside the envelope"
    end = "\n" if len(outcomes) >= count else "\r"
    print(line, end=end, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
