"""Every change of mode again, with one device silent for a moment: `python -m hil_tests.blinks [ID ...] [--cases N]`.

A lost answer may cost seconds, never the night. Each case is a story, a device, an instant around one of the story's
orders and a silence of that device; the story is played with and without it. Broken is an invariant, a hub that ends
in another mode than without the silence, and tier 0 or a radio that is dark for longer than silence and patience last.
Cases are drawn from all that there are; a broken one is said with the words that repeat it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from hil_tests.bench.loading import load_all
from hil_tests.blinks.beside import mapped
from hil_tests.blinks.draw import SILENCES_S, applicable, drawn
from hil_tests.blinks.play import Case, wrong


def main(argv: Sequence[str] | None = None) -> int:
    """Exit 1 when a silence cost more than it may."""
    parser = _parser()
    asked = parser.parse_args(argv)
    known = {each.scenario.id: each.site for each in load_all()}
    if unknown := sorted(set(asked.ids) - known.keys()):
        parser.error(f"no scenario {', '.join(unknown)}")
    if asked.at is not None:
        if len(asked.ids) != 1 or asked.device not in known[asked.ids[0]].devices:
            parser.error("--at wants one scenario and a --device of its site")
        cases = [Case(asked.ids[0], asked.device, asked.at, asked.duration)]
    else:
        cases = list(drawn(asked.ids or applicable(), asked.cases, asked.seed, asked.jobs))
    broken_count = 0
    for case, costs in zip(cases, mapped(wrong, cases, asked.jobs), strict=True):
        broken_count += bool(costs)
        for line in costs:
            print(f"broken  {case.words}: {line}", flush=True)
    print(f"{len(cases)} silences, {broken_count} cost more than they may")
    return 1 if broken_count else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m hil_tests.blinks", description=__doc__)
    parser.add_argument("ids", nargs="*", metavar="ID", help="stories; all that apply, if none is named")
    parser.add_argument("--cases", type=int, default=1000, help="how many silences are drawn")
    parser.add_argument("--seed", type=int, default=1, help="of the draw")
    parser.add_argument("--jobs", type=int, default=1, help="processes beside each other")
    parser.add_argument("--device", help="with --at and --for: this silence alone")
    parser.add_argument("--at", type=float, help="its instant in seconds")
    parser.add_argument("--for", dest="duration", type=float, default=SILENCES_S[0], help="its length in seconds")
    return parser


if __name__ == "__main__":
    sys.exit(main())
