"""How long a dark hub rests between its starts, so that nothing is worn out: three an hour, ever further apart.

A start that has done its work is none of the three: its island has lived for minutes, or a person has ended it. Nor is
one that never had an open POI to begin behind; the next one waits ten minutes, or until the POI is seen open.
"""

from __future__ import annotations

import math
from itertools import pairwise

from controller.core.attempts import HUB, count_attempt, form_attempts, recent_attempts
from controller.core.memory import CoreMemory
from controller.core.poi import FORM_ATTEMPTS_MAX, is_proven
from controller.core.situation import Situation
from controller.model.hub import AssetId
from controller.model.words import Mode

KIND = "black_start"  # of the attempts that are counted, for the hub as a whole
SERVED = "served"  # marks that the start before it has done its work
UNBEGUN = "unbegun"  # or that it never had an open POI to begin behind
ATTEMPTS_MAX = 3  # within an hour
ATTEMPT_MEMORY_S = 3600.0
REST_S = 60.0  # after the first attempt, twice as long after the second
UNBEGUN_REST_S = 600.0  # from judgement: what has not opened may have been freed by hand
SERVED_S = 300.0  # of an island, from judgement: what is too much for it shows sooner
CUT_SHORT_S = 30.0  # an attempt younger than this at our start was cut in two by it, as a transfer is (recover.py)


def kind_of(source: AssetId) -> str:
    """Of the starts that came as far as this source. They are the hub's too: under a source stand its own orders."""
    return f"{KIND} {source}"


def remember_served(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Mark a start that has done its work: its island has lived for long, or a person ends it."""
    if memory.mode not in (Mode.ISLANDED, Mode.RECONNECTION):
        return memory
    live_since_s = situation.now_s if memory.bus_live_since_s is None else memory.bus_live_since_s
    has_lived = situation.now_s - max(live_since_s, memory.mode_since_s) >= SERVED_S
    if not has_lived and situation.seen.emergency_off is not True:  # which may have cut the voltage before we see it
        return memory
    marks = [a for a in memory.durable.attempts if a.subject == HUB and a.kind in (KIND, SERVED)]
    if not marks or marks[-1].kind == SERVED:
        return memory
    return count_attempt(memory, HUB, SERVED, situation.now_s)


def has_rested(memory: CoreMemory, source: AssetId, situation: Situation) -> bool:
    """A hub that is dark may try this source now: for a person at once, else a while after the last start."""
    if memory.released_start:
        return True  # a person asks for it: now
    tries_s = _tries_s(memory, source, situation)
    lately_s = situation.now_s - REST_S
    has_just_tried = form_attempts(memory, situation, lately_s) >= FORM_ATTEMPTS_MAX
    has_waited = recent_attempts(memory, HUB, UNBEGUN, situation.now_s - UNBEGUN_REST_S) > 0
    has_just_waited = has_waited and not is_proven(memory, situation)  # now there is an open POI to begin behind
    if len(tries_s) >= ATTEMPTS_MAX or has_just_tried or has_just_waited:
        return False
    if not tries_s or _was_cut_short(memory, tries_s):
        return True
    return situation.now_s - tries_s[-1] >= REST_S * float(2 ** (len(tries_s) - 1))


def newest_start_s(memory: CoreMemory) -> float | None:
    """When the last one began."""
    return max((a.at_s for a in memory.durable.attempts if a.subject == HUB and a.kind == KIND), default=None)


def _was_cut_short(memory: CoreMemory, tries_s: list[float]) -> bool:
    """The only one had just begun when this process took over: it has not failed. A second crash waits as a failure."""
    return len(tries_s) == 1 and 0.0 <= memory.started_at_s - tries_s[0] < CUT_SHORT_S


def _tries_s(memory: CoreMemory, source: AssetId, situation: Situation) -> list[float]:
    """Starts of this boot that came to nothing, but those that came as far as another source, which this one is not.

    A hub that was without power has rested, and the age of what was before is not known.
    """
    young = [a for a in memory.durable.attempts if a.subject == HUB and a.is_of_this_boot]
    young = [a for a in young if situation.now_s - a.at_s < ATTEMPT_MEMORY_S]
    began_s = [a.at_s for a in young if a.kind == KIND]
    others = [a for a in young if a.kind.startswith(kind_of("")) and a.kind != kind_of(source)]
    excused_s = [a.at_s for a in (*others, *(a for a in young if a.kind in (SERVED, UNBEGUN)))]
    spans_s = pairwise((*began_s, math.inf))
    return [at_s for at_s, next_s in spans_s if not any(at_s <= excuse_s < next_s for excuse_s in excused_s)]
