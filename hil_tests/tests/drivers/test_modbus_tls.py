"""Modbus/TCP Security against a real TLS server: who is trusted is read, who is not is told why."""

from __future__ import annotations

import asyncio
import re
import ssl
from asyncio import StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from controller.config.types import Tls
from controller.drivers.errors import DeviceError
from controller.drivers.modbus_tcp import TcpWire
from controller.drivers.transport import Question
from hil_tests.tests.drivers.certificates import Authority, refusing, server_context
from hil_tests.tests.drivers.devices import board, device, held, now_s, running, until
from hil_tests.tests.drivers.scripted_tcp import Request, ScriptedDevice, frame
from hil_tests.tests.drivers.tcp_link import POINTS, owner_of

NAME = "relay.hub"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ours"), "authority")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("theirs"), "stranger")


@asynccontextmanager
async def secured(context: ssl.SSLContext, peer: ScriptedDevice | None = None) -> AsyncIterator[ScriptedDevice]:
    peer = peer or ScriptedDevice(registers={0: 500, 1: 120})
    await peer.start(context)
    try:
        yield peer
    finally:
        await peer.stop()


def tls_of(authority: Authority, name: str = "hub", trusted: Authority | None = None, server: str = "") -> Tls:
    return Tls((trusted or authority).ca, *authority.give(name), server)


async def test_both_sides_show_a_certificate_and_values_come(authority: Authority) -> None:
    async with secured(server_context(authority, authority.give(NAME))) as peer:
        link = board(POINTS, port=peer.port, tls=tls_of(authority))
        async with running(owner_of(link)):
            await until(lambda: link.is_up)
            link.write("open", True)
            await until(lambda: peer.coils.get(20) is True)
            assert held(link, "soc_pct").value == pytest.approx(50.0)


async def test_an_answer_in_two_records_is_an_answer(authority: Authority) -> None:
    async def split(request: Request, writer: StreamWriter) -> bool:
        whole = frame(request.tid, request.unit, peer.answer(request))
        writer.write(whole[:9])
        await writer.drain()
        await asyncio.sleep(0.01)
        writer.write(whole[9:])
        return True

    peer = ScriptedDevice(registers={0: 500}, script=split)
    async with secured(server_context(authority, authority.give(NAME)), peer):
        link = board(POINTS, port=peer.port, tls=tls_of(authority))
        async with running(owner_of(link)):
            await until(lambda: len(peer.requests) >= 3 and link.reading("soc_pct"))
            assert peer.connections == 1


async def reason(port: int, tls: Tls | None, context: ssl.SSLContext | None = None) -> str:
    """Why there is no value: of connecting or, as in TLS 1.3, of the first question."""
    wire = TcpWire(device(POINTS, port=port, tls=tls))
    wire._tls = context or wire._tls
    try:
        await wire.open(lambda: None)
        await wire.read(device(POINTS, port=port, timeout_s=1.0), Question("holding", 0, 1))
    except DeviceError as error:
        return str(error)
    finally:
        wire.close()
    return "none: it was read"


@pytest.mark.parametrize(
    ("theirs", "ours", "said"),
    [
        pytest.param({}, {}, "none: it was read", id="all is well"),
        pytest.param({"by": "stranger"}, {}, "certificate verify failed", id="wrong authority"),
        pytest.param({"until": timedelta(hours=-1)}, {}, "none: it was read", id="expired"),
        pytest.param({"since": timedelta(hours=1)}, {}, "none: it was read", id="not yet valid: a clock that was lost"),
        pytest.param({"by": "stranger", "until": timedelta(hours=-1)}, {}, "certificate verify failed",
                     id="expired and of another authority"),
        pytest.param({"address": "127.0.0.9"}, {}, "IP address mismatch", id="another device"),
        pytest.param({"address": "127.0.0.9"}, {"server": NAME}, "none: it was read", id="by its name"),
        pytest.param({}, {"server": "meter.hub"}, "Hostname mismatch", id="another name"),
        pytest.param({}, {"by": "stranger"}, "does it accept our certificate?", id="the device does not trust us"),
    ],
)  # fmt: skip
async def test_who_is_trusted_and_what_is_said_of_who_is_not(
    authority: Authority, stranger: Authority, theirs: dict[str, object], ours: dict[str, str], said: str
) -> None:
    wanted = dict(theirs)
    signer = stranger if wanted.pop("by", "") else authority
    certificate = signer.give(NAME, **wanted)  # type: ignore[arg-type]
    client = stranger if ours.get("by") else authority
    async with secured(server_context(authority, certificate)) as peer:
        found = await reason(peer.port, tls_of(client, "hub", authority, ours.get("server", "")))
    assert said in found
    assert found.startswith(("127.0.0.1:", "none"))


async def test_a_device_that_says_why_it_refuses_is_quoted(authority: Authority, stranger: Authority) -> None:
    """With TLS 1.3 the connection seems to stand, and the first question fails."""
    without = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    without.load_verify_locations(authority.ca)
    with refusing(server_context(authority, authority.give(NAME))) as port:
        assert "unknown ca" in await reason(port, tls_of(stranger, "hub", authority))
        assert "certificate required" in await reason(port, tls_of(authority), without)


async def test_plain_modbus_and_a_secured_device_do_not_meet(authority: Authority) -> None:
    async with secured(server_context(authority, authority.give(NAME))) as peer:
        assert re.search("connection lost|no answer", await reason(peer.port, None))
    peer = ScriptedDevice()
    await peer.start()
    began_s = now_s()
    try:
        assert re.search("no connection within|SSL|Connection", await reason(peer.port, tls_of(authority)))
        assert now_s() - began_s < 1.5
    finally:
        await peer.stop()
