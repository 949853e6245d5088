"""What an OPC UA server is told when nobody knows what it has heard, and how soon one that refused is asked again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise

import pytest
from asyncua import ua
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.status_codes import StatusCodes

from controller.config.types import Protocol
from controller.drivers import opcua
from controller.drivers.backoff import Patience
from controller.drivers.board import Board
from controller.drivers.errors import LinkDownError, NotAdmittedError
from controller.drivers.opcua_session import Session
from hil_tests.tests.drivers.devices import device, now_s, running, surroundings, until
from hil_tests.tests.drivers.opcua_peer import node_point
from hil_tests.virtual.loop import VirtualLoop

POINTS = [node_point(name, name, "bool", "rw") for name in ("first", "second")]
BOOLEAN = ua.NodeId.from_string("i=1")  # the data type (OPC 10000-6, annex A)


class Server:
    """Two contacts in memory, in place of a session; writes down what it is asked and told."""

    def __init__(self) -> None:
        self.held = {"first": False, "second": False}
        self.said: list[object] = []
        self.while_asked: Callable[[], None] = lambda: None
        self.refusals_count = 0
        self.tried_at_s: list[float] = []
        self.lateness_s = 0.0  # what its answers have cost
        self.status = ua.StatusCode()  # what it says to a write, which it obeys

    def clock(self) -> float:
        return now_s() + self.lateness_s

    async def open(self, on_lost: Callable[[], None]) -> None:
        del on_lost
        self.tried_at_s.append(asyncio.get_running_loop().time())
        if len(self.tried_at_s) <= self.refusals_count:
            raise NotAdmittedError("the server refuses our certificate (it opens no channel)")

    async def close(self) -> None:
        return None

    async def read(
        self, nodes: Sequence[ua.NodeId], attribute: AttributeIds = AttributeIds.Value
    ) -> list[ua.DataValue]:
        if attribute is AttributeIds.DataType:
            return [ua.DataValue(ua.Variant(BOOLEAN)) for _ in nodes]
        names = [str(node.Identifier) for node in nodes]
        self.said.append(("asked", *names))
        self.while_asked()
        return [ua.DataValue(ua.Variant(self.held[name])) for name in names]

    async def write(self, nodes: Sequence[ua.NodeId], values: Sequence[ua.DataValue]) -> list[ua.StatusCode]:
        for node, value in zip(nodes, values, strict=True):
            assert value.Value is not None
            name = str(node.Identifier)
            self.held[name] = value.Value.Value
            self.said.append((name, value.Value.Value))
        return [self.status for _ in nodes]


@asynccontextmanager
async def unsure_of_the_first(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Server, Board]]:
    """A running link. Its first contact was told to close, nobody knows whether it heard it, and it did not."""
    server = Server()
    monkeypatch.setattr(opcua, "Session", lambda *_: server)
    link = Board(device(POINTS, Protocol.OPCUA, url="opc.tcp://nobody", normal_s=60.0), server.clock)
    around = replace(surroundings(), clock=server.clock)
    async with running(opcua.UaServer([link], "opc.tcp://nobody", 0.0, around)):
        await until(lambda: link.is_up)
        link.write("first", True)
        await until(lambda: not link.outbox.has_work() and server.held["first"])
        await asyncio.sleep(0)
        link.outbox.forget()
        server.held["first"] = False
        server.said.clear()
        yield server, link


async def test_a_closing_that_was_taken_back_while_the_server_was_asked_is_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with unsure_of_the_first(monkeypatch) as (server, link):
        server.while_asked = lambda: link.write("first", False)
        link.write("first", True)
        await until(lambda: ("first", False) in server.said)
        assert ("first", True) not in server.said


async def test_a_server_that_is_quarantined_while_it_is_asked_about_an_order_is_not_told_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with unsure_of_the_first(monkeypatch) as (server, link):
        server.while_asked = lambda: setattr(link, "is_barred", True)
        link.write("first", True)
        await until(lambda: link.is_barred)
        await asyncio.sleep(0.1)
        assert ("first", True) not in server.said


async def test_a_closing_that_nobody_restates_while_the_server_is_asked_is_not_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with unsure_of_the_first(monkeypatch) as (server, link):
        server.while_asked = lambda: setattr(server, "lateness_s", 1.0)
        link.write("first", True)
        await until(lambda: server.lateness_s)
        link.write("second", True)
        await until(lambda: ("second", True) in server.said)
        assert ("first", True) not in server.said


async def test_an_opening_does_not_wait_for_what_is_asked_about_another_contact(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with unsure_of_the_first(monkeypatch) as (server, link):
        link.write("first", True)
        link.write("second", False)
        await until(lambda: ("first", True) in server.said)
        assert server.said[:3] == [("second", False), ("asked", "first"), ("first", True)]


@pytest.mark.parametrize(
    ("said", "times"),
    [("Good", 2), ("BadTimeout", 1), ("BadCommunicationError", 1), ("UncertainInitialValue", 1), ("BadNotWritable", 2)],
)
async def test_a_server_that_obeys_and_says_it_did_not_is_asked_before_it_is_told_again(
    monkeypatch: pytest.MonkeyPatch, said: str, times: int
) -> None:
    """It may have happened. What it will not do at all is tried again, and what is well restated, once a second."""
    async with unsure_of_the_first(monkeypatch) as (server, link):
        server.status = ua.StatusCode(getattr(StatusCodes, said))
        end_s = now_s() + 1.4
        while now_s() < end_s:
            link.write("second", True)
            await asyncio.sleep(0.02)
        assert server.said.count(("second", True)) == times
        if times == 1:
            assert server.said[-1] in (("asked", "second"), ("asked", "first", "second")), "the regular reading: both"


async def test_a_server_that_says_less_than_it_was_told_has_said_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session("opc.tcp://nobody", 1.0, None)

    async def says_nothing(*_: object) -> list[ua.StatusCode]:
        return []

    monkeypatch.setattr(session._client.uaclient, "write_attributes", says_nothing)
    with pytest.raises(LinkDownError, match="0 answers to 1 writes"):
        await session.write([BOOLEAN], [ua.DataValue(ua.Variant(True))])


@pytest.mark.parametrize(("refusals_count", "waits_s"), [(1, [0.1]), (3, [0.1, 5.0, 5.0])])
def test_a_server_that_died_while_we_connected_is_asked_again_at_once_and_one_that_refuses_us_later(
    monkeypatch: pytest.MonkeyPatch, refusals_count: int, waits_s: list[float]
) -> None:
    """The library shows both as the same error."""
    loop, server = VirtualLoop(), Server()
    server.refusals_count = refusals_count
    monkeypatch.setattr(opcua, "Session", lambda *_: server)
    link = Board(device(POINTS, Protocol.OPCUA, url="opc.tcp://nobody"), loop.time)
    around = replace(surroundings(Patience(jitter=lambda: 1.0)), clock=loop.time)

    async def story() -> None:
        async with running(opcua.UaServer([link], "opc.tcp://nobody", 0.0, around)):
            await asyncio.sleep(12.0)
            assert link.is_up

    loop.run_until_complete(story())
    loop.close()
    assert [after - before for before, after in pairwise(server.tried_at_s)] == pytest.approx(waits_s)
