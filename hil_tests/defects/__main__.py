"""Hunt the planted defects: `python -m hil_tests.defects [--jobs N] [DEF-001 ...]`. Exit code 1: one was missed."""

from __future__ import annotations

import argparse
import os
import sys

from hil_tests.defects.hunt import hunt, sound
from hil_tests.defects.patching import all_defects
from hil_tests.defects.record import write_record


def main(arguments: list[str] | None = None) -> int:
    """Hunt and tell."""
    parser = argparse.ArgumentParser(prog="python -m hil_tests.defects", description=__doc__)
    parser.add_argument("ids", nargs="*", help="only these")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--scenarios", nargs="*", default=(), help="in these instead of each one's own")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every N-th of them")
    parser.add_argument("--write", action="store_true", help="keep what caught each of them, for the documentation")
    parser.add_argument("--sound", action="store_true", help="their scenarios have passed without any defect just now")
    options = parser.parse_args(arguments)
    defects = [each for each in all_defects() if not options.ids or each.id in options.ids][:: options.every]
    names = (name for defect in defects for name in options.scenarios or defect.scenarios)
    wrong = [] if options.sound else sound(names)
    for line in wrong:
        print(f"without any defect: {line}")
    caught = []
    for each in hunt(defects, options.jobs, tuple(options.scenarios)):
        caught.append(each)
        where = (
            f"{each.by} in {each.scenario}: {each.detail}" if each.by else f"MISSED{each.detail.removeprefix('missed')}"
        )
        print(f"{each.defect}  {each.title}\n         {where[:160]}", flush=True)
    missed = [each.defect for each in caught if not each.by]
    print(f"{len(caught)} defects, {len(caught) - len(missed)} caught, missed: {', '.join(missed) or 'none'}")
    if options.write and not missed:
        write_record(caught, (defect.id for defect in all_defects()))
    return 1 if missed or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
