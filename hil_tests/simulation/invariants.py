"""What must never be, on plant truth, looked at in every step."""

from __future__ import annotations

from dataclasses import dataclass, field

from controller.model.hub import Hub
from controller.model.words import BreakerPosition, IslandEarthing
from hil_tests.plant.plant import Plant

BACKFEED_MAX_J = 60_000.0  # two seconds of half a hub: longer is a line worker's life
EARTHING_GRACE_S = 0.05
JOIN_GRACE_S = 0.5


@dataclass(frozen=True, slots=True)
class Violation:
    """One invariant broken, with the instant and the seed that repeat it."""

    name: str
    at_s: float
    seed: int
    detail: str


@dataclass(slots=True)
class Invariants:
    """Watches a plant. Each violation is reported once per spell."""

    plant: Plant
    hub: Hub
    seed: int
    violations: list[Violation] = field(default_factory=list)
    _closings_count: int = 0
    _backfeed_from_j: float = 0.0
    _joined_since_s: float | None = None
    _unearthed_since_s: float | None = None
    _backfeed_said: bool = False

    def watch(self) -> None:
        """Look once."""
        self._closings()
        self._backfeed()
        self._earthing()
        self._one_reference()

    def _closings(self) -> None:
        """Every live-live contact inside the window; no contact of a live bus onto a dead grid."""
        closings = self.plant.poi.closings
        sync = self.hub.grid_code.sync
        for closing in closings[self._closings_count :]:
            inside = (
                abs(closing.angle_deg) <= sync.angle_max_deg
                and abs(closing.slip_hz) <= sync.slip_max_hz
                and closing.voltage_difference_ratio <= sync.voltage_difference_max_ratio
            )
            if not inside:
                self._say("closed out of sync", f"{closing.angle_deg:.1f} deg, {closing.slip_hz:.3f} Hz")
        self._closings_count = len(closings)

    def _backfeed(self) -> None:
        """A dead public feeder is not fed beyond the bound in one spell."""
        feeding = self.plant.poi.position is BreakerPosition.CLOSED and not self.plant.grid.is_fed
        if not feeding:
            self._backfeed_from_j, self._backfeed_said = self.plant.backfeed_j, False
        elif self.plant.backfeed_j - self._backfeed_from_j > BACKFEED_MAX_J and not self._backfeed_said:
            self._backfeed_said = True
            self._say("fed a dead grid", f"{self.plant.backfeed_j - self._backfeed_from_j:.0f} J")

    def _earthing(self) -> None:
        """No load on an island without earthing."""
        island = self.plant.poi.position is not BreakerPosition.CLOSED and abs(self.plant.bus) > 0.5
        switched = self.hub.earthing.kind is IslandEarthing.SWITCHED_BY_US
        loaded = any(feeder.is_energised for feeder in self.plant.feeders.values())
        bare = island and switched and loaded and self.plant.earthing.position is not BreakerPosition.CLOSED
        self._unearthed_since_s = (self._unearthed_since_s or self.plant.now_s) if bare else None
        if self._unearthed_since_s is not None and self._lasts(self._unearthed_since_s, EARTHING_GRACE_S):
            self._say("island without earthing", "")

    def _one_reference(self) -> None:
        """At most one battery holds an island; a former on a live grid is followed or stopped soon."""
        formers = [name for name, battery in self.plant.batteries.items() if battery.is_forming]
        if len(formers) > 1:
            self._say("two formers", ", ".join(formers))
        joined = bool(formers) and self.plant.poi.position is BreakerPosition.CLOSED
        self._joined_since_s = (self._joined_since_s or self.plant.now_s) if joined else None
        if self._joined_since_s is not None and self._lasts(self._joined_since_s, JOIN_GRACE_S):
            self._say("forms with the POI closed", ", ".join(formers))

    def _lasts(self, since_s: float, grace_s: float) -> bool:
        """True in the one step in which the grace ends."""
        age_s = self.plant.now_s - since_s
        return grace_s < age_s <= grace_s + 0.0101

    def _say(self, name: str, detail: str) -> None:
        if not self.violations or self.violations[-1].name != name or self.plant.now_s - self.violations[-1].at_s > 1:
            self.violations.append(Violation(name, round(self.plant.now_s, 3), self.seed, detail))
