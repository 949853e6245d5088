"""Nonsense of every kind: numbers that are none, orders of other ages, assets that do not exist, lies to remember."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Any

from controller.model.commands import (
    BatteryCommand,
    Commands,
    GensetCommand,
    Order,
    PoiCommand,
    PvCommand,
    SwitchCommand,
)
from controller.model.hub import Hub
from controller.model.memory import Attempt, DurableMemory, Latch
from controller.model.reasons import Reason
from controller.model.words import Authority, SettingsGroup

NUMBERS = (math.nan, math.inf, -math.inf, 1e308, -1e308, 1e9, -1e9, 0.0, -0.0, -1.0, 1.0, 5e-324)
NEAR = (47.5, 48.5, 49.9, 50.0, 50.1, 51.4, 52.5, 195.0, 207.0, 230.0, 253.0, 265.0, 3e3, 2e4, 6e4, 6.1e4, -6e4, -6.1e4)
REASONS = tuple(Reason)
GROUPS = (None, SettingsGroup.GRID, SettingsGroup.ISLAND)
ATTEMPTS_COUNT = (0, 0, 0, 64, 100)


class Nonsense:
    """Draws from everything that the types allow."""

    def __init__(self, hub: Hub, rng: random.Random) -> None:
        self.hub, self.rng = hub, rng
        self._kinds = {
            "batteries": (tuple(hub.batteries), self.battery),
            "pv": (tuple(hub.pv), self.pv),
            "gensets": (tuple(hub.gensets), self.genset),
            "feeders": (tuple(hub.feeders), self.switch),
        }
        self._strangers = (hub.poi.id, "ghost", "", *hub.batteries, *hub.feeders)

    def number(self) -> float | None:
        """None, a number near what is allowed, or one that no device has ever heard of."""
        draw = self.rng.random()
        return None if draw < 0.3 else self.rng.choice(NEAR) if draw < 0.8 else self.rng.choice(NUMBERS)

    def reason(self) -> Reason:
        """Any; a reason more draws no more from the stream, so that the tales stay what they are."""
        return REASONS[int(self.rng.random() * len(REASONS))]

    def order(self, now_s: float) -> Order | None:
        """None, fresh, long gone, not yet, for ever, or no time at all."""
        rng = self.rng
        if rng.random() < 0.3:
            return None
        issued_at_s = now_s + rng.choice((0.0, 0.0, 0.0, -0.05, -1.0, -300.0, 1.0, math.nan, math.inf))
        hold_s = rng.choice((0.0, 0.01, 1.0, 2.0, 600.0, 601.0, 1e9, math.inf, -1.0, math.nan))
        return Order(self.reason(), issued_at_s, issued_at_s + hold_s, rng.choice((0, 1, 2, -1, 10**9)))

    def poi(self, now_s: float) -> PoiCommand:
        """Open, close, both or neither."""
        rng = self.rng
        return PoiCommand(rng.random() < 0.2, self.order(now_s), rng.choice(GROUPS), self.reason())

    def battery(self, now_s: float) -> BatteryCommand:
        """Stop, form and follow in one breath."""
        rng, number = self.rng, self.number
        is_stop, is_follow = rng.random() < 0.1, rng.random() < 0.3
        return BatteryCommand(is_stop, self.order(now_s), is_follow, number(), number(), number(), number())

    def pv(self, now_s: float) -> PvCommand:
        """Any limit."""
        del now_s
        return PvCommand(self.number(), self.reason())

    def genset(self, now_s: float) -> GensetCommand:
        """Run and stop."""
        return GensetCommand(self.rng.random() < 0.1, self.order(now_s), self.number())

    def switch(self, now_s: float) -> SwitchCommand:
        """Open and close."""
        return SwitchCommand(self.rng.random() < 0.3, self.order(now_s), self.reason())

    def commands(self, now_s: float) -> Commands:
        """For every asset, and for some that there are not."""
        rng, stranger = self.rng, self.rng.choice(self._strangers)
        drawn: dict[str, Any] = {
            kind: {name: draw(now_s) for name in (*names, stranger) if rng.random() < 0.7}
            for kind, (names, draw) in self._kinds.items()
        }
        return Commands(poi=self.poi(now_s), earthing=self.switch(now_s), **drawn)

    def bent(self, wish: Commands, now_s: float) -> Commands:
        """One thing in it is another."""
        rng = self.rng
        draw = rng.randrange(6)
        if draw == 0:
            return replace(wish, poi=self.poi(now_s))
        if draw == 1:
            return replace(wish, earthing=self.switch(now_s))
        kind = rng.choice(("batteries", "batteries", "pv", "gensets", "feeders"))
        names, one = self._kinds[kind]
        name = rng.choice(names or self._strangers)
        changed: dict[str, Any] = {kind: {**getattr(wish, kind), name: one(now_s)}}
        return replace(wish, **changed)

    def shifted(self, wish: Commands, now_s: float) -> Commands:
        """The same as some time ago, its orders dated as of now."""

        def anew(order: Order | None) -> Order | None:
            return None if order is None else replace(order, issued_at_s=now_s, expires_at_s=now_s + 2.0)

        return replace(
            wish,
            poi=replace(wish.poi, close=anew(wish.poi.close)),
            batteries={b: replace(command, form=anew(command.form)) for b, command in wish.batteries.items()},
            gensets={g: replace(command, crank=anew(command.crank)) for g, command in wish.gensets.items()},
            feeders={f: replace(command, close=anew(command.close)) for f, command in wish.feeders.items()},
            earthing=replace(wish.earthing, close=anew(wish.earthing.close)),
        )

    def durable(self, now_s: float) -> DurableMemory:
        """A memory that nobody has lived: latches that are not, or are gone; attempts that were not, or too many."""
        rng, hub = self.rng, self.hub
        subjects = ("emergency_off", "lockout", "dso_lock", "poi_close", *hub.batteries, *hub.gensets, "ghost")
        latches = tuple(Latch(s, Reason.OPERATOR, now_s) for s in subjects if rng.random() < 0.03)
        count = rng.choice(ATTEMPTS_COUNT)
        some = [name for name in hub.feeders if rng.random() < 0.5]
        return DurableMemory(
            authority=rng.choice((Authority.AUTO, Authority.AUTO, Authority.AUTO, Authority.MANUAL, Authority.OBSERVE)),
            latches=latches,
            attempts=tuple(Attempt(hub.poi.id, "close", now_s - i) for i in range(count)),
            held_open=frozenset(some[:2]),
            shed_by_us=frozenset(hub.feeders) if rng.random() < 0.5 else frozenset(some),
        )
