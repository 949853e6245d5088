"""The fuzzer without the command line of the product: `python -m hil_tests.fuzz --seeds 1..60`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hil_tests.bench.scenario import seeds_of
from hil_tests.fuzz.main import FuzzOptions, fuzz
from hil_tests.fuzz.stories import Aim


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1: something broke."""
    parser = argparse.ArgumentParser(prog="python -m hil_tests.fuzz", description=__doc__)
    parser.add_argument("--seeds", type=_seeds, default=(1,), help='a seed, or a range like "1..60"')
    parser.add_argument("--aim", choices=[aim.value for aim in Aim], help="only safety, or only liveness")
    parser.add_argument("--jobs", type=int, help="processes; without it, one for each core")
    parser.add_argument("--folder", type=Path, default=Path("hallig-fuzz"), help="where reproducers go")
    options = parser.parse_args(arguments)
    aims = () if options.aim is None else (Aim(options.aim),)
    return fuzz(FuzzOptions(options.seeds[0], options.seeds[-1], aims, options.jobs, options.folder))


def _seeds(text: str) -> tuple[int, ...]:
    return seeds_of(int(text) if text.isdecimal() else text)


if __name__ == "__main__":
    sys.exit(main())
