"""What every output does when a device is lost, in every mode: derived from the site, its tables and our rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controller.config.types import Device, Site
from controller.core.situation import is_on_our_bus
from controller.model.words import BusSide, IslandEarthing, Mode
from hil_tests.losses.effects import ON_LOSS, Effect
from hil_tests.losses.play import carried_by

MODES = (
    Mode.UNKNOWN,
    Mode.GRID_CONNECTED,
    Mode.UNPLANNED_ISLANDING,
    Mode.ISLANDED,
    Mode.RECONNECTION,
    Mode.DARK,
    Mode.LOCKED_OUT,
)
IN_STEPS = (Mode.PLANNED_ISLANDING, Mode.BLACK_START)
"""They lead from one mode to another and wait in each step for what they see: told is where a loss makes them end."""


@dataclass(frozen=True, slots=True)
class Row:
    """One lost device in one mode."""

    mode: Mode
    device: str
    effects: Mapping[str, Effect]  # of every output
    ends_in: Mode


def outputs_of(site: Site) -> tuple[str, ...]:
    """Every asset that is written to, in the site file's order."""
    return tuple(asset for asset, binding in site.bindings.items() if binding.writes)


def expected(site: Site, mode: Mode, device: str) -> Row:
    """What the tables and the rules of judgement say."""
    ends_in, held = _consequence(site, mode, device)
    carried, anew = carried_by(site, device), _begun_anew(site, mode, device)
    effects = {}
    for output in outputs_of(site):
        if output in carried:
            effects[output] = _without_us(site.devices[device], mode, ends_in)
        elif output in anew:
            effects[output] = anew[output]
        elif output in held:
            effects[output] = Effect.HELD_BACK
        elif output in site.hub.pv and _bounds_pv(site, mode, device, ends_in):
            effects[output] = Effect.ADAPTS
        else:
            effects[output] = Effect.AS_EVER
    return Row(mode, device, effects, ends_in)


def expected_in_steps(site: Site, mode: Mode, device: str) -> Row:
    """Where a loss on the way leads, and what becomes of the outputs that are not reached any more."""
    hub, served = site.hub, _only_from(site, device)
    earths = hub.earthing.kind is IslandEarthing.SWITCHED_BY_US and hub.earthing.relay in served
    given_up = Mode.GRID_CONNECTED if mode is Mode.PLANNED_ISLANDING else Mode.DARK
    ends_in = given_up if hub.poi.id in served or served & set(hub.forming_order) or earths else Mode.ISLANDED
    effects = {output: _without_us(site.devices[device], mode, ends_in) for output in carried_by(site, device)}
    return Row(mode, device, effects, ends_in)


def _without_us(device: Device, mode: Mode, ends_in: Mode) -> Effect:
    """The table's own word for where the hub is by then; a device that watches no heartbeat never notices."""
    if device.table.reversion_s is None:
        return Effect.HOLDS
    on_grid = mode is Mode.UNKNOWN or ends_in is Mode.GRID_CONNECTED
    return ON_LOSS[device.table.on_loss if on_grid else device.table.on_loss_island]


def _consequence(site: Site, mode: Mode, device: str) -> tuple[Mode, frozenset[str]]:
    """Where the mode leads, and which outputs are then not moved although they are reached."""
    hub, served = site.hub, _only_from(site, device)
    batteries = frozenset(hub.forming_order) & frozenset(hub.batteries)  # the others follow, seen or not
    earthing = frozenset({hub.earthing.relay} if hub.earthing.relay is not None else ())
    sees_poi, forms = hub.poi.id in served, bool(served & set(hub.forming_order))
    earths = bool(served & earthing) and hub.earthing.kind is IslandEarthing.SWITCHED_BY_US
    if mode is Mode.UNKNOWN:
        return (Mode.LOCKED_OUT if sees_poi else Mode.GRID_CONNECTED), frozenset()
    if mode is Mode.UNPLANNED_ISLANDING:
        if sees_poi:
            return Mode.LOCKED_OUT, batteries | earthing
        if earths or not forms:
            return (Mode.DARK, batteries) if earths else (Mode.ISLANDED, frozenset())
        return (Mode.BLACK_START if _starters(site, device) else Mode.DARK), batteries
    if mode is Mode.RECONNECTION:
        stays = Mode.ISLANDED if sees_poi else Mode.RECONNECTION  # until what is not seen comes back, for two minutes
        is_blind = sees_poi or earths or forms
        return (
            (stays, frozenset({hub.poi.id}) | batteries | earthing) if is_blind else (Mode.GRID_CONNECTED, frozenset())
        )
    return mode, frozenset()


def _starters(site: Site, device: str) -> list[str]:
    """Gensets that can start the hub where no battery can."""
    return [g.id for g in site.hub.gensets.values() if is_on_our_bus(g) and g.id not in _only_from(site, device)]


def _begun_anew(site: Site, mode: Mode, device: str) -> dict[str, Effect]:
    """What a black start moves, where the loss of this device ends a transfer in the dark."""
    if mode is not Mode.UNPLANNED_ISLANDING:
        return {}
    ends_in, _ = _consequence(site, mode, device)
    if ends_in not in {Mode.DARK, Mode.BLACK_START} or "safety" in _only_from(site, device):
        return {}  # whose keys and emergency-off are not seen starts nothing
    feeders = site.hub.feeders.values()
    dropped = {f.id: Effect.DROPPED for f in feeders if f.bus is BusSide.ISLAND and not f.carries_control}
    started = _starters(site, device) if ends_in is Mode.BLACK_START else []
    return dropped | dict.fromkeys(started[:1], Effect.STARTED)


def _bounds_pv(site: Site, mode: Mode, device: str, ends_in: Mode) -> bool:
    """PV may give what could be absorbed: while that is limited, and by another number than usual."""
    served = _only_from(site, device)
    if mode is Mode.RECONNECTION:
        return ends_in is not Mode.GRID_CONNECTED  # usually it is free by then
    if mode is Mode.UNPLANNED_ISLANDING:
        return bool(served & {site.hub.poi.id, *site.hub.feeders, *site.hub.batteries})
    return mode is Mode.ISLANDED and bool(served & {*site.hub.feeders, *site.hub.forming_order})


def _only_from(site: Site, device: str) -> frozenset[str]:
    """The assets that nobody else sees."""
    return frozenset(
        asset
        for asset, binding in site.bindings.items()
        if {ref.device for refs in binding.reads.values() for ref in refs} == {device}
    )


# ---- against the bench -----------------------------------------------------------------------------------------------
