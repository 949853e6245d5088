"""What an output does when a device is lost: the words of the loss table."""

from __future__ import annotations

from enum import Enum

from controller.config.types import OnLoss


class Effect(Enum):
    """What an output does."""

    AS_EVER = "as ever"  # the loss is nothing to it
    HOLDS = "holds"
    KEEPS_FORMING = "keeps forming"
    LAPSES = "lapses"
    STOPS = "stops"
    OPENS = "opens"
    HELD_BACK = "held back"  # it is reached, and judgement or guard does not see enough to move it
    ADAPTS = "adapts"  # it is moved by what can still be seen
    DROPPED = "dropped"  # a black start begins with every load off that supplies none of our own gear
    STARTED = "started"  # a black start by the genset


ON_LOSS = {
    OnLoss.HOLD: Effect.HOLDS,
    OnLoss.KEEP_FORMING: Effect.KEEPS_FORMING,
    OnLoss.FREE_RUN: Effect.LAPSES,
    OnLoss.STOP: Effect.STOPS,
    OnLoss.OPEN: Effect.OPENS,
}
