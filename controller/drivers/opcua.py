"""OPC UA through asyncua: one session per server, and a new one after every loss.

A batch read is the proof of life: a subscription can die silently, a read has a deadline.

Importing this module costs 350 ms and 25 MB: only a hub with such a device does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds

from controller import clock
from controller.config.credentials import credentials
from controller.config.types import PollGroup
from controller.drivers.board import Board
from controller.drivers.errors import LinkDownError, NotAdmittedError, UnfitValueError
from controller.drivers.link import Said
from controller.drivers.opcua_client import out_of_date
from controller.drivers.opcua_session import Session
from controller.drivers.opcua_values import NOT_BEGUN, Item, data_value, is_same, items_of, value_of, variant_type
from controller.drivers.outbox import Wish
from controller.drivers.schedule import Timer, poll_period_s
from controller.drivers.surroundings import Surroundings

REQUEST_MIN_S = 1.0  # a batch of 100 nodes takes a small server 0.3 s when it collects its garbage
NOT_ADMITTED_S = 5.0  # from judgement: nobody corrects a password in less, and servers lock out who tries too often

logging.getLogger("asyncua").setLevel(logging.CRITICAL)


@dataclass(frozen=True, slots=True)
class Batch:
    """The items of one device and one poll group."""

    items: tuple[Item, ...]
    timer: Timer


class UaServer:
    """The owner of one connection, with the devices that live behind it."""

    def __init__(self, boards: Sequence[Board], url: str, phase: float, around: Surroundings) -> None:
        self._boards = boards
        self._url = url
        security = boards[0].device.security
        self._known = None if security is None else credentials(security)
        self._around = around
        self._request_s = max(REQUEST_MIN_S, *(board.device.timeout_s for board in boards))
        self._items = {(board.name, item.point.id): item for board in boards for item in items_of(board)}
        self._batches = [batch for board in boards for batch in self._batches_of(board, phase)]
        self._types: dict[ua.NodeId, ua.VariantType | None] = {}
        self._wake = asyncio.Event()
        self._is_lost = False
        self._failures = 0
        self._refusals = 0  # in a row
        for board in boards:
            board.wake = self._wake.set

    async def run(self) -> None:
        """Connect, serve, connect again, until cancelled."""
        while True:
            await asyncio.sleep(await self._until_lost())
            self._failures += 1

    async def _until_lost(self) -> float:
        """One connection, whatever becomes of it. Returns how long to wait for the next one, in seconds."""
        session = Session(self._url, self._request_s, self._known)
        try:
            await self._connect(session)
            await self._serve(session)
        except NotAdmittedError as error:
            self._around.log.warn(f"{self._url} does not let us in", str(error))
            self._refusals += 1
            if self._refusals > 1:  # a server that dies in mid-sentence looks like one that refuses us, but once
                return NOT_ADMITTED_S
        except LinkDownError as error:
            self._refusals = 0
            self._around.log.warn(self._url, str(error))
        finally:
            for board in self._boards:
                board.lost()
            await session.close()
        return self._around.patience.wait_s(self._failures)

    async def _connect(self, session: Session) -> None:
        for text in () if self._known is None else out_of_date(self._known, clock.unix_s()):
            self._around.log.warn(f"{self._url} certificates", text)
        self._is_lost = False
        await session.open(self._on_lost)
        writable = [item.node for item in self._items.values() if item.point.writable]
        if writable:
            found = await session.read(writable, AttributeIds.DataType)
            self._types = {node: variant_type(answer) for node, answer in zip(writable, found, strict=True)}
        now_s = self._around.clock()
        for batch in self._batches:
            batch.timer.due_s = now_s

    def _on_lost(self) -> None:
        self._is_lost = True
        self._wake.set()

    async def _serve(self, session: Session) -> None:
        while not self._is_lost:
            await self._write_wishes(session)
            await self._check_writes(session)
            now_s = self._around.clock()
            due = [batch for batch in self._batches if batch.timer.due_s <= now_s]
            if due:
                await self._poll(session, due)
            elif not any(board.outbox.has_wish() for board in self._boards):
                await self._rest(now_s)
        raise LinkDownError("connection lost")

    async def _rest(self, now_s: float) -> None:
        if self._is_lost:
            return
        self._wake.clear()
        next_s = min((batch.timer.due_s for batch in self._batches), default=now_s + 1.0)
        try:
            async with asyncio.timeout(max(0.0, next_s - now_s)):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _poll(self, session: Session, due: Sequence[Batch]) -> None:
        for batch in due:
            batch.timer.done(self._around.clock())
        await self._read(session, [item for batch in due for item in batch.items])
        for board in self._boards:
            board.answered()
        self._failures = 0

    async def _read(self, session: Session, items: Sequence[Item]) -> list[Said]:
        at_s = self._around.clock()
        answers = await session.read([item.node for item in items])
        values = [value_of(item, answer) for item, answer in zip(items, answers, strict=True)]
        for item, value in zip(items, values, strict=True):
            item.board.keep(item.point.id, value, at_s - item.point.refresh_s)
        return values

    async def _write_wishes(self, session: Session) -> None:
        """What is sure goes at once: it does not wait for what has to be asked about the rest."""
        sure: list[tuple[Item, Wish]] = []
        unsure: list[tuple[Item, Wish]] = []
        for board in self._boards:
            while (wish := board.outbox.take(self._around.clock())) is not None:
                wishes = unsure if board.outbox.must_check_first(wish) else sure
                wishes.append((self._items[board.name, wish.point], wish))
        await self._send(session, sure)
        if unsure:
            await self._send(session, await self._still_wanted(session, unsure))

    async def _still_wanted(self, session: Session, wishes: Sequence[tuple[Item, Wish]]) -> list[tuple[Item, Wish]]:
        """Those that the device turns out not to have, and that nobody has taken back meanwhile."""
        found = await self._read(session, [item for item, _ in wishes])
        now_s = self._around.clock()
        wanted = []
        for (item, wish), value in zip(wishes, found, strict=True):
            if is_same(wish.value, value):
                item.board.outbox.has(wish, now_s)
            elif not item.board.is_barred and not item.board.outbox.is_overtaken(wish, now_s):
                wanted.append((item, wish))
        return wanted

    async def _send(self, session: Session, wishes: Sequence[tuple[Item, Wish]]) -> None:
        sending = [(item, wish, value) for item, wish in wishes if (value := self._encoded(item, wish)) is not None]
        if not sending:
            return
        for item, wish, _ in sending:
            item.board.outbox.sending(wish, self._around.clock())
        try:
            statuses = await session.write([item.node for item, _, _ in sending], [value for _, _, value in sending])
        except (LinkDownError, asyncio.CancelledError):
            for item, wish, _ in sending:
                item.board.outbox.lost(wish)
            raise
        for (item, wish, _), status in zip(sending, statuses, strict=True):
            item.board.answered()
            if status.is_good():
                item.board.outbox.answered(wish)
                continue
            if status.value not in NOT_BEGUN:
                item.board.outbox.doubted(wish)
            self._around.log.warn(f"{item.board.name} {wish.point}", f"write refused: {status.name}")

    def _encoded(self, item: Item, wish: Wish) -> ua.DataValue | None:
        try:
            return data_value(item, wish.value, self._types[item.node])
        except UnfitValueError as error:
            self._around.log.warn(f"{item.board.name} {wish.point}", f"not written: {error}")
            return None

    async def _check_writes(self, session: Session) -> None:
        checks = []
        for board in self._boards:
            while (check := board.outbox.take_check()) is not None:
                checks.append((self._items[board.name, check[0]], check[1]))
        if not checks:
            return
        found = await self._read(session, [item for item, _ in checks])
        for (item, wanted), value in zip(checks, found, strict=True):
            if not is_same(wanted, value):
                text = f"written {wanted}, reads back {value}"
                self._around.log.warn(f"{item.board.name} {item.point.id}", text)

    def _batches_of(self, board: Board, phase: float) -> list[Batch]:
        batches = []
        for group in PollGroup:
            items = tuple(
                item
                for (device, _), item in self._items.items()
                if device == board.name and item.point.readable and item.point.group is group
            )
            if items:
                period_s = poll_period_s(board.device, group)
                batches.append(Batch(items, Timer(period_s, phase * period_s, 0.0)))
        return batches
