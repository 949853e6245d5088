"""The driver against node-opcua: a server that shares no line with ours, plain and secured, cut ten times.

Its packages are not ours: `HALLIG_NODE_MODULES` names a folder that has them already; else npm installs them into a
temporary one. Without node or npm these tests are skipped, and fail with CI set.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hil_tests.servers.opcua_keys import Keys, new_keys
from hil_tests.servers.ports import free_port
from hil_tests.servers.proxy import Proxy
from hil_tests.tests.drivers.devices import held, now_s, until
from hil_tests.tests.drivers.opcua_peer import linked, stamps, url_of
from hil_tests.tests.drivers.test_opcua_losses import BACK_S, CUTS_COUNT, FULL_RATE_COUNT, LOOK_S
from hil_tests.tests.drivers.test_opcua_security import (
    a_stranger,
    another_policy,
    another_server,
    nobody,
    wrong_password,
)
from hil_tests.tests.missing import skip

PACKAGE = "node-opcua-server@2.182.2"  # the last line that runs on node 18 and 20
SCRIPT = Path(__file__).parent / "node_peer.js"
MODULES = "HALLIG_NODE_MODULES"
INSTALL_S = 120.0


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with node-opcua in it."""
    if shutil.which("node") is None:
        skip("node is not installed")
    given = Path(os.environ.get(MODULES, "nowhere"))
    if (given / "node-opcua-server").is_dir():
        return given
    if shutil.which("npm") is None:
        skip("npm is not installed")
    folder = tmp_path_factory.mktemp("node")
    words = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", PACKAGE]
    try:
        subprocess.run(
            [*words, "--prefix", str(folder)], cwd=folder, check=True, capture_output=True, timeout=INSTALL_S
        )
    except (subprocess.SubprocessError, OSError) as error:
        skip(f"npm cannot install {PACKAGE}: {error}")
    return folder / "node_modules"


@dataclass
class NodePeer:
    """A running server of theirs."""

    port: int
    keys: Keys | None
    process: subprocess.Popen[str]

    def say(self, word: str) -> None:
        """What its first number shows from now on: "good" or "bad"."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()


@pytest.fixture(scope="module", params=["None", "Basic256Sha256", "Aes256Sha256RsaPss"])
def peer(request: pytest.FixtureRequest, modules: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[NodePeer]:
    folder, port = tmp_path_factory.mktemp("keys"), free_port()
    keys = None if request.param == "None" else new_keys(folder, request.param)
    process = subprocess.Popen(
        ["node", SCRIPT, str(port), request.param, folder],
        env={**os.environ, "NODE_PATH": str(modules)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = []
        while (line := process.stdout.readline()) and line != "ready\n":
            said.append(line)
        assert line, "".join(said)
        yield NodePeer(port, keys, process)
    finally:
        process.kill()
        process.wait()


async def test_reads_writes_and_a_bad_status(peer: NodePeer) -> None:
    async with linked(url_of(peer.port), security=peer.keys and peer.keys.security) as (link, _):
        await until(lambda: link.reading("name") and link.reading("soc_pct"), "connected")
        assert held(link, "soc_pct").value == pytest.approx(55.5)
        assert held(link, "mode").value == "grid_following"
        assert held(link, "name").value == "Speicher"
        assert held(link, "is_alive").value is True
        assert link.reading("missing") is None
        link.write("mode_set", "grid_forming")
        link.write("power_set_w", -12_500.0)
        await until(lambda: held(link, "mode_set").value == "grid_forming", "written")
        await until(lambda: held(link, "power_set_w").value == pytest.approx(-12_500.0), "written")
        peer.say("bad")
        await until(lambda: link.reading("soc_pct") is None, "no value")
        peer.say("good")
        await until(lambda: link.reading("soc_pct"), "a value again")


async def test_ten_cuts_and_every_value_is_back_at_full_rate_after_each(peer: NodePeer) -> None:
    proxy = Proxy(peer.port)
    await proxy.start()
    try:
        async with linked(url_of(proxy.port), security=peer.keys and peer.keys.security) as (link, _):
            await until(lambda: link.reading("soc_pct"), "connected")
            for number in range(CUTS_COUNT):
                cut_at_s = now_s()
                proxy.cut()
                await until(lambda: held(link, "soc_pct").at_s > cut_at_s, "values again")  # noqa: B023
                assert now_s() - cut_at_s < BACK_S, f"cut {number}"
                assert len(await stamps(link, LOOK_S)) > FULL_RATE_COUNT, f"cut {number}"
    finally:
        await proxy.stop()


async def test_who_is_not_let_in_is_told_why(peer: NodePeer, tmp_path: Path) -> None:
    keys = peer.keys
    if keys is None:
        keys = new_keys(tmp_path)
        securities = {"has no endpoint with Basic256Sha256": keys.security}
    else:
        securities = {
            "refuses the user 'hub' or its password": wrong_password(keys, tmp_path),
            "lets nobody in without a user": nobody(keys, tmp_path),
            "shows another certificate": another_server(keys, tmp_path),
            "has no endpoint with": another_policy(keys, tmp_path),
            "refuses our certificate": a_stranger(keys, tmp_path),
        }
    for words, security in securities.items():
        async with linked(url_of(peer.port), security=security) as (link, said):
            await until(lambda: said, words)
            assert len(said) == 1
            assert words in said[0]
            assert not link.is_up
