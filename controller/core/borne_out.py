"""Whether what was formed on the word of the POI's contact was ever borne out; kept where a restart finds it.

Between two dead sides a contact that says open, and a current that does not flow, are all the proof there is. As soon
as somebody forms, the sides differ, and the word was true. Where they live as one instead, or current flows, it was a
lie; and a contact behind which somebody has formed three times without anybody seeing the sides apart is believed no
more. It counts again when its sides are seen to differ, or when it is seen closed on grid.
"""

from __future__ import annotations

from controller.core.attempts import count_attempt
from controller.core.memory import CoreMemory
from controller.core.situation import Situation
from controller.model.words import Mode

HUB = "hub"  # under the POI stand its own closings, which the guard counts
UNSEEN = "formed_unseen"  # somebody formed, and was stopped because nobody saw the sides apart
LIED = "contact_lied"
BELIEVED = "contact_believed"  # what stands before it counts no more
UNSEEN_MAX = 3  # from judgement: as many as one transfer may try


def has_lied(memory: CoreMemory) -> bool:
    """Its word alone proves nothing any more."""
    marks = _marks(memory)
    return LIED in marks or marks.count(UNSEEN) >= UNSEEN_MAX


def note_lie(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """It has been caught."""
    return count_attempt(memory, HUB, LIED, situation.now_s)


def note_unseen(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Who has formed is stopped unseen: once for each time that the proof has gone."""
    since_s = memory.poi.unproven_since_s
    marked_s = [a.at_s for a in memory.durable.attempts if (a.subject, a.kind) == (HUB, UNSEEN)]
    is_known = since_s is not None and any(at_s >= since_s for at_s in marked_s)
    return memory if is_known or memory.poi.has_differed else count_attempt(memory, HUB, UNSEEN, situation.now_s)


def believe_again(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Its sides are seen to differ, or it is seen closed on grid: what it was caught at is over."""
    is_apart = memory.poi.has_differed or (situation.poi_sides_differ and situation.poi_is_proven_open)
    is_good = is_apart or (memory.mode is Mode.GRID_CONNECTED and situation.contact_is_closed)
    return count_attempt(memory, HUB, BELIEVED, situation.now_s) if is_good and _marks(memory) else memory


def _marks(memory: CoreMemory) -> list[str]:
    """Those that stand, oldest first."""
    kinds = [a.kind for a in memory.durable.attempts if a.subject == HUB and a.kind in (UNSEEN, LIED, BELIEVED)]
    last = max((n for n, kind in enumerate(kinds) if kind == BELIEVED), default=-1)
    return kinds[last + 1 :]
