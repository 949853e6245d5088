"""One Modbus device on its bus: what can be read and written of it, and when its next turn is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from controller.config.types import ModbusWhere, Point, SunSpecWhere
from controller.drivers.backoff import Patience
from controller.drivers.blocks import Block, Located, plan, single
from controller.drivers.board import Board
from controller.drivers.breaker import Breaker
from controller.drivers.errors import UnusableTableError
from controller.drivers.schedule import Poll, polls
from controller.drivers.transport import Rules


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything addressable of one device."""

    blocks: tuple[Block, ...]
    writable: Mapping[str, Located]
    singles: Mapping[str, Block]  # to read a write back


def layout(points: Iterable[Located], hole_max: int) -> Layout:
    """Plan the reads and writes of one device.

    Raises:
        UnusableTableError: a point that Modbus cannot read or write as described.
    """
    located = tuple(points)
    writable = {each.point.id: _checked_writable(each) for each in located if each.point.writable}
    readable_places = {each.where for each in located if each.point.readable}
    return Layout(
        blocks=plan((each for each in located if each.point.readable), hole_max),
        writable=writable,
        singles={
            name: single(each)
            for name, each in writable.items()
            if each.point.read_back or each.where in readable_places
        },
    )


def located_points(points: Iterable[Point]) -> tuple[Located, ...] | None:
    """The points with fixed addresses; None when the device must be asked where they are (SunSpec)."""
    found = []
    for point in points:
        if isinstance(point.where, SunSpecWhere):
            return None
        if not isinstance(point.where, ModbusWhere):
            raise UnusableTableError(f"{point.id}: no Modbus address")
        found.append(Located(point, point.where))
    return tuple(found)


def _checked_writable(located: Located) -> Located:
    if located.where.space not in ("holding", "coil"):
        raise UnusableTableError(f"{located.point.id}: {located.where.space} cannot be written")
    if located.where.bit is not None:
        raise UnusableTableError(f"{located.point.id}: one bit of a register cannot be written alone")
    return located


class Station:
    """A device on a bus, as the bus' owner sees it."""

    def __init__(self, board: Board, rules: Rules, phase: float, patience: Patience) -> None:
        """`phase` (0 to 1) is where in the poll period this connection has its turn."""
        fixed = located_points(board.device.table.points.values())
        self.board = board
        self.breaker = Breaker(board, rules.failures_to_pause, patience)
        self.free_at_s = 0.0  # the device wants so long a pause between an answer and the next question
        self.polls: Sequence[Poll] = ()
        self._hole_max = rules.hole_max
        self._phase = phase
        self._is_discovered = fixed is None
        self.layout: Layout | None = None if fixed is None else layout(fixed, rules.hole_max)

    @property
    def ready_at_s(self) -> float:
        """When it may be asked again."""
        return max(self.free_at_s, self.breaker.until_s)

    def restart(self, now_s: float, delay_s: float = 0.0) -> None:
        """The connection is new: in `delay_s` everything is due, and a discovered device may be another one now."""
        self.breaker.until_s = now_s + delay_s
        self.free_at_s = now_s
        if self._is_discovered:
            self.layout = None
            self.polls = ()
        if self.layout is not None:
            self.polls = polls(self.board.device, self.layout.blocks, self._phase, now_s)

    def asked(self, now_s: float) -> None:
        """Its answer, or the end of its time, has just come."""
        self.free_at_s = now_s + self.board.device.table.min_gap_s

    def next_turn_s(self, now_s: float, idle_s: float) -> float:
        """When something is to be asked of it; in `idle_s` when nothing is."""
        if self.layout is None or self.board.outbox.has_work():
            return self.ready_at_s
        due_s = min((poll.timer.due_s for poll in self.polls), default=now_s + idle_s)
        return max(due_s, self.ready_at_s)

    def discovered(self, points: Iterable[Located], now_s: float) -> None:
        """The device told us where its points are."""
        self.layout = layout(points, self._hole_max)
        self.polls = polls(self.board.device, self.layout.blocks, self._phase, now_s)

    def split(self, poll: Poll, now_s: float) -> None:
        """The device refuses to be read across the holes of a block: read it in pieces from now on."""
        assert self.layout is not None
        blocks = tuple(each for each in self.layout.blocks if each is not poll.block) + poll.block.pieces
        self.layout = replace(self.layout, blocks=blocks)
        pieces = polls(self.board.device, poll.block.pieces, self._phase, now_s)
        self.polls = [each for each in self.polls if each is not poll] + pieces
