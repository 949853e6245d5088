"""Plausible aims: what a decision that wants this or that would order, seen what is seen. The hands bend it.

An aim is stated whole in every cycle, as `decide` states it. Its orders stay the same while it lasts.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from types import MappingProxyType

from controller.model.commands import BatteryCommand, Commands, GensetCommand, Order, PoiCommand, SwitchCommand
from controller.model.hub import AssetId, Hub
from controller.model.image import BatterySeen, ProcessImage
from controller.model.reasons import Reason
from controller.model.words import SettingsGroup

JUMPS_HZ = (48.5, 49.0, 49.8, 50.2, 51.0, 51.4)
CONTACT_S = 0.12  # from the order to the contact, at most
GRID, ISLAND = SettingsGroup.GRID, SettingsGroup.ISLAND


class Aim:
    """What one stretch of time is about, and the orders that it stands by."""

    def __init__(self, hub: Hub, rng: random.Random, now_s: float) -> None:
        self.hub, self.rng = hub, rng
        self.formers = [b.id for b in hub.batteries.values() if b.capabilities.can_form]
        self.main = rng.choice(self.formers)
        self.slip_hz = rng.choice((-1.0, 1.0)) * rng.uniform(0.03, 0.11)
        self.off_ratio = rng.choice((0.0, 0.0, rng.uniform(-0.06, 0.06)))
        self.order = self.new_order(now_s)
        self.jump_hz = rng.choice(JUMPS_HZ)
        self._closing_until_s = -1.0
        self.now_s = now_s

    def look(self, allowed: Commands, now_s: float) -> None:
        """Take note of what passed."""
        self.now_s = now_s
        if allowed.poi.close is not None:
            self._closing_until_s = now_s + CONTACT_S

    @property
    def is_closing(self) -> bool:
        """The contact may be on its way."""
        return self.now_s <= self._closing_until_s

    def standing(self) -> Order:
        """The same as long as it stands, then now and then a new one."""
        if self.now_s > self.order.expires_at_s and self.rng.random() < 0.2:
            self.order = self.new_order(self.now_s)
        return self.order

    def new_order(self, now_s: float) -> Order:
        """One that stands for a moment, for a while, or for as long as any may."""
        hold_s = self.rng.choice((0.005, 0.03, 0.5, 2.0, 2.0, 60.0, 600.0))
        return Order(Reason.ISLAND_FORMED, now_s, now_s + hold_s, 1)

    def steered(self, battery: AssetId, seen: ProcessImage) -> BatteryCommand:
        """Towards the grid's frequency, with a slip."""
        grid_hz = seen.poi.grid_frequency_hz or self.hub.nominal_frequency_hz
        power_w = (seen.batteries.get(battery) or BatterySeen()).power_w
        droop_hz = self.hub.batteries[battery].droop_hz_per_w * (power_w.total if power_w is not None else 0.0)
        grid_v = seen.poi.grid_voltage_v
        set_v = self.hub.nominal_voltage_v if grid_v is None else grid_v.total / 3.0
        return BatteryCommand(
            frequency_set_hz=grid_hz + self.slip_hz + droop_hz, voltage_set_v=set_v * (1.0 + self.off_ratio)
        )

    def thrown(self) -> SwitchCommand:
        """On, off, or left alone."""
        draw = self.rng.random()
        return SwitchCommand(close=self.order) if draw < 0.5 else SwitchCommand(open=draw < 0.75)

    def stopped(self) -> dict[AssetId, BatteryCommand]:
        """Every battery told to stop."""
        return {b: BatteryCommand(stop=True) for b in self.hub.batteries}


def rest(aim: Aim, seen: ProcessImage) -> Commands:
    """Say nothing: whatever stands, stands."""
    del aim, seen
    return Commands()


