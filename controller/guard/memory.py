"""What the guard remembers from cycle to cycle: its own, fed from feedback and from what it let pass itself."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.model.hub import AssetId


@dataclass(frozen=True, slots=True)
class GuardMemory:
    """Everything that `vet` carries to its next cycle."""

    emergency_off: bool = False  # latched by the guard itself
    began_at_s: float = math.inf  # its first cycle: older attempts are those of processes before
    open_proof_since_s: float | None = None
    feeds_through_since_s: float | None = None  # current flows through an "open" POI
    opened_by_us: frozenset[AssetId] = frozenset()
    token: AssetId | None = None
    token_until_s: float = 0.0
    closings_at_s: Mapping[AssetId, tuple[float, ...]] = field(default_factory=dict)
