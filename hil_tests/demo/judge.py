"""The demo judges itself on plant truth, not on what the controller believes."""

from __future__ import annotations

from dataclasses import dataclass, field

from controller.model.hub import Hub
from controller.model.words import BreakerPosition
from hil_tests.plant.plant import Plant

DARK_MAX_S = 1.0
"""Longest time that tier 0 may be without supply in one go: T2 (detect, open, prove, earth) plus the transfer."""

BACKFEED_MAX_J = 15_000.0
"""Energy into the dead public feeder: what an opening delay of half a second would push out of this hub."""


@dataclass(slots=True)
class Judge:
    """Watches every plant step and says at the end whether the hub did what it is for."""

    plant: Plant
    hub: Hub
    island_formed_at_s: float | None = None
    reconnected_at_s: float | None = None
    dark_since_s: float | None = None
    longest_dark_s: float = 0.0
    closings_seen_count: int = 0
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.closings_seen_count = len(self.plant.truth().closings)
        self._backfeed_start_j = self.plant.truth().backfeed_j

    _backfeed_start_j: float = 0.0

    def watch(self) -> None:
        """Look at the plant once; called after every step."""
        now_s = self.plant.now_s
        supplied = all(
            self.plant.feeders[feeder.id].is_energised for feeder in self.hub.feeders.values() if feeder.tier == 0
        )
        self.dark_since_s = None if supplied else (now_s if self.dark_since_s is None else self.dark_since_s)
        if self.dark_since_s is not None:
            self.longest_dark_s = max(self.longest_dark_s, now_s - self.dark_since_s)
        is_open = self.plant.poi.position is BreakerPosition.OPEN
        if is_open and supplied and self.island_formed_at_s is None:
            self.island_formed_at_s = now_s
        if self.island_formed_at_s is not None and self.plant.poi.position is BreakerPosition.CLOSED and supplied:
            self.reconnected_at_s = self.reconnected_at_s or now_s

    def verdict(self, vetoes_count: int) -> list[str]:
        """What went wrong, in one line each; empty when all is well."""
        truth = self.plant.truth()
        problems = list(self.faults)
        if self.island_formed_at_s is None:
            problems.append("no island was formed")
        if self.reconnected_at_s is None:
            problems.append("the hub did not come back to the grid")
        if self.longest_dark_s > DARK_MAX_S:
            problems.append(f"tier 0 was without supply for {self.longest_dark_s:.2f} s (allowed {DARK_MAX_S:.2f} s)")
        if vetoes_count:
            problems.append(f"the guard had to veto {vetoes_count} times")
        fed_j = truth.backfeed_j - self._backfeed_start_j
        if fed_j > BACKFEED_MAX_J:
            problems.append(
                f"{fed_j / 1000:.1f} kJ went into the dead public feeder (allowed {BACKFEED_MAX_J / 1000:.0f})"
            )
        return problems + self._bad_closings()

    def _bad_closings(self) -> list[str]:
        sync = self.hub.grid_code.sync
        return [
            f"closed at {closing.angle_deg:.1f} deg, {closing.slip_hz:.3f} Hz, {closing.voltage_difference_ratio:.1%}"
            for closing in self.plant.truth().closings[self.closings_seen_count :]
            if abs(closing.angle_deg) > sync.angle_max_deg
            or abs(closing.slip_hz) > sync.slip_max_hz
            or abs(closing.voltage_difference_ratio) > sync.voltage_difference_max_ratio
        ]
