"""An OPC UA connection that breaks, in every way that one can: the values are back soon, and as often as before.

How soon is measured in `hil_tests/benchmarks/opcua.py`, on a quiet machine; the bounds here only tell a return from
none.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from asyncua import ua
from asyncua.ua.status_codes import StatusCodes

from controller.drivers.board import Board
from hil_tests.benchmarks.opcua_server import node_name
from hil_tests.servers.ports import free_port
from hil_tests.servers.process import spawn
from hil_tests.servers.proxy import Proxy
from hil_tests.tests.drivers.devices import held, now_s, until
from hil_tests.tests.drivers.opcua_peer import FAST_S, REQUEST_S, Peer, linked, node_point, stamps, url_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
BACK_S = 5.0
CUTS_COUNT = 10
PATIENT_S = 5.0  # so long a request may take, where only a reset can end it sooner
LOOK_S = 0.4
FULL_RATE_COUNT = LOOK_S / FAST_S / 8.0  # a busy machine reads no more; a link that limps, fewer


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def peer() -> AsyncIterator[Peer]:
    made = Peer(free_port())
    await made.start()
    yield made
    await made.stop()


@asynccontextmanager
async def through_a_proxy(peer: Peer, timeout_s: float = REQUEST_S) -> AsyncIterator[tuple[Proxy, Board, list[str]]]:
    proxy = Proxy(peer.port)
    await proxy.start()
    try:
        async with linked(url_of(proxy.port), timeout_s=timeout_s) as (link, said):
            await until(lambda: link.reading("soc_pct"), "connected")
            yield proxy, link, said
    finally:
        await proxy.stop()


async def back_after(link: Board, lost_at_s: float) -> float:
    """Until a value comes that was asked for after the loss."""
    await until(lambda: held(link, "soc_pct").at_s > lost_at_s, "values again")
    return now_s() - lost_at_s


async def test_ten_cuts_and_every_value_is_back_at_full_rate_after_each(peer: Peer) -> None:
    tasks_before = len(asyncio.all_tasks())
    async with through_a_proxy(peer, timeout_s=PATIENT_S) as (proxy, link, _):
        for number in range(CUTS_COUNT):
            cut_at_s = now_s()
            proxy.cut()
            await until(lambda: not link.is_up, "the loss is seen")
            assert now_s() - cut_at_s < PATIENT_S, "a reset is not waited out"
            assert await back_after(link, cut_at_s) < BACK_S, f"cut {number}"
            assert len(await stamps(link, LOOK_S)) > FULL_RATE_COUNT, f"cut {number}"
        assert proxy.connections_count == 1 + CUTS_COUNT, "one connection for each loss, no storm"
    await until(lambda: len(asyncio.all_tasks()) <= tasks_before, "no task is left behind")


async def test_a_hole_is_seen_in_the_time_of_one_request_and_left_when_it_closes(peer: Peer) -> None:
    async with through_a_proxy(peer) as (proxy, link, _):
        for _ in range(2):
            began_s = now_s()
            proxy.is_hole = True
            await until(lambda: not link.is_up, "the hole is seen")
            assert REQUEST_S - FAST_S <= now_s() - began_s < 3.0 * REQUEST_S
            proxy.is_hole = False
            assert await back_after(link, now_s()) < BACK_S
            assert len(await stamps(link, LOOK_S)) > FULL_RATE_COUNT


async def test_an_order_during_a_loss_is_not_sent_late(peer: Peer) -> None:
    peer.reset()
    async with through_a_proxy(peer) as (proxy, link, _):
        proxy.is_hole = True
        await until(lambda: not link.is_up)
        link.write("mode_set", "grid_forming")
        await asyncio.sleep(0.6)  # nobody restates it
        proxy.is_hole = False
        await back_after(link, now_s())
        await stamps(link, LOOK_S)
        assert await peer.value("ModeSet") == 0


async def test_a_session_that_the_server_has_forgotten(peer: Peer) -> None:
    """The TCP connection stands, and the server no longer knows us."""
    async with through_a_proxy(peer) as (proxy, link, said):
        lost_at_s = now_s()
        assert peer.server.bserver is not None
        for connection in peer.server.bserver.clients:
            if connection.processor is not None and connection.processor.session is not None:
                await connection.processor.session.close_session()
        assert await back_after(link, lost_at_s) < BACK_S
        assert proxy.connections_count == 2
        assert any("Session" in line for line in said)


async def test_the_server_stops_in_order_and_comes_back(peer: Peer) -> None:
    async with linked(peer.url) as (link, _):
        await until(lambda: link.reading("soc_pct"), "connected")
        await peer.stop()
        await until(lambda: not link.is_up, "the loss is seen")
        await peer.start()
        assert await back_after(link, now_s()) < BACK_S
        while await peer.value("ModeSet") != 1:
            link.write("mode_set", "grid_following")
            await asyncio.sleep(0.01)


def killable(port: int) -> subprocess.Popen[bytes]:
    process = spawn(["hil_tests.benchmarks.opcua_server", str(port), "1"], sink=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


async def test_the_server_is_killed_and_another_takes_its_place() -> None:
    port = free_port()
    points = [node_point("soc_pct", node_name(0).rpartition("=")[2])]
    process = await asyncio.to_thread(killable, port)
    try:
        async with linked(url_of(port), points) as (link, _):
            await until(lambda: link.reading("soc_pct"), "connected")
            process.kill()
            await until(lambda: not link.is_up, "the loss is seen")
            process.wait()
            process = await asyncio.to_thread(killable, port)
            assert await back_after(link, now_s()) < BACK_S + 1.0  # it may just have given up for a second
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("status", ["BadNoCommunication", "BadOutOfService", "BadWaitingForInitialData"])
async def test_a_bad_status_is_no_value(peer: Peer, status: str) -> None:
    await spoiled(peer, 50.0, ua.VariantType.Float, getattr(StatusCodes, status))


@pytest.mark.parametrize("status", ["UncertainLastUsableValue", "UncertainSubNormal", "UncertainInitialValue"])
async def test_an_uncertain_status_is_no_value(peer: Peer, status: str) -> None:
    """The last usable value of a sensor that is gone is exactly what must not be taken for a measurement."""
    await spoiled(peer, 50.0, ua.VariantType.Float, getattr(StatusCodes, status))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (float("nan"), ua.VariantType.Float),
        (float("inf"), ua.VariantType.Double),
        (140.0, ua.VariantType.Float),
        ("55.5", ua.VariantType.String),
        ([55.5, 55.5], ua.VariantType.Float),
        (b"55", ua.VariantType.ByteString),
        (None, None),
    ],
    ids=["NaN", "infinity", "out of range", "a text", "a list", "bytes", "nothing"],
)
async def test_what_is_no_number_of_ours_is_no_value(peer: Peer, value: object, kind: ua.VariantType | None) -> None:
    await spoiled(peer, value, kind)


async def spoiled(peer: Peer, value: object, kind: ua.VariantType | None, status: int = 0) -> None:
    """While a node shows this, there is no reading, and the others go on."""
    peer.reset()
    async with linked(peer.url) as (link, _):
        await until(lambda: link.reading("soc_pct"), "a good value")
        peer.show("SoC", value, kind, status)
        await until(lambda: link.reading("soc_pct") is None, "no value")
        assert link.is_up
        assert held(link, "is_alive").value is True
        peer.reset()
        await until(lambda: link.reading("soc_pct"), "a good value again")
