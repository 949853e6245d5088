"""What the guard is told by the shell: the hub, the hard limits, and what people have locked or released."""

from __future__ import annotations

from controller.model.envelope import Envelope
from controller.model.frozen import dataclass
from controller.model.hub import AssetId, Hub
from controller.model.memory import Attempt
from controller.model.words import Authority


@dataclass(frozen=True, slots=True)
class Bounds:
    """What holds whatever the decision says. None of it passes through the decision's judgement."""

    hub: Hub
    envelope: Envelope
    authority: Authority
    latched: frozenset[str]  # subjects of latches: "emergency_off", "lockout", "dso_lock", "poi_close", or an asset
    held_open: frozenset[AssetId]  # feeders that a person holds open
    shed_by_us: frozenset[AssetId] = frozenset()  # durable; believed only of feeders first seen open after a start
    released: frozenset[AssetId] = frozenset()  # feeders that a person lets us close again; one cycle is enough
    closing_held_back: bool = False  # that of the POI passed in the cycle before, and was not written
    attempts: tuple[Attempt, ...] = ()  # durable; read once for each asset: a crash loop forgets no crank
