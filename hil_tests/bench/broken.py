"""A plant whose numbers have ended: its last good state, kept for whoever looks for the cause."""

from __future__ import annotations

import tempfile
from pathlib import Path

from controller.plain_words import in_words
from hil_tests.bench.director import PlantBrokenError
from hil_tests.bench.scenario import Scenario, Tier


def kept(broken: PlantBrokenError, scenario: Scenario, seed: int, tier: Tier) -> str:
    """What to say of the run, with the file in which the last good state is; a full disk is said, too."""
    if not broken.snapshot:
        return f"{broken}; there was no good state before"
    path = Path(tempfile.gettempdir()) / f"hallig-{scenario.id}-seed{seed}-{tier.value}.plant"
    try:
        path.write_bytes(broken.snapshot)
    except OSError as error:
        return f"{broken}; its last good state could not be kept: {in_words(error)}"
    return f"{broken}; its last good state, of {broken.good_at_s:.2f} s, is in {path}: `Plant.restore` reads it"
