"""An inverter's group of settings (grid code, anti-islanding) that does not belong to the mode: somebody has to know.

Nobody but its installer may change the group: it is read, and never written. In the island the grid's settings trip an
inverter that the island needs; on the grid the island's settings keep alive a street that has lost its supply.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from controller.core.memory import CoreMemory
from controller.core.situation import Situation
from controller.model.frozen import replace
from controller.model.hub import AssetId
from controller.model.reasons import Reason
from controller.model.words import Mode, SettingsGroup

FOLLOWS_S = 10.0  # as for the POI relay: the slowest inverter that changes its group by itself, many times over
WANTED = {Mode.GRID_CONNECTED: SettingsGroup.GRID, Mode.ISLANDED: SettingsGroup.ISLAND}
"""On the way from one to the other an inverter may have either."""


def watch_inverter_settings(memory: CoreMemory, situation: Situation) -> CoreMemory:
    """Raise the alarm for each inverter that stays on the other group; what it does not say changes nothing."""
    wanted, is_new = WANTED.get(memory.mode), memory.mode_since_s == situation.now_s
    before: Mapping[AssetId, float] = {} if is_new else memory.settings_left_since_s
    wrong: Mapping[AssetId, float] = {
        name: before.get(name, situation.now_s)
        for name, group in _groups(situation)
        if wanted is not None and ((group is None and name in before) or group not in (None, wanted))
    }
    late = {name for name, since_s in wrong.items() if situation.now_s - since_s >= FOLLOWS_S}
    others = frozenset(alarm for alarm in memory.alarms if alarm[1] is not Reason.SETTINGS_LEFT)
    alarms = others | {(name, Reason.SETTINGS_LEFT) for name in late}
    if wrong == memory.settings_left_since_s and alarms == memory.alarms:
        return memory
    return replace(memory, settings_left_since_s=wrong, alarms=alarms)


def _groups(situation: Situation) -> Iterator[tuple[AssetId, SettingsGroup | None]]:
    seen = situation.seen
    yield from ((name, state.settings_group) for name, state in seen.batteries.items())
    yield from ((name, state.settings_group) for name, state in seen.pv.items())
