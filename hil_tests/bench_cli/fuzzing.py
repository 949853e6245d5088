"""`hallig bench fuzz`: random hubs and stories on all cores; what breaks is made small and kept."""

from __future__ import annotations

from pathlib import Path

from hil_tests.bench_cli.selection import seeds
from hil_tests.fuzz.main import FuzzOptions
from hil_tests.fuzz.main import fuzz as play
from hil_tests.fuzz.stories import Aim


def fuzz(seeds_text: str, processes_count: int, wanted: str, folder: Path, *, as_json: bool) -> int:
    """Play them; exit code 1 when something broke. Raises CommandError."""
    chosen = seeds(seeds_text) or (1,)
    aims = tuple(Aim) if wanted == "both" else (Aim(wanted),)
    return play(FuzzOptions(chosen[0], chosen[-1], aims, processes_count, folder, as_json))
