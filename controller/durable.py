"""Durable memory to JSON and back. After another boot an age is what was watched of it; the rest counts as nothing.

Were all of it nothing, a hub that starts anew every few minutes would wait for ever until its last attempts are an hour
old.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from controller.core.attempts import newest
from controller.core.decide import fresh_memory
from controller.core.memory import CoreMemory, FeederMemory
from controller.model.hub import AssetId
from controller.model.memory import Attempt, DurableMemory, Latch, PlannedIsland
from controller.model.reasons import Reason
from controller.model.words import Authority, Mode

STAYS = (Mode.UNKNOWN, Mode.ISLANDED)  # where a wish for a planned island starts nothing
UNKNOWN_BOOT = "unknown"  # the kernel did not say which boot this is: no instant means anything then


def dump_durable(durable: DurableMemory) -> str:
    """As JSON, sets sorted."""
    return orjson.dumps(durable, default=sorted).decode()


def load_durable(stored: tuple[str, str] | None, boot: str, now_s: float) -> DurableMemory:
    """The memory as it was kept; empty when there is none or it cannot be read."""
    found = read_durable(stored, boot, now_s) if stored is not None else None
    return found if found is not None else DurableMemory()


def read_durable(stored: tuple[str, str], boot: str, now_s: float) -> DurableMemory | None:
    """The memory as it was kept; None when it cannot be read."""
    is_same_boot = stored[0] == boot != UNKNOWN_BOOT

    try:
        raw: dict[str, Any] = orjson.loads(stored[1])
        known_at_s = float(raw.get("known_at_s", 0.0))
        return DurableMemory(
            authority=Authority(raw["authority"]),
            latches=tuple(
                Latch(each["subject"], Reason(each["reason"]), each["since_s"] if is_same_boot else now_s)
                for each in raw["latches"]
            ),
            attempts=tuple(_attempt(each, known_at_s, now_s, is_same_boot=is_same_boot) for each in raw["attempts"]),
            held_open=frozenset(raw["held_open"]),
            shed_by_us=frozenset(raw["shed_by_us"]),
            quarantined=frozenset(raw.get("quarantined", ())),
            tried={str(feeder): int(count) for feeder, count in raw.get("tried", {}).items()},
            poi_held_open=raw.get("poi_held_open", False) is True,
            known_at_s=min(known_at_s, now_s) if is_same_boot else now_s,
            planned=_planned(raw.get("planned"), now_s, is_same_boot=is_same_boot),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        return None


def _attempt(raw: dict[str, Any], known_at_s: float, now_s: float, *, is_same_boot: bool) -> Attempt:
    """What lies ahead was not written in this boot."""
    at_s = float(raw["at_s"])
    if is_same_boot and at_s <= now_s:
        return Attempt(raw["subject"], raw["kind"], at_s, raw.get("is_of_this_boot", True) is True)
    return Attempt(raw["subject"], raw["kind"], now_s - max(0.0, known_at_s - at_s), is_of_this_boot=False)


def _planned(raw: dict[str, Any] | None, now_s: float, *, is_same_boot: bool) -> PlannedIsland | None:
    """Of another boot nobody knows how long it has lasted: as long again."""
    if raw is None:
        return None
    since_s, until_s = float(raw["since_s"]), raw["until_s"]
    lasts_s = None if until_s is None else float(until_s) - since_s
    began_s = since_s if is_same_boot and since_s <= now_s else now_s
    return PlannedIsland(
        who=str(raw["who"]),
        since_s=began_s,
        until_s=None if lasts_s is None else began_s + lasts_s,
        is_automatic=raw["is_automatic"] is True,
    )


def news_of(late: DurableMemory, had: DurableMemory) -> DurableMemory:
    """What a late memory says that the start did not have already: that it has had, and people may have undone it."""
    attempts = list(late.attempts)
    for attempt in had.attempts:
        same = next((each for each in attempts if _is_same(each, attempt)), None)
        if same is not None:
            attempts.remove(same)
    return DurableMemory(
        authority=Authority.AUTO if late.authority is had.authority else late.authority,
        latches=tuple(latch for latch in late.latches if had.latch(latch.subject) is None),
        attempts=tuple(attempts),
        held_open=late.held_open - had.held_open,
        shed_by_us=late.shed_by_us - had.shed_by_us,
        quarantined=late.quarantined - had.quarantined,
        tried={feeder: count for feeder, count in late.tried.items() if feeder not in had.tried},
        poi_held_open=late.poi_held_open and not had.poi_held_open,
        planned=late.planned if had.planned is None else None,
    )


def _is_same(one: Attempt, other: Attempt) -> bool:
    """Of another boot two copies may know different ages."""
    of_this_boot = one.is_of_this_boot or other.is_of_this_boot
    return (one.subject, one.kind) == (other.subject, other.kind) and (one.at_s == other.at_s or not of_this_boot)


def without_undone(memory: CoreMemory, late: DurableMemory, had: DurableMemory) -> CoreMemory:
    """A memory without what the start had and the later memory has no more, unless it was changed again meanwhile.

    What the start had may come from a copy that a bad disk has kept old. Latches and attempts stay. A feeder that we
    have not shed after all, or that a person has let close again, is looked at anew, and is as people made it. A hub
    that observes goes on observing: people see that on the page, and nothing that it only imagined becomes a fact.
    """
    now, not_shed = memory.durable, had.shed_by_us - late.shed_by_us
    is_older = now.authority is had.authority and Authority.OBSERVE not in {had.authority, late.authority}
    durable = replace(
        now,
        authority=late.authority if is_older else now.authority,
        held_open=now.held_open - (had.held_open - late.held_open),
        shed_by_us=now.shed_by_us - not_shed,
        quarantined=now.quarantined - (had.quarantined - late.quarantined),
        poi_held_open=now.poi_held_open and (late.poi_held_open or not had.poi_held_open),
        planned=None if late.planned is None and now.planned == had.planned else now.planned,
    )
    anew = not_shed | (had.quarantined - late.quarantined)
    feeders = {feeder: state for feeder, state in memory.feeders.items() if feeder not in anew}
    return replace(memory, durable=durable, feeders=feeders)


def joined(memory: CoreMemory, late: DurableMemory, now_s: float) -> CoreMemory:
    """A memory that had to begin without the durable one, now that the disk has given it back.

    `late` is what was not known yet (`news_of`). Nothing is forgotten: latches, holds and attempts of both. Feeders of
    which nothing is known yet but their position are looked at anew, with what we had shed or given up. What a person
    has said meanwhile about the authority stands; a hub that was observing begins again, and observes. A planned island
    goes on as one; a hub that is on the grid by now does not leave it because of an old wish.
    """
    now = memory.durable
    fresh = tuple(latch for latch in late.latches if now.latch(latch.subject) is None)
    durable = DurableMemory(
        authority=late.authority if now.authority is Authority.AUTO else now.authority,
        latches=(*now.latches, *fresh),
        attempts=newest((*late.attempts, *now.attempts)),
        held_open=now.held_open | late.held_open,
        shed_by_us=now.shed_by_us | late.shed_by_us,
        quarantined=now.quarantined | late.quarantined,
        tried={**late.tried, **now.tried},
        poi_held_open=now.poi_held_open or late.poi_held_open,
        known_at_s=now.known_at_s,
        planned=now.planned or (late.planned if memory.mode in STAYS else None),
    )
    if durable.authority is not now.authority:
        return fresh_memory(durable, now_s)
    known = {
        feeder: _with_tries(feeder, state, late)
        for feeder, state in memory.feeders.items()
        if feeder not in late.shed_by_us | late.quarantined or state.shed_since_s is not None or state.close is not None
    }
    return replace(memory, durable=durable, feeders=known)


def _with_tries(feeder: AssetId, state: FeederMemory, late: DurableMemory) -> FeederMemory:
    """What is on its way keeps its state, but not its innocence."""
    tries_count = max(state.close_attempts, late.tried.get(feeder, 0))
    return replace(state, close_attempts=tries_count, quarantined=state.quarantined or feeder in late.quarantined)
