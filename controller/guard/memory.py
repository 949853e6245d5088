"""What the guard remembers from cycle to cycle: its own, fed from feedback and from what it let pass itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.model.hub import AssetId


@dataclass(frozen=True, slots=True)
class GuardMemory:
    """Everything that `vet` carries to its next cycle."""

    emergency_off: bool = False
    open_proof_since_s: float | None = None
    opened_by_us: frozenset[AssetId] = frozenset()
    token: AssetId | None = None
    token_until_s: float = 0.0
    closings_at_s: Mapping[AssetId, tuple[float, ...]] = field(default_factory=dict)
