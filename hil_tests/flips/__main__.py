"""Every scenario again, with one bit flipped in every fifth reply: `python -m hil_tests.flips [ID ...] [--jobs N]`.

On Modbus TCP nothing of Modbus sees a flipped bit; on a serial line the CRC does, and the answer is lost. All scenarios
that are expected to pass are played with real bytes, and every Modbus device has the fault from its second second on.
Expectations of service are not asked for, since some would be late; every invariant is, and every switching order is
compared with those of the same story without flips (`orders.py`): not one wrong switching operation. A story whose
course hangs on instants that a doubted sample moves is named, with the reason, and judged by the invariants alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from hil_tests.bench.verdict import Result
from hil_tests.flips.play import applicable, play


def main(argv: Sequence[str] | None = None) -> int:
    """Exit 1 when an invariant was broken somewhere, or nobody doubted anything: then nothing was flipped."""
    parser = argparse.ArgumentParser(prog="python -m hil_tests.flips", description=__doc__)
    parser.add_argument("ids", nargs="*", metavar="ID", help="scenarios; all that apply, if none is named")
    parser.add_argument("--jobs", type=int, default=1, help="processes beside each other")
    asked = parser.parse_args(argv)
    broken_count = runs_count = refuted_count = 0
    for result in _played(asked.ids or applicable(), asked.jobs):
        runs_count += 1
        broken_count += bool(result.findings)
        refuted_count += sum(event.reason.value == "readings_doubted" for _, event in result.events)
        if result.findings:
            print(f"broken  {result.scenario_id} seed {result.seed}: {result.findings[0]}", flush=True)
    print(f"{runs_count} runs, {broken_count} broke something, doubts were told {refuted_count} times")
    return 1 if broken_count or not refuted_count else 0


def _played(ids: Sequence[str], jobs: int) -> Iterator[Result]:
    if jobs < 2:
        yield from map(play, ids)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(play, ids)


if __name__ == "__main__":
    sys.exit(main())
