"""What many links cost, and how fresh the fastest values stay beside them: the production links of made-up fleets.

The devices are simple servers in another process: each Modbus register is served at once, a serial line when a line of
its speed could have carried it. Only the links run here: no cycle, no page.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from controller import clock
from controller.config import types as config
from controller.drivers.connect import Links
from controller.drivers.reset import reset
from controller.event_loop import loop_factory
from hil_tests.benchmarks.fleet_devices import (
    BLOCK_REGISTERS,
    HOST,
    POI_PERIOD_S,
    SITE,
    TWENTY,
    Fleet,
    Peer,
    devices_of,
    links_of,
    peer_of,
    poi_at,
    with_a_dead_one,
)
from hil_tests.benchmarks.opcua import POINTS_COUNT, device_at, served
from hil_tests.benchmarks.opcua_server import url_of
from hil_tests.benchmarks.polling import ask_barely, serve_numbers
from hil_tests.benchmarks.row import Row, percentile, row_of

PERCENT = 100.0
MS = 1000.0
SETTLE_S = 2.0
WINDOW_S = 1.0
FLEET_GOAL_PCT = 5.0
SITE_GOAL_PCT = 50.0
RATIO_GOAL = 2.0
BARE = "no check, no decoding, no board: what the machine asks for it at least"
AGE_GOAL_MS = 5.0
LOSS_GOAL_MS = 20.0
BACK_GOAL_MS = 300.0
MISSED_GOAL_PCT = 0.5  # from judgement: a machine that stands still for a moment; more, and the row above is too cheap
ADDED_GOAL_MS = 1.0  # the step of the clock that epoll waits by
AGE = "beyond its period, the way included"


def fleet_rows(duration_s: float) -> list[Row]:
    """All rows, each event loop on its own."""
    with peer_of(SITE) as peer:
        rows: list[Row] = []
        for name, factory in _loops().items():
            with asyncio.Runner(loop_factory=factory) as runner:
                rows += runner.run(_rows(name, peer, duration_s))
    return rows


def _loops() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    found = {"asyncio": asyncio.new_event_loop}
    if loop_factory() is not asyncio.new_event_loop:
        found["uvloop"] = loop_factory()
    return found


@dataclass(frozen=True, slots=True)
class Measured:
    """A fleet at work for a while."""

    shares_pct: list[float]  # of a core, a window a sample
    ages_ms: list[float]  # of the POI's samples beyond their period, when the next one came
    missed_pct: float  # of the TCP polls that were due: a fleet that is asked less often costs less


async def _rows(name: str, peer: Peer, duration_s: float) -> list[Row]:
    twenty = devices_of(TWENTY, peer)
    well = await _measured(twenty, TWENTY.polls_per_s, duration_s)
    bare_pct = await _bare(TWENTY, peer, duration_s)
    ratios = [ours / bare for ours, bare in zip(well.shares_pct, bare_pct, strict=True)]
    spared_per_s = TWENTY.blocks_count / TWENTY.period_s
    dead = await _measured(with_a_dead_one(twenty, peer), TWENTY.polls_per_s - spared_per_s, duration_s, dead_count=1)
    with served(None) as (port, keys):
        site = await _measured([*devices_of(SITE, peer), device_at(url_of(port), keys)], SITE.polls_per_s, duration_s)
    points = SITE.tcp_count * SITE.blocks_count * SITE.points_per_block
    points += SITE.lines_count * SITE.units_per_line * BLOCK_REGISTERS + POINTS_COUNT
    size = f"64 TCP devices, 4 serial lines, OPC UA, {name}"
    return [
        row_of(f"20 devices x 3 blocks x 10 Hz, {name}", "% of a core", well.shares_pct, FLEET_GOAL_PCT, "links alone"),
        _missed(f"20 devices: polls that had no turn, {name}", well),
        row_of(f"the same transactions, nothing but asyncio, {name}", "% of a core", bare_pct, None, BARE),
        row_of(f"ours / nothing but asyncio, {name}", "ratio", ratios, RATIO_GOAL, "decoding and checking included"),
        row_of(f"POI sample age at 50 Hz beside them, {name}", "ms", well.ages_ms, AGE_GOAL_MS, AGE),
        row_of(f"the same with one device dead, {name}", "ms", dead.ages_ms, AGE_GOAL_MS, AGE),
        _added(f"what the dead one adds to it, {name}", well, dead),
        row_of(f"20 devices of which one is dead, {name}", "% of a core", dead.shares_pct, FLEET_GOAL_PCT),
        _missed(f"polls of the living that had no turn, {name}", dead),
        row_of(size, "% of a core", site.shares_pct, SITE_GOAL_PCT, f"{points} points"),
        _missed(f"their polls that had no turn, {name}", site),
        row_of(f"POI sample age beside that, {name}", "ms", site.ages_ms, None, AGE),
        *await _cut_rows(name, max(5, int(duration_s))),
    ]


async def _cut_rows(name: str, count: int) -> list[Row]:
    rows = []
    for told, cut in (
        ("reset (RST)", lambda writer: reset(writer.transport)),
        ("ended (FIN)", lambda writer: writer.close()),
    ):
        seen_ms, back_ms = await _cuts(count, cut)
        rows.append(row_of(f"connection {told} -> seen, {name}", "ms", seen_ms, LOSS_GOAL_MS))
        rows.append(row_of(f"connection {told} -> values again, {name}", "ms", back_ms, BACK_GOAL_MS))
    return rows


def _missed(name: str, found: Measured) -> Row:
    missed_pct = found.missed_pct
    return Row(name, "%", missed_pct, missed_pct, missed_pct, MISSED_GOAL_PCT, "of those over TCP, in all that time")


def _added(name: str, well: Measured, dead: Measured) -> Row:
    """By median, by p99 and at most."""
    p50, p99, most = (
        percentile(dead.ages_ms, share) - percentile(well.ages_ms, share) for share in (50.0, 99.0, 100.0)
    )
    return Row(name, "ms", p50, p99, most, ADDED_GOAL_MS, "of the two percentiles, in the same run")


async def _measured(
    devices: Sequence[config.Device], polls_per_s: float, duration_s: float, dead_count: int = 0
) -> Measured:
    links = links_of(devices)
    ages = _Ages(links)
    running = asyncio.create_task(links.run())
    try:
        await asyncio.sleep(SETTLE_S)
        absent = [name for name, link in links.links.items() if not link.is_up]
        assert len(absent) == dead_count, absent
        ages.late_ms.clear()
        began_s, before = clock.now_s(), _answers_count(links, devices)
        shares_pct = await _shares(duration_s)
        due = polls_per_s * (clock.now_s() - began_s)
        answered = _answers_count(links, devices) - before
        return Measured(shares_pct, ages.late_ms, max(0.0, 1.0 - answered / due) * PERCENT)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _answers_count(links: Links, devices: Sequence[config.Device]) -> int:
    over_tcp = [device.name for device in devices if device.table.protocol is config.Protocol.MODBUS_TCP]
    return sum(links.links[name].changes_count for name in over_tcp)


class _Ages:
    """How much older than its period each sample of the POI is when the next one takes its place: the way included."""

    def __init__(self, links: Links) -> None:
        self.late_ms: list[float] = []
        self._link = links.links["poi"]
        self._sampled_at_s: float | None = None
        links.when_urgent({"poi": {"p0": 0.0}}, self._came)
        links.set_eager(True)  # each sample, changed or not

    def _came(self) -> None:
        reading, before_s = self._link.reading("p0"), self._sampled_at_s
        assert reading is not None
        self._sampled_at_s = reading.at_s
        if before_s is not None:
            self.late_ms.append(max(0.0, clock.now_s() - before_s - POI_PERIOD_S) * MS)


async def _shares(duration_s: float) -> list[float]:
    """What this process takes, in percent of a core, a window a sample."""
    shares = []
    for _ in range(max(1, int(duration_s / WINDOW_S))):
        began_s, cpu_s = clock.now_s(), time.process_time()
        await asyncio.sleep(WINDOW_S)
        shares.append((time.process_time() - cpu_s) / (clock.now_s() - began_s) * PERCENT)
    return shares


async def _bare(fleet: Fleet, peer: Peer, duration_s: float) -> list[float]:
    """The transactions of that fleet and of the POI beside it, at the same rates, spread alike."""
    paces = [(peer.ports[0], 1, POI_PERIOD_S, 0.0)]
    paces += [
        (peer.ports[1 + number], fleet.blocks_count, fleet.period_s, number / fleet.tcp_count)
        for number in range(fleet.tcp_count)
    ]
    running = [asyncio.create_task(_ask_barely_for_ever(*pace)) for pace in paces]
    try:
        await asyncio.sleep(SETTLE_S)
        return await _shares(duration_s)
    finally:
        for task in running:
            task.cancel()
        ends = await asyncio.gather(*running, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends


async def _ask_barely_for_ever(port: int, blocks_count: int, period_s: float, phase: float) -> None:
    reader, writer = await asyncio.open_connection(HOST, port)
    due_s = clock.now_s() + phase * period_s
    try:
        for number in itertools.count():
            await asyncio.sleep(max(0.0, due_s - clock.now_s()))
            for block in range(blocks_count):
                await ask_barely(reader, writer, number * blocks_count + block, (3, 100 * block, BLOCK_REGISTERS))
            due_s += period_s
    finally:
        writer.close()


async def _cuts(count: int, cut: Callable[[asyncio.StreamWriter], None]) -> tuple[list[float], list[float]]:
    """A device that gives up its connection: when that is seen, and when there are values again."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await serve_numbers(reader, writer)

    server = await asyncio.start_server(serve, HOST, 0)
    poi = replace(poi_at(0), port=server.sockets[0].getsockname()[1])
    links = links_of([poi])
    link, running = links.links["poi"], asyncio.create_task(links.run())
    seen_ms, back_ms = [], []
    try:
        for _ in range(count):
            await _until(lambda: link.is_up)
            await asyncio.sleep(0.1)
            began_s = clock.now_s()
            cut(writers[-1])
            await _until(lambda: not link.is_up)
            seen_ms.append((clock.now_s() - began_s) * MS)
            await _until(lambda: link.is_up)
            back_ms.append((clock.now_s() - began_s) * MS)
    finally:
        running.cancel()
        server.close()
        await asyncio.gather(running, return_exceptions=True)
    return seen_ms, back_ms


async def _until(is_true: Callable[[], bool]) -> None:
    async with asyncio.timeout(10.0):
        while not is_true():
            await asyncio.sleep(0.0005)
