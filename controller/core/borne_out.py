"""Whether what was formed on the word of the POI's contact was ever borne out; kept where a restart finds it.

Between two dead sides a contact that says open, and a current that does not flow, are all the proof there is. As soon
as somebody forms, the sides differ, and the word was true. Where they live as one instead, or current flows, it was a
lie; and a contact behind which somebody has formed three times without anybody seeing the sides apart is believed no
more. It counts again when its sides have been seen to differ for a while, or when it is seen closed on a good grid.
"""

from __future__ import annotations

from controller.core.attempts import HUB, count_attempt
from controller.core.memory import CoreMemory
from controller.core.situation import Situation
from controller.model.words import Authority, BreakerPosition, GridVerdict, Mode

UNSEEN = "formed_unseen"  # somebody formed, and was stopped because nobody saw the sides apart
LIED = "contact_lied"
BELIEVED = "contact_believed"  # what stands before it counts no more
UNSEEN_MAX = 3  # from judgement: as many as one transfer may try
NEW = (Mode.UNPLANNED_ISLANDING, Mode.BLACK_START)  # else the contact may have turned in step, on the way back
APART_S = 2.0  # a slow meter's second: so long its sides may be read apart, or joined, when they are not any more


def has_lied(memory: CoreMemory) -> bool:
    """Its word alone proves nothing any more."""
    marks = _marks(memory)
    return LIED in marks or marks.count(UNSEEN) >= UNSEEN_MAX


def note_lie(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """It has been caught. Who only observes has told nobody to form, and catches nobody."""
    is_known = LIED in _marks(memory) or memory.durable.authority is Authority.OBSERVE
    return memory if is_known else count_attempt(memory, HUB, LIED, situation.now_s)


def note_unseen(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Somebody forms, or may, and is stopped unseen: once for each time that the proof has gone."""
    since_s = memory.poi.unproven_since_s
    marked_s = [a.at_s for a in memory.durable.attempts if (a.subject, a.kind) == (HUB, UNSEEN)]
    is_new = memory.mode in NEW or (memory.mode is Mode.ISLANDED and memory.poi.sides.seemed_to_differ)
    is_ours = is_new and memory.durable.authority is not Authority.OBSERVE
    is_known = since_s is None or any(at_s >= since_s for at_s in marked_s) or not is_ours
    return memory if is_known or memory.poi.sides.have_differed else count_attempt(memory, HUB, UNSEEN, situation.now_s)


def watch_word(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Caught where no row of the transition table catches it: it says open, and current flows on.

    A contact shows an opening at once, and meters only when they have averaged it away.
    """
    since_s = memory.poi.joins_since_s
    is_long = since_s is not None and situation.now_s - since_s >= APART_S
    is_caught = memory.poi.contact_lies and is_long and situation.seen.poi.position is BreakerPosition.OPEN
    return note_lie(memory, situation) if is_caught else _believe_again(memory, situation)


def _believe_again(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Its sides differ for longer than two meters may be apart, or it is seen closed on a good grid."""
    since_s = memory.poi.sides.differ_since_s
    is_apart = since_s is not None and situation.now_s - since_s >= APART_S
    is_apart = is_apart and situation.poi_sides_differ and situation.poi_is_proven_open  # and not only unseen since
    is_on_grid = memory.mode is Mode.GRID_CONNECTED and memory.grid.verdict is GridVerdict.OK
    is_good = is_apart or (is_on_grid and situation.contact_is_closed)
    return count_attempt(memory, HUB, BELIEVED, situation.now_s) if is_good and _marks(memory) else memory


def _marks(memory: CoreMemory) -> list[str]:
    """Those that stand, oldest first."""
    kinds = [a.kind for a in memory.durable.attempts if a.subject == HUB and a.kind in (UNSEEN, LIED, BELIEVED)]
    last = max((n for n, kind in enumerate(kinds) if kind == BELIEVED), default=-1)
    return kinds[last + 1 :]
