"""From hub, image and memory to the published status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controller import __version__, clock
from controller.core.keys import ALARM as KEYS_ALARM
from controller.core.memory import CoreMemory
from controller.core.resync import return_at_s
from controller.core.situation import assess
from controller.drivers.link import Link
from controller.drivers.screen import Screen
from controller.model.hub import Feeder, Hub
from controller.model.image import FeederSeen, GensetSeen, ProcessImage, PvSeen, RadioSeen
from controller.model.phases import PhaseValues
from controller.model.words import Mode
from controller.planner.hours_left import Moment, hours_left
from controller.status import (
    SCHEMA,
    BatteryStatus,
    CycleStatus,
    DeviceStatus,
    EnvelopeStatus,
    FeederStatus,
    GensetStatus,
    GridStatus,
    HoursLeft,
    JournalStatus,
    LatchStatus,
    OfferStatus,
    PlannedStatus,
    PvStatus,
    RadioStatus,
    Status,
    TierStatus,
)


@dataclass(frozen=True, slots=True)
class Publication:
    """What one publication is made of."""

    hub: Hub
    seen: ProcessImage
    memory: CoreMemory
    links: Mapping[str, Link]
    screens: Mapping[str, Screen]
    cycle: CycleStatus
    journal: JournalStatus
    boot: str
    pid: int
    sequence: int
    now_s: float
    envelope: EnvelopeStatus | None = None


def build_status(p: Publication) -> Status:
    """The whole status. Codes, no words."""
    moment = Moment(p.memory.mode, p.memory.mode_since_s, p.now_s)
    seconds, assumption = hours_left(p.seen, p.hub, p.memory.prepared, moment)
    return Status(
        schema=SCHEMA,
        version=__version__,
        hub=p.hub.name,
        label=p.hub.label,
        boot_id=p.boot,
        pid=p.pid,
        sequence=p.sequence,
        written_at_s=p.now_s,
        unix_s=clock.unix_s(),
        clock=clock.quality(),
        mode=p.memory.mode,
        mode_since_s=p.memory.mode_since_s,
        reason=p.memory.reason,
        authority=p.memory.durable.authority,
        grid=_grid(p),
        hours_left=HoursLeft(seconds, assumption),
        bus_voltage_v=p.seen.poi.bus_voltage_v,
        bus_frequency_hz=p.seen.poi.bus_frequency_hz,
        tiers=_tiers(p),
        batteries=tuple(
            BatteryStatus(b.id, b.label, state.mode, state.soc_pct, _total(state.power_w))
            for b in p.hub.batteries.values()
            if (state := p.seen.batteries.get(b.id)) is not None
        ),
        pv=_pv(p),
        gensets=_gensets(p),
        radios=_radios(p),
        offers=tuple(OfferStatus(x.id, x.label, x.feeders, x.radios) for x in p.hub.offers),
        latches=tuple(LatchStatus(x.subject, x.reason, x.since_s) for x in p.memory.durable.latches),
        devices=tuple(_device(p, name, link) for name, link in p.links.items()),
        keys_are_seen=KEYS_ALARM not in p.memory.alarms,
        planned=_planned(p),
        import_limit_w=p.hub.dimming.limit_w if p.hub.dimming and p.memory.dimmed_since_s is not None else None,
        prepared_shed=p.memory.prepared.shed,
        cycle=p.cycle,
        journal=p.journal,
        angle_difference_deg=p.seen.poi.angle_difference_deg,
        irradiance_w_per_m2=p.seen.weather.irradiance_w_per_m2,
        temperature_c=p.seen.weather.temperature_c,
        envelope=p.envelope,
    )


def _device(p: Publication, name: str, link: Link) -> DeviceStatus:
    screen = p.screens.get(name)  # none before the first image, and none for what serves no asset
    if screen is None:
        return DeviceStatus(name, link.is_up)
    since_s = screen.quarantined_since_s
    return DeviceStatus(name, link.is_up, screen.refuted_count, since_s is not None, since_s, screen.last_good_at_s)


def _grid(p: Publication) -> GridStatus:
    poi = p.seen.poi
    waiting = p.memory.mode is Mode.ISLANDED and p.memory.durable.planned is None
    return GridStatus(
        verdict=p.memory.grid.verdict,
        reason=p.memory.grid.reason,
        since_s=p.memory.grid.since_s,
        voltage_v=poi.grid_voltage_v,
        frequency_hz=poi.grid_frequency_hz,
        power_w=_total(poi.power_w),
        poi_position=poi.position,
        reconnect_at_s=return_at_s(p.memory, assess(p.seen, p.hub, p.now_s)) if waiting else None,
    )


def _planned(p: Publication) -> PlannedStatus | None:
    wish = p.memory.durable.planned
    return None if wish is None else PlannedStatus(wish.who, wish.since_s, wish.until_s, wish.is_automatic)


def _tiers(p: Publication) -> tuple[TierStatus, ...]:
    return tuple(
        TierStatus(
            tier.number,
            tier.label,
            tuple(_feeder(p, feeder) for feeder in p.hub.feeders.values() if feeder.tier == tier.number),
            tier.restore_above_soc_pct,
        )
        for tier in p.hub.tiers
    )


def _feeder(p: Publication, feeder: Feeder) -> FeederStatus:
    state = p.seen.feeders.get(feeder.id) or FeederSeen()
    memory = p.memory.feeders.get(feeder.id)
    return FeederStatus(
        id=feeder.id,
        label=feeder.label,
        position=state.position,
        power_w=_total(state.power_w),
        reason=memory.reason if memory is not None else None,
        since_s=memory.shed_since_s if memory is not None else None,
    )


def _pv(p: Publication) -> tuple[PvStatus, ...]:
    rows = []
    for plant in p.hub.pv.values():
        state = p.seen.pv.get(plant.id) or PvSeen()
        rows.append(PvStatus(plant.id, plant.label, _total(state.power_w), state.limit_w))
    return tuple(rows)


def _gensets(p: Publication) -> tuple[GensetStatus, ...]:
    rows = []
    for genset in p.hub.gensets.values():
        state = p.seen.gensets.get(genset.id) or GensetSeen()
        rows.append(GensetStatus(genset.id, genset.label, state.state, _total(state.power_w), state.fuel_l))
    return tuple(rows)


def _radios(p: Publication) -> tuple[RadioStatus, ...]:
    rows = []
    for radio in p.hub.radios.values():
        state = p.seen.radios.get(radio.id) or RadioSeen()
        rows.append(RadioStatus(radio.id, radio.label, state.is_alive, state.is_supplied, state.reserve_pct))
    return tuple(rows)


def _total(values: PhaseValues | None) -> float | None:
    return None if values is None else values.total
