"""OPC UA through asyncua: one client per server, and a new one after every loss.

A batch read is the proof of life: a subscription can die silently, a read has a deadline. Whatever asyncua raises when
a server goes away or talks nonsense becomes one thing here: the connection is down, and is made anew.

Importing this module costs 350 ms and 25 MB: only a hub with such a device does.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.uaerrors import UaError

from controller.config.types import PollGroup
from controller.drivers.board import Board
from controller.drivers.cancellation import raise_if_cancelled
from controller.drivers.errors import LinkDownError, UnfitValueError
from controller.drivers.link import Value
from controller.drivers.opcua_values import Item, data_value, is_same, items_of, value_of, variant_type
from controller.drivers.outbox import Wish
from controller.drivers.schedule import Timer, poll_period_s
from controller.drivers.surroundings import Surroundings

REQUEST_MIN_S = 1.0  # a batch of 100 nodes takes a small server 0.3 s when it collects its garbage
CONNECT_REQUESTS = 3  # connecting takes so many exchanges, each in its time
GOODBYE_S = 0.3

# A server that dies in mid-sentence makes asyncua raise these, beside its own errors (seen in its decoder).
TROUBLE = (
    OSError,
    TimeoutError,
    UaError,
    AssertionError,
    struct.error,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
)

T = TypeVar("T")

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
        self._around = around
        self._request_s = max(REQUEST_MIN_S, *(board.device.timeout_s for board in boards))
        self._items = {(board.name, item.point.id): item for board in boards for item in items_of(board)}
        self._batches = [batch for board in boards for batch in self._batches_of(board, phase)]
        self._types: dict[ua.NodeId, ua.VariantType | None] = {}
        self._wake = asyncio.Event()
        self._is_lost = False
        self._failures = 0
        for board in boards:
            board.wake = self._wake.set

    async def run(self) -> None:
        """Connect, serve, connect again, until cancelled."""
        while True:
            client = Client(self._url, timeout=self._request_s)
            try:
                await self._connect(client)
                await self._serve(client)
            except LinkDownError as error:
                self._around.log.warn(self._url, str(error))
            finally:
                for board in self._boards:
                    board.lost()
                await self._let_go(client)
            await asyncio.sleep(self._around.patience.wait_s(self._failures))
            self._failures += 1

    async def _connect(self, client: Client) -> None:
        self._is_lost = False
        client.connection_lost_callback = self._on_lost
        await self._asked(client.connect(), CONNECT_REQUESTS)
        writable = [item.node for item in self._items.values() if item.point.writable]
        if writable:
            found = await self._asked(client.uaclient.read_attributes(writable, AttributeIds.DataType))
            self._types = {node: variant_type(answer) for node, answer in zip(writable, found, strict=True)}
        now_s = self._around.clock()
        for batch in self._batches:
            batch.timer.due_s = now_s

    async def _on_lost(self, error: Exception) -> None:
        del error
        self._is_lost = True
        self._wake.set()

    async def _let_go(self, client: Client) -> None:
        try:
            await self._asked(client.disconnect(), GOODBYE_S / self._request_s)
        except LinkDownError:
            return
        finally:
            client.disconnect_socket()

    async def _asked(self, answer: Awaitable[T], times: float = 1.0) -> T:
        """Wait for a library call, at most so many times the request time. Raises LinkDownError."""
        try:
            async with asyncio.timeout(times * self._request_s):
                result = await answer
        except TROUBLE as error:
            raise LinkDownError(f"{type(error).__name__}: {error}") from None
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise LinkDownError("the library gave up") from None  # one of its own tasks was cancelled, not ours
        raise_if_cancelled()
        return result

    async def _serve(self, client: Client) -> None:
        while not self._is_lost:
            await self._write_wishes(client)
            await self._check_writes(client)
            now_s = self._around.clock()
            due = [batch for batch in self._batches if batch.timer.due_s <= now_s]
            if due:
                await self._poll(client, due)
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

    async def _poll(self, client: Client, due: Sequence[Batch]) -> None:
        for batch in due:
            batch.timer.done(self._around.clock())
        await self._read(client, [item for batch in due for item in batch.items])
        for board in self._boards:
            board.answered()
        self._failures = 0

    async def _read(self, client: Client, items: Sequence[Item]) -> list[Value | None]:
        at_s = self._around.clock()
        answers = await self._asked(client.uaclient.read_attributes([item.node for item in items], AttributeIds.Value))
        if len(answers) != len(items):
            raise LinkDownError(f"{len(answers)} values, {len(items)} asked for")
        values = [value_of(item, answer) for item, answer in zip(items, answers, strict=True)]
        for item, value in zip(items, values, strict=True):
            item.board.keep(item.point.id, value, at_s - item.point.refresh_s)
        return values

    async def _write_wishes(self, client: Client) -> None:
        wishes = []
        for board in self._boards:
            while (wish := board.outbox.take(self._around.clock())) is not None:
                wishes.append((self._items[board.name, wish.point], wish))
        unsure = [pair for pair in wishes if pair[0].board.outbox.must_check_first(pair[1])]
        if unsure:
            found = await self._read(client, [item for item, _ in unsure])
            for (item, wish), value in zip(unsure, found, strict=True):
                if is_same(wish.value, value):
                    item.board.outbox.has(wish, self._around.clock())
                    wishes.remove((item, wish))
        await self._send(client, wishes)

    async def _send(self, client: Client, wishes: Sequence[tuple[Item, Wish]]) -> None:
        sending = [(item, wish, value) for item, wish in wishes if (value := self._encoded(item, wish)) is not None]
        if not sending:
            return
        for item, wish, _ in sending:
            item.board.outbox.sending(wish, self._around.clock())
        try:
            statuses = await self._asked(
                client.uaclient.write_attributes(
                    [item.node for item, _, _ in sending], [value for _, _, value in sending], AttributeIds.Value
                )
            )
        except (LinkDownError, asyncio.CancelledError):
            for item, wish, _ in sending:
                item.board.outbox.lost(wish)
            raise
        for (item, wish, _), status in zip(sending, statuses, strict=False):
            item.board.answered()
            if status.is_good():
                item.board.outbox.answered(wish)
            else:
                self._around.log.warn(f"{item.board.name} {wish.point}", f"write refused: {status.name}")

    def _encoded(self, item: Item, wish: Wish) -> ua.DataValue | None:
        try:
            return data_value(item, wish.value, self._types[item.node])
        except UnfitValueError as error:
            self._around.log.warn(f"{item.board.name} {wish.point}", f"not written: {error}")
            return None

    async def _check_writes(self, client: Client) -> None:
        checks = []
        for board in self._boards:
            while (check := board.outbox.take_check()) is not None:
                checks.append((self._items[board.name, check[0]], check[1]))
        if not checks:
            return
        found = await self._read(client, [item for item, _ in checks])
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
