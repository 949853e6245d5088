"""Random commands, millions of them, and the real guard: `python -m hil_tests.hostile --cycles 1000000 --jobs 2`."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Iterable
from contextlib import nullcontext

from controller import clock
from hil_tests.hostile.lesser import LACKS, lesser
from hil_tests.hostile.tale import CYCLES_COUNT, Told, tell
from hil_tests.simulation.collector import rare_collections

SHOWN_MAX = 5  # findings of one tale


def main(arguments: list[str] | None = None) -> int:
    """Tell tales until there are enough cycles. Exit code 1: something that must not be was."""
    parser = argparse.ArgumentParser(prog="python -m hil_tests.hostile", description=__doc__)
    parser.add_argument("--cycles", type=int, default=20_000, help="how many cycles in all")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--without", choices=sorted(LACKS), help="a lesser guard, which lacks this")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes")
    options = parser.parse_args(arguments)
    seeds = range(options.seed, options.seed + -(-options.cycles // CYCLES_COUNT))
    began_s = clock.now_s()
    guard = lesser(options.without) if options.without else nullcontext()
    with guard, multiprocessing.Pool(options.jobs, maxtasksperchild=200) as pool, rare_collections():
        broken_count, cycles_count = _listen(pool.imap(tell, seeds))
    took_s = clock.now_s() - began_s
    print(f"{cycles_count} cycles of {len(seeds)} tales from {options.seed}, {broken_count} broken, {took_s:.0f} s")
    return 1 if broken_count else 0


def _listen(tales: Iterable[Told]) -> tuple[int, int]:
    broken_count = cycles_count = 0
    for told in tales:
        cycles_count += told.cycles_count
        broken_count += bool(told.findings)
        for finding in told.findings[:SHOWN_MAX]:
            print(f"seed {told.seed} {told.hub}: {finding}", flush=True)
    return broken_count, cycles_count


if __name__ == "__main__":
    sys.exit(main())
