"""What the guard remembers from cycle to cycle: its own, fed from feedback and from what it let pass itself."""

from __future__ import annotations

from collections.abc import Mapping

from controller.model.commands import BatteryCommand, Commands, Order, SwitchCommand
from controller.model.frozen import dataclass, field
from controller.model.hub import AssetId


@dataclass(frozen=True, slots=True)
class Track:
    """One thing that can be switched on, as the guard has watched it: closed, forming or running counts as on."""

    is_on: bool | None = None  # last known; None: never seen
    is_ours: bool = False  # it went off because we let an opening pass, or a person has released it
    opening_at_s: float | None = None  # last cycle in which an opening passed, since it was last seen coming on
    order: Order | None = None  # the last order that passed
    passed_at_s: float | None = None  # the last cycle in which it, or another, passed
    is_answered: bool = False  # the feedback has answered that order
    tries_at_s: tuple[float, ...] = ()  # orders that passed, and times it came on without one; newest last

    def knows(self, order: Order) -> bool:
        """This very order has passed before: restating it is not a second one."""
        return self.order is not None and self.order.issued_at_s == order.issued_at_s

    def has_passed_since(self, since_s: float) -> bool:
        """In that cycle, or in a later one, it or another has passed."""
        return self.passed_at_s is not None and self.passed_at_s >= since_s


@dataclass(frozen=True, slots=True)
class OwnLatch:
    """A lock that the guard holds by itself from the moment it is seen.

    It lets go when the shell's latch, which only a person releases, has been there since and is gone again, and the
    contact is seen released.
    """

    is_wired: bool = False  # the contact has been seen at least once
    is_set: bool = False
    is_shared: bool = False  # the shell has had the same latch since


@dataclass(frozen=True, slots=True)
class ClosedContact:
    """The POI's contact has said closed since then, and what that is worth."""

    since_s: float
    is_asked: bool  # it turned there while an order of ours stood, or its contact was on its way
    is_doubtful: bool  # it turned there beside a proven island, or a start has found it so, and nothing bears it out
    doubtful_until_s: float  # if it is
    is_refuted: bool = False  # its sides have been apart since, without any current
    is_seen: bool = True  # it says so now; else it says nothing

    @property
    def counts(self) -> bool:
        """It is believed."""
        return self.is_seen and not self.may_lie

    @property
    def may_lie(self) -> bool:
        """It is doubted, or known to lie; also while it says nothing."""
        return self.is_doubtful or self.is_refuted

    @property
    def shows_open(self) -> bool:
        """It is known to lie."""
        return self.is_seen and self.is_refuted


@dataclass(frozen=True, slots=True)
class Closing:
    """A closing of the POI that we have let pass and that may still be on its way to contact."""

    began_s: float  # the first cycle in which it passed
    passed_at_s: float  # the last
    batteries: Mapping[AssetId, BatteryCommand]  # what passed with it in its first cycle; of a permission, in its last


@dataclass(frozen=True, slots=True)
class Told:
    """What a battery was let be told from this cycle on."""

    at_s: float
    frequency_set_hz: float | None
    voltage_set_v: float | None


@dataclass(frozen=True, slots=True)
class Slip:
    """Bus against grid, in one sample of the instrument that sees both."""

    at_s: float
    hz: float


@dataclass(frozen=True, slots=True)
class GuardMemory:
    """Everything that `vet` carries to its next cycle. A fresh one knows nothing and therefore allows less."""

    tracks: Mapping[AssetId, Track] = field(default_factory=dict)
    emergency_off: OwnLatch = OwnLatch()
    dso_lock: OwnLatch = OwnLatch()
    has_differed: bool = False  # since its contact says open, the POI's sides were seen to differ
    open_sample_s: float | None = None  # first of the unbroken run of samples that show the POI open
    is_proven_open: bool = False  # and a later sample of that run has confirmed it
    should_open_since_s: float | None = None  # the POI is ordered open, or its contact says so, and nobody closes it
    joined_sample_s: float | None = None  # first of the unbroken run of samples in which both sides move as one
    is_stuck: bool = False  # it should be open, and joins both sides: seen once against a proof, else twice
    closed: ClosedContact | None = None  # its contact says closed, or nothing since it did
    was_proven_open: bool = False  # in the last cycle in which its contact said open
    grid_live_since_s: float | None = None
    contact_lies: bool = False  # the POI's contact said open while current flowed; until it is seen closed
    beside_since_s: float | None = None  # a battery that can follow forms, and the POI joins both sides
    feeds_since_s: float | None = None  # a genset carries load while power leaves through the POI, or may
    coming_at_s: Mapping[AssetId, float] = field(default_factory=dict)  # last sight of a genset that came or ran
    starting_since_s: Mapping[AssetId, float] = field(default_factory=dict)  # of a genset that has said so since
    closing: Closing | None = None  # timed by us, or left to a relay; neither seen closed nor ordered open since
    shed_at_s: float | None = None  # the last cycle in which a feeder was newly let be opened
    told: Mapping[AssetId, tuple[Told, ...]] = field(default_factory=dict)  # for as long as a bus takes to show it
    slips: tuple[Slip, ...] = ()  # of the last quarter of a second, without a gap; newest last
    dead_since_s: float | None = None  # first of the unbroken run of fresh samples that show the bus dead
    allowed: Commands = field(default_factory=Commands)  # what passed in the cycle before

    def sheds(self, feeders: Mapping[AssetId, SwitchCommand]) -> bool:
        """A feeder that is not seen open is told to open, and was not told so in the cycle before."""
        told = {f for f, command in self.allowed.feeders.items() if command.open}
        new = {f for f, command in feeders.items() if command.open} - told
        return any(f in self.tracks and self.tracks[f].is_on is not False for f in new)
