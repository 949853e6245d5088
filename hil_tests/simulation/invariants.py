"""What must never be, on plant truth, looked at in every step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from controller.model.hub import Hub
from controller.model.words import InverterMode, IslandEarthing
from hil_tests.plant.breaker import CLOSED, Closing
from hil_tests.plant.plant import Plant
from hil_tests.plant.rest import Rest

BACKFEED_MAX_J = 60_000.0  # two seconds of half a hub: longer is a line worker's life
EARTHING_GRACE_S = 0.05
JOIN_GRACE_S = 0.5
DARK_MAX_S = 5.0  # tier 0, while somebody could hold the bus
SURPRISE_S = 0.25  # order latency, breaker and two cycles: what the grid does within is nobody's fault
STEP_RATIO = 0.02  # a grid voltage that moves more than this in one step is a surprise
LIVE_RATIO = 0.5


@dataclass(frozen=True, slots=True)
class Violation:
    """One invariant broken, with the instant and the seed that repeat it."""

    name: str
    at_s: float
    seed: int
    detail: str

    def __str__(self) -> str:
        return f"seed {self.seed} at {self.at_s:.2f} s: {self.name} ({self.detail})"


@dataclass(slots=True)
class Spell:
    """How long something has lasted; says so once per spell, when its grace ends."""

    grace_s: float
    since_s: float | None = None
    was_said: bool = False

    @property
    def is_running(self) -> bool:
        """Time alone may end its grace."""
        return self.since_s is not None and not self.was_said

    def ends(self, is_so: bool, now_s: float) -> bool:
        """True once, in the step in which it has lasted longer than allowed."""
        if not is_so:
            self.since_s, self.was_said = None, False
            return False
        if self.since_s is None:
            self.since_s = now_s
        if self.was_said or now_s - self.since_s <= self.grace_s:
            return False
        self.was_said = True
        return True


@dataclass(slots=True)
class Invariants:
    """Watches a plant. Each violation is kept once per spell."""

    plant: Plant
    hub: Hub
    seed: int
    violations: list[Violation] = field(default_factory=list)
    _checks: tuple[Callable[[], Iterator[tuple[str, str]]], ...] = ()
    _closed_at_s: float = -1.0
    _backfeed_from_j: float = 0.0
    _grid_ratio: float = 1.0
    _surprised_at_s: float = -1.0
    _fed: Spell = field(default_factory=lambda: Spell(0.0))
    _dark: Spell = field(default_factory=lambda: Spell(DARK_MAX_S))
    _bare: Spell = field(default_factory=lambda: Spell(EARTHING_GRACE_S))
    _joined: Spell = field(default_factory=lambda: Spell(JOIN_GRACE_S))
    _two: Spell = field(default_factory=lambda: Spell(0.0))
    _tripped: frozenset[str] = frozenset()
    _first: tuple[str, ...] = ()  # the feeders of tier 0
    _spells: tuple[Spell, ...] = ()
    _is_running: bool = True
    _rest: Rest | None = None
    _change: int = -1

    def __post_init__(self) -> None:
        self._checks = (
            self._closings, self._backfeed, self._earthing, self._one_reference, self._tier_zero, self._trips,
        )  # fmt: skip
        self._first = tuple(name for name, feeder in self.hub.feeders.items() if feeder.tier == 0)
        self._spells = (self._fed, self._dark, self._bare, self._joined, self._two)

    def watch(self) -> None:
        """Look once; called after every step. Where nothing has changed and no spell is running, nothing is new."""
        rest = self.plant.rest
        if rest.changes_count == self._change and self._rest is rest and not self._is_running:
            return
        self._rest, self._change = rest, rest.changes_count
        self._watch_grid()
        for check in self._checks:
            for name, detail in check():
                self.violations.append(Violation(name, round(self.plant.now_s, 3), self.seed, detail))
        self._is_running = any(spell.is_running for spell in self._spells)

    def _watch_grid(self) -> None:
        ratio = self.plant.grid.ratio
        if abs(ratio - self._grid_ratio) > STEP_RATIO:
            self._surprised_at_s = self.plant.now_s
        self._grid_ratio = ratio

    def _closings(self) -> Iterator[tuple[str, str]]:
        """The POI closes in sync, from a live grid onto a dead bus, or dead onto dead with every source off."""
        closings = self.plant.poi.closings
        if not closings or closings[-1].at_s <= self._closed_at_s:
            return
        for closing in closings:
            fault = self._fault_of(closing)
            if closing.at_s > self._closed_at_s and fault and closing.at_s - self._surprised_at_s > SURPRISE_S:
                yield fault, f"{closing.angle_deg:.1f} deg, {closing.slip_hz:.3f} Hz"
        self._closed_at_s = closings[-1].at_s

    def _fault_of(self, closing: Closing) -> str:
        sync = self.hub.grid_code.sync
        if closing.kind == "dead_grid":
            return "closed a live bus onto a dead grid"
        if closing.kind == "dead_dead" and self.plant.forming:
            return "closed dead onto dead with a source on"
        inside = (
            abs(closing.angle_deg) <= sync.angle_max_deg
            and abs(closing.slip_hz) <= sync.slip_max_hz
            and closing.voltage_difference_ratio <= sync.voltage_difference_max_ratio
        )
        return "" if inside else "closed out of sync"

    def _backfeed(self) -> Iterator[tuple[str, str]]:
        """A dead public feeder is not fed beyond the bound in one spell."""
        feeding = self.plant.poi.position is CLOSED and not self.plant.grid.is_fed
        if not feeding:
            self._backfeed_from_j = self.plant.backfeed_j
        fed_j = self.plant.backfeed_j - self._backfeed_from_j
        if self._fed.ends(fed_j > BACKFEED_MAX_J, self.plant.now_s):
            yield "fed a dead grid", f"{fed_j:.0f} J"

    def _earthing(self) -> Iterator[tuple[str, str]]:
        """No load on an island without earthing."""
        if self.hub.earthing.kind is not IslandEarthing.SWITCHED_BY_US:
            return
        island = self.plant.poi.position is not CLOSED and abs(self.plant.bus) > LIVE_RATIO
        bare = island and self.plant.earthing.position is not CLOSED and self._is_loaded()
        if self._bare.ends(bare, self.plant.now_s):
            yield "island without earthing", "a feeder is energised"

    def _is_loaded(self) -> bool:
        return any(feeder.is_energised for feeder in self.plant.feeders.values())

    def _one_reference(self) -> Iterator[tuple[str, str]]:
        """One battery at most holds an island; one that forms on a closed POI is made to follow soon."""
        formers = [name for name, battery in self.plant.batteries.items() if battery.is_forming]
        if self._two.ends(len(formers) > 1, self.plant.now_s):
            yield "two formers", ", ".join(formers)
        joined = bool(formers) and self.plant.poi.position is CLOSED
        if self._joined.ends(joined, self.plant.now_s):
            yield "forms with the POI closed", ", ".join(formers)

    def _tier_zero(self) -> Iterator[tuple[str, str]]:
        """Tier 0 is not without supply for long while a source could hold the bus."""
        feeders = self.plant.feeders
        unsupplied = [name for name in self._first if not feeders[name].is_energised and not feeders[name].has_fault]
        is_dark = bool(unsupplied) and self._could_be_supplied()
        if self._dark.ends(is_dark, self.plant.now_s):
            yield "tier 0 dark", ", ".join(unsupplied)

    def _could_be_supplied(self) -> bool:
        """Not with the button pressed, nor while a stuck contact between two dead sides hides that the POI is open."""
        hidden = self.plant.poi.stuck_feedback is CLOSED and not self.plant.grid.is_fed
        if self.plant.safety.emergency_off or hidden:
            return False
        return any(
            inverter.battery.capabilities.can_form
            and inverter.mode is not InverterMode.FAULT
            and inverter.soc_pct > inverter.battery.empty_soc_pct + 1.0
            for inverter in self.plant.batteries.values()
        )

    def _trips(self) -> Iterator[tuple[str, str]]:
        """No inverter is driven into its own protection."""
        tripped = frozenset([n for n, battery in self.plant.batteries.items() if battery.mode is InverterMode.FAULT])
        for name in sorted(tripped - self._tripped):
            yield "battery tripped", f"{name}, overload {self.plant.batteries[name].overload_pct:.0f} %"
        self._tripped = tripped