def follow(aim: Aim, seen: ProcessImage) -> Commands:
    """On grid."""
    del seen
    return Commands(
        poi=PoiCommand(settings_group=GRID),
        batteries={b: BatteryCommand(follow=True, power_set_w=2_000.0) for b in aim.hub.batteries},
        feeders={f: SwitchCommand(close=aim.order) for f in aim.hub.feeders},
        earthing=SwitchCommand(open=True),
    )


def island(aim: Aim, seen: ProcessImage) -> Commands:
    """Open, earth, form, take the loads on."""
    del seen
    others = {b: BatteryCommand(follow=True) for b in aim.hub.batteries if b != aim.main}
    return Commands(
        poi=PoiCommand(open=True, settings_group=aim.rng.choice((GRID, ISLAND))),
        batteries={aim.main: BatteryCommand(form=aim.order), **others},
        feeders={f: SwitchCommand(close=aim.order) for f in aim.hub.feeders},
        earthing=SwitchCommand(close=aim.order),
    )


def form_all(aim: Aim, seen: ProcessImage) -> Commands:
    """Everybody forms, the POI as it stands; one after the other, or all in one breath."""
    del seen
    order = aim.order if aim.rng.random() < 0.7 else None
    asked = aim.formers if aim.rng.random() < 0.3 else [aim.rng.choice(aim.formers)]
    return Commands(
        batteries={b: BatteryCommand(form=order) for b in asked},
        gensets={g: GensetCommand(crank=order) for g in aim.hub.gensets},
        earthing=SwitchCommand(close=order),
    )


def come_back(aim: Aim, seen: ProcessImage) -> Commands:
    """Steer to the grid, the close order standing all the while: the guard alone finds the instant."""
    return Commands(
        poi=PoiCommand(close=aim.standing(), settings_group=GRID),
        batteries={b: aim.steered(b, seen) for b in aim.formers},
    )


def lunge(aim: Aim, seen: ProcessImage) -> Commands:
    """The same, and once the closing has passed everything is thrown about before the contact comes."""
    wish = come_back(aim, seen)
    if not aim.is_closing:
        return wish
    thrown = aim.rng.choice(({"frequency_set_hz": aim.jump_hz}, {"voltage_set_v": 253.0}, {"stop": True}))
    return Commands(
        poi=wish.poi if aim.rng.random() < 0.5 else PoiCommand(),
        batteries={b: BatteryCommand(**thrown) for b in aim.formers},
        feeders={f: aim.thrown() for f in aim.hub.feeders},
    )


def go_dark(aim: Aim, seen: ProcessImage) -> Commands:
    """Open, and nobody holds the bus."""
    del seen
    return Commands(
        poi=PoiCommand(open=True, settings_group=GRID),
        batteries=aim.stopped(),
        gensets={g: GensetCommand(stop=True) for g in aim.hub.gensets},
    )


def close_dead(aim: Aim, seen: ProcessImage) -> Commands:
    """Close over a dead bus."""
    del seen
    return Commands(poi=PoiCommand(close=aim.standing(), settings_group=GRID), batteries=aim.stopped())


def close_dead_and_form(aim: Aim, seen: ProcessImage) -> Commands:
    """The same, and form while the contact is on its way."""
    if not aim.is_closing:
        return close_dead(aim, seen)
    return Commands(
        batteries={aim.main: BatteryCommand(form=aim.standing())},
        gensets={g: GensetCommand(crank=aim.order) for g in aim.hub.gensets},
        earthing=SwitchCommand(close=aim.order),
    )


def crank(aim: Aim, seen: ProcessImage) -> Commands:
    """Start the engines."""
    del seen
    return Commands(gensets={g: GensetCommand(crank=aim.order, power_set_w=9_000.0) for g in aim.hub.gensets})


AIMS: Mapping[str, Callable[[Aim, ProcessImage], Commands]] = MappingProxyType(
    {
        "rest": rest,
        "follow": follow,
        "island": island,
        "form_all": form_all,
        "come_back": come_back,
        "lunge": lunge,
        "go_dark": go_dark,
        "close_dead": close_dead,
        "close_dead_and_form": close_dead_and_form,
        "crank": crank,
    }
)
