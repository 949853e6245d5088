"""The loop, the gate before durable orders, the watchdog and the socket."""

from __future__ import annotations

import asyncio
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import orjson
import pytest

from controller.config.load import load_site
from controller.config.paths import site_path
from controller.core.decide import fresh_memory
from controller.intent import SHORT_WAIT_MAX_S, WAIT_MAX_S, IntentGate
from controller.journal.writer import Journal
from controller.ledger import Ticket
from controller.loop import CoreFailedError, Loop, Timekeeping
from controller.model.commands import BatteryCommand, Commands, Order, PoiCommand, SwitchCommand
from controller.model.decision import Event
from controller.model.memory import DurableMemory
from controller.model.reasons import EventKind, Reason
from controller.requests import ControlSocket
from controller.socket_client import SocketClient
from controller.watchdog import EXIT_CODE, notify
from hil_tests.plant.plant import Plant
from hil_tests.servers.points import PlantDevices
from hil_tests.simulation.direct import DirectLink


class NoDisk:
    """A journal whose disk takes nothing, or everything; it remembers what it was given."""

    def __init__(self, *, works: bool = True) -> None:
        self.works = works
        self.events: list[Event] = []

    def write(self, event: Event, _: float) -> Ticket:
        self.events.append(event)
        return Ticket(len(self.events))

    def keep(self, _: DurableMemory) -> Ticket:
        return Ticket(len(self.events))

    def is_durable(self, _: Ticket) -> bool:
        return self.works


ORDER = Order(Reason.RESTORE, 10.0, 12.0, 1)
WISH = Commands(
    poi=PoiCommand(close=ORDER),
    batteries={"battery": BatteryCommand(form=ORDER)},
    feeders={"water": SwitchCommand(close=ORDER), "phones": SwitchCommand(open=True)},
)


def test_orders_wait_for_their_intent_and_openings_never() -> None:
    journal = NoDisk(works=False)
    gate = IntentGate(journal)
    held = gate.pass_through(WISH, Ticket(1), 10.0)
    assert held.poi.close is None
    assert held.batteries["battery"].form is None
    assert held.feeders["water"].close is None
    assert held.feeders["phones"].open
    journal.works = True
    assert gate.pass_through(WISH, None, 10.05) == WISH


def test_after_a_quarter_of_a_second_they_go_and_it_is_written_down() -> None:
    journal = NoDisk(works=False)
    gate = IntentGate(journal)
    gate.pass_through(WISH, Ticket(1), 10.0)
    assert gate.pass_through(WISH, None, 10.0 + SHORT_WAIT_MAX_S - 0.01).poi.close is None
    assert gate.pass_through(WISH, None, 10.0 + SHORT_WAIT_MAX_S).poi.close == ORDER, "it is timed for one instant"
    assert gate.pass_through(WISH, None, 10.0 + WAIT_MAX_S - 0.01).batteries["battery"].form is None
    assert gate.pass_through(WISH, None, 10.0 + WAIT_MAX_S).batteries["battery"].form == ORDER
    assert {event.reason for event in journal.events} == {Reason.INTENT_NOT_DURABLE}
    assert {event.subject for event in journal.events} == {"poi", "battery", "water"}
    gate.pass_through(WISH, None, 10.5)
    assert len(journal.events) == 3, "said once"


def a_loop(judge: Any = None) -> tuple[Loop, dict[str, DirectLink], NoDisk]:
    site = load_site(site_path("musterhallig"))
    plant = Plant(site.hub)
    devices = PlantDevices(site, plant)
    links = {name: DirectLink(device, devices.device(name)) for name, device in site.devices.items()}
    for link in links.values():
        link.step(1.0)
    journal = NoDisk()
    memory = fresh_memory(DurableMemory(), 1.0)
    more = {} if judge is None else {"judge": judge}
    loop = Loop(site, links, journal, lambda _: (), memory, lambda *_: None, **more)
    return loop, links, journal


def test_a_cycle_sees_decides_vets_and_writes() -> None:
    loop, _, journal = a_loop()
    loop.cycle(1.05)
    assert loop.memory.mode.value == "grid_connected"
    assert loop.vetted_at_s == 1.05
    assert any(event.kind is EventKind.RECOVERED for event in journal.events)


def test_when_judgement_fails_the_fallback_acts_and_the_process_must_end() -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("planted")

    loop, _, journal = a_loop(broken)
    with pytest.raises(CoreFailedError, match="planted"):
        loop.cycle(1.05)
    assert [event.kind for event in journal.events] == [EventKind.FALLBACK]
    assert loop.vetted_at_s is None, "no heart beats for a cycle that failed"


def test_lateness_is_measured() -> None:
    times = Timekeeping()
    for late_s in (0.0, 0.001, 0.002, 0.06):
        times.note(late_s, 0.05)
    assert times.status.count == 4
    assert times.status.overruns_count == 1
    assert times.status.lateness_max_s == 0.06


HANGS = """
import time
from controller import clock
from controller.watchdog import Watchdog
dog = Watchdog()
dog.start()
dog.feed(clock.now_s())
print("fed", flush=True)
while True:
    pass
"""


