"""`hallig bench fuzz`: hands over to the fuzzer, which is loaded only now."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import cast

from controller.commands.frame import USAGE, CommandError
from hil_tests.bench_cli.selection import seeds

FUZZER = "hil_tests.fuzz.main"


class Property(Enum):
    """What a random run must keep."""

    SAFETY = "safety"  # whatever fails, nothing that must never be
    LIVENESS = "liveness"  # once everything is healed, the goal within its time
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class FuzzOptions:
    """What the command line said."""

    seeds: tuple[int, ...]
    processes_count: int
    property: Property
    as_json: bool


def fuzz(seeds_text: str, processes_count: int, wanted: Property, *, as_json: bool) -> int:
    """The fuzzer's exit code. Raises CommandError."""
    options = FuzzOptions(seeds(seeds_text) or (), processes_count, wanted, as_json)
    try:
        fuzzer = importlib.import_module(FUZZER)
    except ModuleNotFoundError as error:
        if error.name is None or not FUZZER.startswith(error.name):
            raise
        raise CommandError(
            "usage", USAGE, "the fuzzer is not in this installation", "Play scenarios instead."
        ) from None
    return cast("Callable[[FuzzOptions], int]", fuzzer.fuzz)(options)
