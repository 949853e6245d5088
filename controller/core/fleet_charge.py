"""How full the hub's batteries are, together: what tiers are shed and restored by."""

from __future__ import annotations

from collections.abc import Sequence

from controller.model.hub import Hub
from controller.model.image import BatterySeen, ProcessImage
from controller.model.words import InverterMode

Shares = Sequence[tuple[float, BatterySeen]]  # capacity in Wh, and what it says


def fleet_soc_pct(seen: ProcessImage, hub: Hub) -> float | None:
    """The mean of all batteries that say how full they are, by capacity; None: none does.

    What stands in one at fault supplies nobody: without it, where the hub is then less full. An empty battery at fault
    never makes a hub look fuller than it is.
    """
    states = [(battery.capacity_wh, seen.batteries.get(battery.id)) for battery in hub.batteries.values()]
    told = [(wh, state) for wh, state in states if state is not None and state.soc_pct is not None]
    sound = [(wh, state) for wh, state in told if state.mode is not InverterMode.FAULT]
    return min((_mean_soc_pct(group) for group in (told, sound) if group), default=None)


def _mean_soc_pct(shares: Shares) -> float:
    charge = [wh * (state.soc_pct or 0.0) for wh, state in shares]
    return sum(charge) / sum(wh for wh, _ in shares)
