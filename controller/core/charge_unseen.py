"""A battery that answers and whose BMS does not say how full it is: somebody has to know why only tier 0 comes on."""

from __future__ import annotations

from controller.core.memory import CoreMemory, since
from controller.core.situation import Situation
from controller.model.frozen import replace
from controller.model.reasons import Reason
from controller.model.words import Mode

CHARGE_UNSEEN_S = 10.0  # own choice: a BMS that starts again is back by then, and nobody looks at an alarm sooner
ALARM = ("hub", Reason.CHARGE_UNSEEN)


def watch_charge_unseen(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Raise the alarm while no battery says its charge, and one of them answers; a silent device is told as one."""
    answers = any(state.mode is not None for state in situation.seen.batteries.values())
    is_unseen = memory.mode is not Mode.UNKNOWN and answers and situation.soc_pct is None
    since_s = since(memory.charge_unseen_since_s, is_unseen, situation.now_s)
    is_told = since_s is not None and situation.now_s - since_s >= CHARGE_UNSEEN_S
    if since_s == memory.charge_unseen_since_s and is_told is (ALARM in memory.alarms):
        return memory
    alarms = memory.alarms | {ALARM} if is_told else memory.alarms - {ALARM}
    return replace(memory, charge_unseen_since_s=since_s, alarms=alarms)
