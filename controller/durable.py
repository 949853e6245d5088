"""Durable memory to JSON and back. After another boot every age is unknown, and unknown counts as just now."""

from __future__ import annotations

from typing import Any

import orjson

from controller.model.memory import Attempt, DurableMemory, Latch
from controller.model.reasons import Reason
from controller.model.words import Authority


def load_durable(stored: tuple[str, str] | None, boot: str, now_s: float) -> DurableMemory:
    """The memory as it was kept; empty when there is none or it cannot be read."""
    if stored is None:
        return DurableMemory()
    try:
        raw: dict[str, Any] = orjson.loads(stored[1])
        same_boot = stored[0] == boot

        def is_same(attempt: dict[str, Any]) -> bool:
            return same_boot and attempt.get("is_of_this_boot", True) is True

        return DurableMemory(
            authority=Authority(raw["authority"]),
            latches=tuple(
                Latch(latch["subject"], Reason(latch["reason"]), latch["since_s"] if same_boot else now_s)
                for latch in raw["latches"]
            ),
            attempts=tuple(
                Attempt(a["subject"], a["kind"], a["at_s"] if is_same(a) else now_s, is_same(a))
                for a in raw["attempts"]
            ),
            held_open=frozenset(raw["held_open"]),
            shed_by_us=frozenset(raw["shed_by_us"]),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        return DurableMemory()
