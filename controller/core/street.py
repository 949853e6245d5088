"""A genset beside the grid must not feed the street: a dead one would live on it, inside every band of the grid code.

No verdict on the grid finds that: voltage and frequency are the genset's own, and an engine on its droop carries a
street at 49 Hz for as long as it has fuel. What shows is the direction of the power at the POI (ANSI 32R).
"""

from __future__ import annotations

from controller.core.contact import is_doubted
from controller.core.memory import CoreMemory, SourceMemory, since
from controller.core.poi import is_proven
from controller.core.situation import Situation
from controller.model.hub import Genset
from controller.model.image import GensetSeen
from controller.model.words import BusSide, GensetConnection, GensetState

OUT_RATIO = 0.05  # of the genset's rating: what the governor makes of a grid at 49.9 Hz, and no meter's error
KEPT_RATIO = 0.1  # of the genset's rating, taken from the grid all the same: a load may go at any time
SHOWS_S = 0.15  # the order's write, the sample that shows the contact open, and a cycle
OPENS_MAX_S = 0.4  # with the half second before it well within what the guard waits for
FEEDS_S = 0.5  # longer than any swing after a contact; the guard waits for more than twice as long


def feeds_since_s(before: SourceMemory, memory: CoreMemory, genset: Genset, situation: Situation) -> float | None:
    """It carries load while power leaves through the POI, or may, since then. Not seen, it goes on with what it did."""
    state = (situation.seen.gensets.get(genset.id) or GensetSeen()).state
    is_on = state is GensetState.LOADED or (state is None and before.feeds_since_s is not None)
    is_on = is_on and genset.connection is GensetConnection.BUS and genset.bus is BusSide.ISLAND
    return since(before.feeds_since_s, is_on and _may_flow_out(memory, genset, situation), situation.now_s)


def feeds_the_street(memory: CoreMemory, source: SourceMemory, situation: Situation) -> bool:
    """For longer than a swing takes. A POI that has just been told to open ends it in its own time, an island is left.

    Longer than that nobody waits for a POI: it may be stuck.
    """
    open_since_s, fed_since_s = memory.poi.open_since_s, source.feeds_since_s
    opens_s = min(situation.hub.poi.breaker_opening_s + SHOWS_S, OPENS_MAX_S)
    is_ending = open_since_s is not None and situation.now_s - open_since_s < opens_s
    return fed_since_s is not None and situation.now_s - fed_since_s >= FEEDS_S and not is_ending


def stays_w(genset: Genset, situation: Situation) -> float:
    """What it may give beside the grid, so that nothing leaves; any where the meters are silent."""
    given_w = (situation.seen.gensets.get(genset.id) or GensetSeen()).power_w
    taken_w = situation.seen.poi.power_w
    if given_w is None or taken_w is None:
        return genset.rating_va
    return max(0.0, given_w.total + taken_w.total - KEPT_RATIO * genset.rating_va)


def _may_flow_out(memory: CoreMemory, genset: Genset, situation: Situation) -> bool:
    """What nobody sees may flow, unless the contact was open when it was seen last, or lies, or may lie.

    Through a POI that is proven open nothing does, whatever a meter says.
    """
    if is_proven(memory, situation):
        return False
    power_w = situation.seen.poi.power_w
    if power_w is None or not -power_w.total <= situation.hub.most_out_w:  # beyond all that the sources can give
        is_closed = memory.poi.closed_since_s is not None and not memory.poi.closed_is_refuted
        return is_closed and not is_doubted(memory, situation)
    return power_w.total < -OUT_RATIO * genset.rating_va
