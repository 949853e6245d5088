"""Images of the sample hub in every state, commands to it, and a guard that watches them cycle by cycle."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from controller.guard.bounds import Bounds
from controller.guard.memory import GuardMemory, Slip
from controller.guard.vet import Verdict, vet
from controller.guard.watch import SLIPS_S
from controller.model.commands import (
    BatteryCommand,
    Commands,
    GensetCommand,
    Order,
    PoiCommand,
    PvCommand,
    SwitchCommand,
)
from controller.model.envelope import Envelope
from controller.model.hub import Hub
from controller.model.image import BatterySeen, EarthingSeen, FeederSeen, GensetSeen, PoiSeen, ProcessImage, PvSeen
from controller.model.phases import ZERO, PhaseValues
from controller.model.reasons import Reason
from controller.model.words import Authority, BreakerPosition, GensetState, GridSource, InverterMode, SettingsGroup
from hil_tests.tests.guard.hubs import ENVELOPE, HUB

OPEN, CLOSED = BreakerPosition.OPEN, BreakerPosition.CLOSED
LIVE = PhaseValues.even(230.0)
CYCLE_S = 0.0625  # binary, so that instants add up exactly

# ---- images


def on_grid() -> ProcessImage:
    """All is well: the grid feeds, every feeder is closed, the batteries follow."""
    return ProcessImage(
        poi=PoiSeen(
            measured_at_s=None,  # the guard's clock sets it
            position=CLOSED,
            grid_voltage_v=LIVE,
            bus_voltage_v=LIVE,
            grid_frequency_hz=50.0,
            bus_frequency_hz=50.0,
            angle_difference_deg=0.0,
            rotation_equal=True,
            power_w=PhaseValues.even(5_000.0),
            current_a=PhaseValues.even(20.0),
            relay_tripped=False,
            sync_permitted=True,
            settings_group=SettingsGroup.GRID,
            dso_lock=False,
            source=GridSource.PUBLIC,
        ),
        batteries={
            name: BatterySeen(0.0, InverterMode.GRID_FOLLOWING, ZERO, LIVE, 50.0, 90.0) for name in HUB.batteries
        },
        pv={name: PvSeen(0.0, ZERO, 10_000.0, True) for name in HUB.pv},
        gensets={"genset": GensetSeen(0.0, GensetState.STOPPED, ZERO, 150.0)},
        feeders={name: FeederSeen(0.0, CLOSED, ZERO, False) for name in HUB.feeders},
        earthing=EarthingSeen(0.0, OPEN),
        emergency_off=False,
        local_control=False,
    )


def dark() -> ProcessImage:
    """The grid has gone and the POI has opened: both sides dead, nobody forms, no earth yet."""
    dead = {"grid_voltage_v": ZERO, "bus_voltage_v": ZERO, "grid_frequency_hz": None, "bus_frequency_hz": None}
    seen = with_poi(on_grid(), position=OPEN, angle_difference_deg=None, current_a=ZERO, power_w=ZERO, **dead)
    return with_poi(seen, settings_group=SettingsGroup.ISLAND)


def dark_and_earthed() -> ProcessImage:
    return replace(dark(), earthing=EarthingSeen(0.0, CLOSED))


def islanded() -> ProcessImage:
    """The main battery forms, the grid is dead, the island is earthed."""
    seen = with_poi(dark_and_earthed(), bus_voltage_v=LIVE, bus_frequency_hz=50.0)
    return with_battery(seen, mode=InverterMode.GRID_FORMING)


def ready_to_return(angle_deg: float = 2.0, slip_hz: float = 0.03125, voltage_v: float = 232.0) -> ProcessImage:
    """The grid is back, the island steers, the relay has its grid settings."""
    return with_poi(
        islanded(),
        grid_voltage_v=LIVE,
        bus_voltage_v=PhaseValues.even(voltage_v),
        grid_frequency_hz=50.0,
        bus_frequency_hz=50.0 + slip_hz,
        angle_difference_deg=angle_deg,
        settings_group=SettingsGroup.GRID,
    )


def with_poi(seen: ProcessImage, **changes: Any) -> ProcessImage:
    return replace(seen, poi=replace(seen.poi, **changes))


def with_battery(seen: ProcessImage, name: str = "main", **changes: Any) -> ProcessImage:
    return replace(seen, batteries={**seen.batteries, name: replace(seen.batteries[name], **changes)})


def with_genset(seen: ProcessImage, state: GensetState | None) -> ProcessImage:
    return replace(seen, gensets={"genset": replace(seen.gensets["genset"], state=state)})


def with_feeder(seen: ProcessImage, name: str, **changes: Any) -> ProcessImage:
    return replace(seen, feeders={**seen.feeders, name: replace(seen.feeders[name], **changes)})


def with_open(seen: ProcessImage, *names: str) -> ProcessImage:
    for name in names:
        seen = with_feeder(seen, name, position=OPEN)
    return seen


# ---- commands


def poi_close(order: Order, **more: Any) -> Commands:
    return Commands(poi=PoiCommand(close=order, **more))


def form(order: Order, name: str = "main", **more: Any) -> Commands:
    return Commands(batteries={name: BatteryCommand(form=order, **more)})


def battery(name: str = "main", **more: Any) -> Commands:
    return Commands(batteries={name: BatteryCommand(**more)})


def crank(order: Order) -> Commands:
    return Commands(gensets={"genset": GensetCommand(crank=order)})


def genset(**more: Any) -> Commands:
    return Commands(gensets={"genset": GensetCommand(**more)})


def pv(limit_w: float | None, name: str = "school") -> Commands:
    return Commands(pv={name: PvCommand(limit_w=limit_w)})


def close(order: Order, *names: str) -> Commands:
    return Commands(feeders={name: SwitchCommand(close=order) for name in names})


def shed(*names: str) -> Commands:
    return Commands(feeders={name: SwitchCommand(open=True, cause=Reason.OVERLOAD) for name in names})


def earth(order: Order) -> Commands:
    return Commands(earthing=SwitchCommand(close=order))


NOTHING = Commands()


# ---- the guard on watch


@dataclass
class Watch:
    """The guard, its memory and a clock. Every look is one cycle, with a fresh sample unless told otherwise."""

    hub: Hub = HUB
    envelope: Envelope = ENVELOPE
    now_s: float = 1_024.0
    memory: GuardMemory = field(default_factory=GuardMemory)
    authority: Authority = Authority.AUTO
    latched: frozenset[str] = frozenset()
    held_open: frozenset[str] = frozenset()
    is_calm: bool = True  # the slip has long been what each image shows; else it is what was seen
    more: dict[str, Any] = field(default_factory=dict)  # shed_by_us, released, attempts

    @property
    def bounds(self) -> Bounds:
        return Bounds(self.hub, self.envelope, self.authority, self.latched, self.held_open, **self.more)

    def order(self, hold_s: float = 2.0, cause: Reason = Reason.RESTORE) -> Order:
        """An order issued in the coming cycle."""
        issued_at_s = self.now_s + CYCLE_S
        return Order(cause, issued_at_s, issued_at_s + hold_s, 1)

    def sees(self, seen: ProcessImage, commands: Commands = NOTHING, age_s: float | None = 0.0) -> Verdict:
        """One cycle."""
        self.now_s += CYCLE_S
        sample_s = None if age_s is None else self.now_s - age_s
        seen = with_poi(seen, measured_at_s=sample_s)
        if self.is_calm and sample_s is not None:
            self.memory = replace(self.memory, slips=_calm_slips(seen, sample_s - CYCLE_S))
        verdict = vet(self.memory, commands, seen, self.bounds, self.now_s)
        self.memory = verdict.memory
        return verdict

    def sees_for(self, seen: ProcessImage, duration_s: float, commands: Commands = NOTHING) -> Verdict:
        """The same picture for a while."""
        for _ in range(round(duration_s / CYCLE_S) - 1):
            self.sees(seen, commands)
        return self.sees(seen, commands)


def _calm_slips(seen: ProcessImage, at_s: float) -> tuple[Slip, ...]:
    grid_hz, bus_hz = seen.poi.grid_frequency_hz, seen.poi.bus_frequency_hz
    if grid_hz is None or bus_hz is None:
        return ()
    return Slip(at_s - SLIPS_S, bus_hz - grid_hz), Slip(at_s, bus_hz - grid_hz)


def watch_after(*images: ProcessImage, **setting: Any) -> Watch:
    """A guard that has seen these images, one cycle each."""
    watch = Watch(**setting)
    for seen in images:
        watch.sees(seen)
    return watch


def reasons(verdict: Verdict) -> list[Reason]:
    return [veto.reason for veto in verdict.vetoes]
