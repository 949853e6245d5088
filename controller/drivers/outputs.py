"""Commands -> wishes on the links, in the order of urgency: what opens, sheds and limits goes before what closes.

Levels are wished every cycle, orders while they stand and have not expired. An asset without an entry, and a switch
that is neither to open nor to close, is left as it is: nothing is written. A point that a device does not have is
skipped.
"""

from __future__ import annotations

from collections.abc import Mapping

from controller.config.types import Site
from controller.drivers.link import Link, Value
from controller.model.commands import (
    BatteryCommand,
    Commands,
    GensetCommand,
    Order,
    PoiCommand,
    PvCommand,
    SwitchCommand,
)
from controller.model.hub import AssetId
from controller.model.words import InverterMode, Switcher

Links = Mapping[str, Link]


class Outputs:
    """Writes the commands of one site."""

    def __init__(self, site: Site) -> None:
        self._hub = site.hub
        self._points = {
            (asset, field): (ref.device, ref.point)
            for asset, binding in site.bindings.items()
            for field, ref in binding.writes.items()
        }

    def apply(self, links: Links, allowed: Commands, now_s: float) -> None:
        """Leave this cycle's wishes on the links. Returns at once; only what was vetted may come here."""
        self._open_poi(links, allowed.poi)
        for asset, feeder in allowed.feeders.items():
            self._open_switch(links, asset, feeder)
        for asset, pv in allowed.pv.items():
            self._limit(links, asset, pv)
        for asset, battery in allowed.batteries.items():
            self._battery(links, asset, battery, now_s)
        for asset, genset in allowed.gensets.items():
            self._genset(links, asset, genset, now_s)
        relay = self._hub.earthing.relay
        if relay is not None:
            self._open_switch(links, relay, allowed.earthing)
            self._close_switch(links, relay, allowed.earthing, now_s)  # earthing is there before load
        for asset, feeder in allowed.feeders.items():
            self._close_switch(links, asset, feeder, now_s)
        self._close_poi(links, allowed.poi, now_s)

    def take_back(self, links: Links) -> None:
        """Whoever only watches from now on leaves nothing behind by which the POI would still close."""
        self._wish(links, self._hub.poi.id, "close", value=False)
        self._wish(links, self._hub.poi.id, "close_permit", value=False)

    def _open_poi(self, links: Links, command: PoiCommand) -> None:
        poi = self._hub.poi.id
        self._wish(links, poi, "open", command.open)
        if command.open:
            self.take_back(links)

    def _close_poi(self, links: Links, command: PoiCommand, now_s: float) -> None:
        poi = self._hub.poi
        if command.settings_group is not None:
            self._wish(links, poi.id, "settings_group", command.settings_group.value)
        if command.open:
            return
        closes = _stands(command.close, now_s)
        self._wish(links, poi.id, "close", closes and poi.switching.is_closed_by_us)
        self._wish(links, poi.id, "close_permit", closes and poi.switching.closed_by is Switcher.SYNC_RELAY)

    def _open_switch(self, links: Links, asset: AssetId, command: SwitchCommand) -> None:
        if command.open:
            self._wish(links, asset, "closed", value=False)

    def _close_switch(self, links: Links, asset: AssetId, command: SwitchCommand, now_s: float) -> None:
        if not command.open and _stands(command.close, now_s):
            self._wish(links, asset, "closed", value=True)

    def _limit(self, links: Links, asset: AssetId, command: PvCommand) -> None:
        rating_w = self._hub.pv[asset].rating_w
        self._wish(links, asset, "limit_set_w", rating_w if command.limit_w is None else command.limit_w)

    def _battery(self, links: Links, asset: AssetId, command: BatteryCommand, now_s: float) -> None:
        if command.stop:
            self._wish(links, asset, "mode_set", InverterMode.OFF.value)
        # the set-points are there before the inverter takes the bus with them
        self._wish_number(links, asset, "charge_limit_set_w", command.charge_limit_w)
        self._wish_number(links, asset, "frequency_set_hz", command.frequency_set_hz)
        self._wish_number(links, asset, "voltage_set_v", command.voltage_set_v)
        self._wish_number(links, asset, "power_set_w", command.power_set_w)
        if not command.stop and _stands(command.form, now_s):
            self._wish(links, asset, "mode_set", InverterMode.GRID_FORMING.value)
        elif not command.stop and command.form is None and command.follow:
            self._wish(links, asset, "mode_set", InverterMode.GRID_FOLLOWING.value)

    def _genset(self, links: Links, asset: AssetId, command: GensetCommand, now_s: float) -> None:
        if command.stop:
            self._wish(links, asset, "run", value=False)
        elif _stands(command.crank, now_s):
            self._wish(links, asset, "run", value=True)
        self._wish_number(links, asset, "power_set_w", command.power_set_w)

    def _wish_number(self, links: Links, asset: AssetId, field: str, value: float | None) -> None:
        if value is not None:
            self._wish(links, asset, field, value)

    def _wish(self, links: Links, asset: AssetId, field: str, value: Value) -> None:
        place = self._points.get((asset, field))
        if place is not None:
            links[place[0]].write(place[1], value)


def _stands(order: Order | None, now_s: float) -> bool:
    return order is not None and now_s < order.expires_at_s
