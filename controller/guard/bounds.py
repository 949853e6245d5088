"""What the guard is told by the shell: the hub, the hard limits, and what people have locked."""

from __future__ import annotations

from dataclasses import dataclass

from controller.model.envelope import Envelope
from controller.model.hub import AssetId, Hub
from controller.model.memory import Attempt
from controller.model.words import Authority


@dataclass(frozen=True, slots=True)
class Bounds:
    """The guard's side conditions of this cycle."""

    hub: Hub
    envelope: Envelope
    authority: Authority = Authority.AUTO
    latched: frozenset[str] = frozenset()  # subjects: "emergency_off", "lockout", "dso_lock", "poi_close", an asset
    held_open: frozenset[AssetId] = frozenset()  # feeders that a person holds open
    shed_by_us: frozenset[AssetId] = frozenset()  # feeders that we opened, as the shell has them on disk
    attempts: tuple[Attempt, ...] = ()  # closings and cranks on disk: a crash loop forgets none
