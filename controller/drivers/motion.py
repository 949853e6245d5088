"""Which writes set something in motion, and so must not arrive twice for no better reason than a lost answer.

To open, to stop and to limit are levels: told twice they are what they were. To close, to start and to form is to set
something in motion, and a device that takes each such write for a new one (a pulse, a counter of starts) does it twice.
"""

from __future__ import annotations

from controller.drivers.link import Value
from controller.model.words import InverterMode

SWITCHES = frozenset({"close", "close_permit", "closed", "run"})  # when told true
MODE = "mode_set"


def sets_in_motion(point: str, value: Value) -> bool:
    """To close, to permit it, to start, to form or to follow."""
    name = point.rpartition(".")[2]
    return (name in SWITCHES and bool(value)) or (name == MODE and value != InverterMode.OFF.value)
