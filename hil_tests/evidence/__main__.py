"""Everything, in full: `python -m hil_tests.evidence [--only PART ...]`. Hours; `.ci/full` runs it on a new machine.

Each part that has run is recorded with date and machine, whatever came of it, and stands in `docs/evidence.md`.
"""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime

from controller import clock
from hil_tests.docs.evidence import evidence_page
from hil_tests.evidence.parts import parts, play
from hil_tests.evidence.record import keep, machine
from hil_tests.tests import tree

SEEDS_COUNT = 5000
WELL, BADLY = "passed", "FAILED"


def main(arguments: list[str] | None = None) -> int:
    """Run, record, write the page. Exit code 1 when a part failed."""
    options = _options(arguments)
    failed = []
    for part in parts(options.seeds, options.jobs):
        if options.only and part.name not in options.only:
            continue
        print(f"=== {part.name}: {part.line}", flush=True)
        began_s = clock.now_s()
        outcome = play(part)
        took_s = clock.now_s() - began_s
        verdict = BADLY if outcome.code else WELL
        if outcome.code:
            failed.append(part.name)
        when = datetime.fromtimestamp(clock.unix_s(), UTC).strftime("%Y-%m-%d")
        row = {"command": part.line, "said": outcome.said, "verdict": verdict, "took": _spoken(took_s)}
        keep(part.name, {**row, "date": when, "machine": machine()})
        (tree.ROOT / "docs" / "evidence.md").write_text(evidence_page(), encoding="utf-8")
    print(f"=== failed: {', '.join(failed) or 'nothing'}")
    return 1 if failed else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m hil_tests.evidence", description=__doc__)
    names = [part.name for part in parts(1, 1)]
    parser.add_argument("--only", nargs="+", choices=names, default=(), help="these parts")
    parser.add_argument("--seeds", type=int, default=SEEDS_COUNT, help=f"of the fuzzer (default {SEEDS_COUNT})")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one per core)")
    return parser.parse_args(arguments)


def _spoken(took_s: float) -> str:
    return f"{took_s:.0f} s" if took_s < 120 else f"{took_s / 60:.0f} min"


if __name__ == "__main__":
    sys.exit(main())