def test_a_hung_loop_is_ended_within_two_seconds() -> None:
    process = subprocess.Popen([sys.executable, "-c", HANGS], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    began_s = time.monotonic()
    _, said = process.communicate(timeout=10)
    assert process.returncode == EXIT_CODE
    assert time.monotonic() - began_s < 3.0
    assert b"no cycle for a second" in said


SLEEPS = """
import time
from controller import clock
from controller.watchdog import Watchdog
dog = Watchdog()
dog.start()
for cycle in range({cycles}):
    dog.feed(clock.now_s())
    print("fed", flush=True)
    time.sleep(0.6)  # so that the dog is the first to wake
time.sleep(60.0)
"""


@pytest.mark.parametrize("hangs_then", [False, True])
def test_a_process_that_was_stopped_goes_on_and_one_that_hangs_then_is_ended(hangs_then: bool) -> None:
    """As by SIGSTOP, or while the machine sleeps."""
    script = SLEEPS.format(cycles=1 if hangs_then else 6)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGSTOP)
        time.sleep(1.5)
        process.send_signal(signal.SIGCONT)
        if hangs_then:
            assert process.wait(timeout=10) == EXIT_CODE
        else:
            assert [process.stdout.readline() for _ in range(4)] == [b"fed\n"] * 4
            process.kill()


def test_the_service_manager_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        notify("READY=1")
        assert manager.recv(64) == b"READY=1"
    notify("WATCHDOG=1")  # nobody listens any more: no harm


class Served:
    """A control socket with a journal behind it, in a folder of its own."""

    def __init__(self, tmp_path: Path) -> None:
        self.now_s = 100.0
        self.journal = Journal(tmp_path / "j.db", "boot")
        self.journal.start()
        self.socket = ControlSocket(tmp_path, self.journal, lambda: self.now_s)
        self.client = SocketClient(tmp_path)
        self.path = tmp_path / "control.sock"

    async def __aenter__(self) -> Self:
        await self.socket.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.socket.stop()
        await asyncio.to_thread(self.journal.stop)

    async def ask(self, **question: object) -> dict[str, Any]:
        return await asyncio.to_thread(lambda: self.client.ask(**question))


async def test_requests_live_and_expire(tmp_path: Path) -> None:
    async with Served(tmp_path) as served:
        assert await served.ask(method="ping") == {"ok": True}
        answer = await served.ask(method="request", kind="observe_on", who="duty", ttl_s=5)
        assert answer["ok"]
        assert [request.kind.value for request in served.socket.living(104.0)] == ["observe_on"]
        assert served.socket.living(105.1) == ()
        assert served.path.stat().st_mode & 0o777 == 0o660


async def test_events_come_by_cursor(tmp_path: Path) -> None:
    async with Served(tmp_path) as served:
        for number in range(5):
            served.journal.write(Event(EventKind.SHED, Reason.LOW_SOC, "x", {"n": number}), float(number))
        while len((await served.ask(method="events", after=0))["events"]) < 5:
            await asyncio.sleep(0.01)
        first = await served.ask(method="events", after=0, limit=3)
        rest = await served.ask(method="events", after=first["cursor"])
        assert [e["values"]["n"] for e in first["events"] + rest["events"]] == [0, 1, 2, 3, 4]
        newest = await served.ask(method="events", limit=2)
        assert [e["values"]["n"] for e in newest["events"]] == [3, 4]


@pytest.mark.parametrize(
    ("question", "error"),
    [
        ({"method": "dance"}, "unknown_method"),
        ({"method": "request", "kind": "explode", "who": "x"}, "bad_request"),
        ({"method": "request", "kind": "observe_on"}, "bad_request"),
        ({"method": "request", "kind": "observe_on", "who": "x", "ttl_s": 31}, "bad_request"),
        ({"method": "events", "limit": 0}, "bad_request"),
        ({"method": "events", "surprise": 1}, "bad_request"),
        ({}, "unknown_method"),
    ],
)
async def test_a_bad_request_gets_a_clear_error_and_the_next_one_an_answer(
    tmp_path: Path, question: dict[str, Any], error: str
) -> None:
    async with Served(tmp_path) as served:
        assert (await served.ask(**question))["error"] == error
        assert await served.ask(method="ping") == {"ok": True}


@pytest.mark.parametrize(
    "raw", [struct.pack(">I", 1 << 30), struct.pack(">I", 9) + b"not json!", b"\x00", struct.pack(">I", 50) + b"{"]
)
async def test_a_broken_frame_hurts_nobody_else(tmp_path: Path, raw: bytes) -> None:
    async with Served(tmp_path) as served:
        _, writer = await asyncio.open_unix_connection(str(served.path))
        writer.write(raw)
        await writer.drain()
        assert await served.ask(method="ping") == {"ok": True}
        writer.close()


async def test_a_ninth_client_is_turned_away_until_one_leaves(tmp_path: Path) -> None:
    async with Served(tmp_path) as served:
        peers = [await asyncio.open_unix_connection(str(served.path)) for _ in range(8)]
        while served.socket._clients_count < 8:
            await asyncio.sleep(0.01)
        with pytest.raises(OSError):  # noqa: PT011  (reset or closed, as the kernel likes)
            await served.ask(method="ping")
        peers[0][1].close()
        while served.socket._clients_count > 7:
            await asyncio.sleep(0.01)
        assert orjson.dumps(await served.ask(method="ping")) == b'{"ok":true}'
        for _, writer in peers[1:]:
            writer.close()
