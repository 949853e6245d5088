"""Closings, forming and cranks wait until their intent is on disk, at most 0.25 s. Nothing else waits.

Two wait less: the closing of the POI, which is timed for one instant, and that of the relay that earths an island, for
which everything else in the dark waits.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from controller.ledger import Ledger, Ticket
from controller.model.commands import Commands, Order
from controller.model.decision import Event
from controller.model.reasons import EventKind, Reason

WAIT_MAX_S = 0.25
SHORT_WAIT_MAX_S = 0.05
REMEMBERED_S = 600.0


@dataclass(slots=True)
class IntentGate:
    """Holds back orders whose intent is not durable yet. An order is known by its subject and its instant."""

    journal: Ledger
    poi: str = "poi"  # its name, and that of the relay that earths the island
    earthing: str = "earthing"
    is_holding: bool = False  # something waits for its line on disk
    _newest: Ticket = field(default_factory=lambda: Ticket(0))
    _tickets: dict[tuple[str, float], tuple[Ticket, float, bool]] = field(default_factory=dict)

    def pass_through(self, commands: Commands, ticket: Ticket | None, now_s: float) -> Commands:
        """The commands without the orders that must still wait. `ticket`: this cycle's events and durable memory.

        An order that passes the guard later than it was told waits for all that was told before.
        """
        self.is_holding, self._newest = False, ticket or self._newest
        if not _has_orders(commands):
            return commands
        self._forget(now_s)
        poi = commands.poi
        if poi.close is not None and not self._may_go(self.poi, poi.close, now_s, SHORT_WAIT_MAX_S):
            poi = replace(poi, close=None)
        batteries = {
            name: replace(c, form=None) if c.form and not self._may_go(name, c.form, now_s) else c
            for name, c in commands.batteries.items()
        }
        gensets = {
            name: replace(c, crank=None) if c.crank and not self._may_go(name, c.crank, now_s) else c
            for name, c in commands.gensets.items()
        }
        feeders = {
            name: replace(c, close=None) if c.close and not self._may_go(name, c.close, now_s) else c
            for name, c in commands.feeders.items()
        }
        earthing = commands.earthing
        if earthing.close is not None and not self._may_go(self.earthing, earthing.close, now_s, SHORT_WAIT_MAX_S):
            earthing = replace(earthing, close=None)
        return replace(commands, poi=poi, batteries=batteries, gensets=gensets, feeders=feeders, earthing=earthing)

    def _may_go(self, subject: str, order: Order, now_s: float, wait_max_s: float = WAIT_MAX_S) -> bool:
        key = (subject, order.issued_at_s)
        known = self._tickets.get(key)
        if known is None:
            known = (self._newest, now_s, False)
            self._tickets[key] = known
        held_by, since_s, has_gone = known
        if has_gone:
            return True
        durable = self.journal.is_durable(held_by)
        if not durable and now_s - since_s < wait_max_s:
            self.is_holding = True
            return False
        self._tickets[key] = (held_by, since_s, True)
        if not durable:
            values: dict[str, float | int | str | bool] = {"waited_s": round(now_s - since_s, 3)}
            self.journal.write(Event(EventKind.JOURNAL, Reason.INTENT_NOT_DURABLE, subject, values), now_s)
        return True

    def _forget(self, now_s: float) -> None:
        if len(self._tickets) > 64:
            self._tickets = {k: v for k, v in self._tickets.items() if now_s - v[1] < REMEMBERED_S}


def _has_orders(commands: Commands) -> bool:
    """Anything at all that may have to wait: seldom, and every cycle asks."""
    return (
        commands.poi.close is not None
        or commands.earthing.close is not None
        or any(command.close is not None for command in commands.feeders.values())
        or any(command.form is not None for command in commands.batteries.values())
        or any(command.crank is not None for command in commands.gensets.values())
    )
