"""What a start finds: how the plant stands, what the durable memory says of it, and what moved without its knowing.

Openings and sheds never wait for the disk, so a crash may come between an opening and its line. Nobody must wonder
later: what stands otherwise than the durable memory has it, is said. Nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterator

from controller.core.evidence import Inputs, names, numbers
from controller.core.memory import CoreMemory
from controller.core.situation import Situation
from controller.model.decision import Event, Scalar
from controller.model.hub import AssetId
from controller.model.reasons import EventKind, Reason
from controller.model.words import BreakerPosition, InverterMode


def start_inputs(before: CoreMemory, situation: Situation) -> Inputs:
    """The plant and the durable memory, side by side."""
    durable, now_s = before.durable, situation.now_s
    known = [attempt.at_s for attempt in durable.attempts if attempt.is_of_this_boot]
    return {
        "found_open_set": names(_open(situation)),
        "found_forming_set": names(_forming(situation)),
        "authority": durable.authority.value,
        "durable_poi_held_open": durable.poi_held_open,
        "durable_latched": names(latch.subject for latch in durable.latches),
        "durable_held_open": names(sorted(durable.held_open)),
        "durable_shed_set": names(sorted(durable.shed_by_us)),
        "durable_attempts_count": len(durable.attempts),
        "durable_ages_unknown_count": len(durable.attempts) - len(known),
        **numbers(newest_attempt_s=now_s - max(known) if known else None),
    }


def found_moved(before: CoreMemory, situation: Situation) -> Iterator[Event]:
    """What the plant shows and the durable memory does not explain; what is not seen is no difference."""
    durable = before.durable
    explained = durable.poi_held_open or bool(durable.latches)
    if situation.seen.poi.position is BreakerPosition.OPEN and not explained:
        yield _moved(situation.hub.poi.id, "open")
    if situation.seen.poi.position is BreakerPosition.CLOSED and durable.poi_held_open:
        yield _moved(situation.hub.poi.id, "closed")
    ours = durable.shed_by_us | durable.held_open
    for feeder, draw in situation.draws.items():
        if draw.position is BreakerPosition.OPEN and feeder not in ours:
            yield _moved(feeder, "open")
        elif draw.position is BreakerPosition.CLOSED and feeder in ours:
            yield _moved(feeder, "closed")
    asked = {attempt.subject for attempt in durable.attempts if attempt.kind == "form"}
    for battery in _forming(situation):
        if battery not in asked:
            yield _moved(battery, "forming")


def _moved(subject: AssetId, position: str) -> Event:
    values: dict[str, Scalar] = {"position": position, "intent_is_durable": False}
    return Event(EventKind.POSITION_CHANGED, Reason.FOUND_MOVED, subject, values)


def _open(situation: Situation) -> list[AssetId]:
    poi = [situation.hub.poi.id] if situation.seen.poi.position is BreakerPosition.OPEN else []
    return poi + [feeder for feeder, draw in situation.draws.items() if draw.position is BreakerPosition.OPEN]


def _forming(situation: Situation) -> list[AssetId]:
    batteries = situation.seen.batteries.items()
    return [battery for battery, state in batteries if state.mode is InverterMode.GRID_FORMING]
