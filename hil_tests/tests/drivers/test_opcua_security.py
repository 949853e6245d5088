"""Signed, encrypted, and with one another only: who is let in, who is not, and what is said of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio
from cryptography.exceptions import InvalidSignature

from controller.config.credentials import credentials
from controller.config.types import Security
from controller.drivers.errors import NotAdmittedError
from controller.drivers.opcua_session import Session
from hil_tests.servers.opcua_keys import Identity, Keys, new_keys, write_identity
from hil_tests.servers.ports import free_port
from hil_tests.servers.proxy import Proxy
from hil_tests.tests.drivers.devices import held, now_s, until
from hil_tests.tests.drivers.opcua_peer import Peer, linked, url_of

pytestmark = pytest.mark.asyncio(loop_scope="module")
PATIENCE_S = 1.5
CONNECTIONS_MAX = (
    4  # a try and a question; where the server says nothing at all, a second try and question a little later
)


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=["Basic256Sha256", "Aes256Sha256RsaPss"])
async def peer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Peer]:
    """One of them has a certificate that has run out: both are spoken to all the same."""
    ended_d = 30 if request.param == "Aes256Sha256RsaPss" else 0
    made = Peer(free_port(), new_keys(tmp_path_factory.mktemp("keys"), request.param, ended_d))
    await made.start()
    yield made
    await made.stop()


def security_of(peer: Peer) -> Security:
    assert peer.keys is not None
    return peer.keys.security


async def test_reads_writes_and_comes_back_after_a_cut(peer: Peer) -> None:
    proxy = Proxy(peer.port)
    await proxy.start()
    try:
        async with linked(url_of(proxy.port), security=security_of(peer)) as (link, said):
            await until(lambda: link.reading("name"))
            link.write("power_set_w", -2_500.0)
            await until(lambda: held(link, "power_set_w").value == pytest.approx(-2_500.0))
            cut_at_s = now_s()
            proxy.cut()
            await until(lambda: held(link, "soc_pct").at_s > cut_at_s, "values again")
            assert security_of(peer).policy != "Aes256Sha256RsaPss" or any(
                "certificate is valid" in line for line in said
            )
    finally:
        await proxy.stop()


async def test_what_goes_over_the_wire_is_not_to_be_read(peer: Peer) -> None:
    overheard = bytearray()
    proxy = Proxy(peer.port)
    proxy.listener = overheard.extend
    await proxy.start()
    try:
        async with linked(url_of(proxy.port), security=security_of(peer)) as (link, _):
            await until(lambda: link.reading("name"))
            assert held(link, "name").value == "Speicher"
    finally:
        await proxy.stop()
    assert len(overheard) > 1000
    for secret in (b"Speicher", b"Nordsee", b"SoC"):
        assert secret not in overheard


def wrong_password(keys: Keys, folder: Path) -> Security:
    (folder / "password").write_text("Mordsee\n")
    return replace(keys.security, password_file=folder / "password")


def nobody(keys: Keys, folder: Path) -> Security:
    return replace(keys.security, user="", password_file=None)


def a_stranger(keys: Keys, folder: Path) -> Security:
    stranger = Identity.of(folder, "hub")
    write_identity(stranger)
    return replace(keys.security, certificate=stranger.certificate, private_key=stranger.private_key)


def another_server(keys: Keys, folder: Path) -> Security:
    other = Identity.of(folder, "server")
    write_identity(other)
    return replace(keys.security, server_certificate=other.certificate)


def another_policy(keys: Keys, folder: Path) -> Security:
    other = {"Basic256Sha256": "Aes256Sha256RsaPss", "Aes256Sha256RsaPss": "Basic256Sha256"}
    return replace(keys.security, policy=other[keys.policy])


def no_security(keys: Keys, folder: Path) -> None:
    return None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (wrong_password, "refuses the user 'hub' or its password"),
        (nobody, "lets nobody in without a user and a password"),
        (a_stranger, "refuses our certificate"),
        (another_server, "shows another certificate than server_certificate (thumbprint"),
        (another_policy, "has no endpoint with"),
        (no_security, "no endpoint without security"),
    ],
)
async def test_who_is_not_let_in_says_why_once_and_does_not_storm(
    peer: Peer, tmp_path: Path, wrong: Callable[[Keys, Path], Security | None], words: str
) -> None:
    assert peer.keys is not None
    proxy = Proxy(peer.port)
    await proxy.start()
    try:
        async with linked(url_of(proxy.port), security=wrong(peer.keys, tmp_path)) as (link, said):
            await until(lambda: said, "it says so")
            await asyncio.sleep(PATIENCE_S)
            assert len([line for line in said if words in line]) == 1, said
            assert len([line for line in said if "certificates: " not in line]) == 1, "one line, and no other"
            assert not link.is_up
            assert proxy.connections_count <= CONNECTIONS_MAX
    finally:
        await proxy.stop()


async def test_a_server_without_the_key_of_its_certificate_is_a_loss_and_no_end(peer: Peer) -> None:
    """What the library raises then is no error of its own family; it used to end the controller."""
    session = Session(peer.url, 1.0, credentials(security_of(peer)))

    def refuse(data: bytes, signature: bytes) -> None:
        raise InvalidSignature

    create = session._client.create_session

    async def create_with_a_false_signature() -> object:
        session._client.security_policy.asymmetric_cryptography.verify = refuse  # type: ignore[method-assign]
        return await create()

    session._client.create_session = create_with_a_false_signature  # type: ignore[method-assign,assignment]
    with pytest.raises(NotAdmittedError, match="has not the key of server_certificate"):
        await session.open(lambda: None)
    await session.close()
