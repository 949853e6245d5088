"""Whichever single bit of one answer over Modbus TCP is another one: nothing that is acted on moves by it.

Every bit of every point of a whole hub, with the hub's own tables and ratings; the bounds here are written down anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict

import pytest

from controller.config.types import Device, ModbusWhere, Point, Protocol, Site
from controller.drivers.assets import Assembler
from controller.drivers.blocks import Located, single
from controller.drivers.codec import registers
from controller.drivers.link import IMPOSSIBLE, Said, Value
from controller.model.image import ProcessImage
from controller.model.phases import PhaseValues
from hil_tests.tests.drivers.devices import FakeLink, read
from hil_tests.tests.drivers.test_assets import WORDS, site_of

PERIOD_S = 0.02
USUAL = {"v": 230.0, "hz": 50.0, "deg": 10.0, "a": 8.0, "w": 2_000.0, "pct": 60.0, "c": 20.0, "l": 80.0, "m2": 300.0}
AT_MOST = {"v": 11.6, "hz": 0.11, "deg": 7.0, "a": 3.1, "pct": 5.1, "c": 5.1}
POWER_RATIO = 0.101  # of the rating
LOCKS = {"emergency_off", "local_control", "dso_lock", "has_fault", "is_limited", "relay_tripped", "settings_group",
         "source", "rotation_equal", "sync_permitted"}  # fmt: skip
FREE = ("fuel_l", "irradiance_w_per_m2")  # nothing switches by them at once


@pytest.fixture(scope="module")
def site() -> Site:
    return site_of("musterhallig")


def usual(point: Point) -> Value:
    name = point.id.rpartition(".")[2]
    if point.enum is not None and set(point.enum.values()) <= {"true", "false"}:
        return False
    if point.enum is not None:
        return WORDS.get(name, next(iter(point.enum.values())))
    return False if point.type == "bool" else USUAL.get(name.rpartition("_")[2], 1.0)


class Hub:
    """All devices say the usual, every 20 ms."""

    def __init__(self, site: Site) -> None:
        self.links = {name: FakeLink() for name in site.devices}
        self._site, self._assembler, self.now_s = site, Assembler(site), 1000.0

    def seen(self, flipped: Mapping[tuple[str, str], Said]) -> dict[str, object]:
        """The image after one more sample of everything, one of them spoilt."""
        self.now_s += PERIOD_S
        for name, device in self._site.devices.items():
            said: dict[str, Said] = {
                point.id: flipped.get((name, point.id), usual(point))
                for point in device.table.points.values()
                if point.readable
            }
            link = self.links[name]
            link.impossible = {n: self.now_s for n, value in said.items() if value is IMPOSSIBLE}
            link.readings = {n: read(v, self.now_s) for n, v in said.items() if v is not None and v is not IMPOSSIBLE}
        return dict(flat(self._assembler.image(self.links, self.now_s)))


def flat(image: ProcessImage) -> Iterator[tuple[str, object]]:
    def walk(path: str, what: object) -> Iterator[tuple[str, object]]:
        if isinstance(what, PhaseValues):
            what = what._asdict()
        if isinstance(what, Mapping):
            for key, value in what.items():
                yield from walk(f"{path}.{key}", value)
        elif not path.endswith("measured_at_s"):
            yield path, what

    return walk("", asdict(image))


def spoilt(point: Point) -> Iterator[Said]:
    """What each flipped bit of its registers would say."""
    assert isinstance(point.where, ModbusWhere)
    located = Located(point, point.where)
    if point.where.bit is not None:
        both = {single(located).decode(word.to_bytes(2, "big"))[0] for word in (0, 1 << point.where.bit)}
        yield from both - {usual(point)}
        return
    words = (int(bool(usual(point))),) if located.is_bit else registers(point, usual(point))
    block = single(located)
    for bit in range(1 if located.is_bit else 16 * len(words)):
        number = int.from_bytes(b"".join(word.to_bytes(2, "big") for word in words), "big") ^ 1 << bit
        data = bytes((number & 1,)) if located.is_bit else number.to_bytes(2 * len(words), "big")
        yield block.decode(data)[0]


def on_tcp(site: Site) -> Iterator[tuple[Device, Point]]:
    for device in site.devices.values():
        for point in device.table.points.values():
            is_sunspec = not isinstance(point.where, ModbusWhere)
            if device.table.protocol is Protocol.MODBUS_TCP and point.readable and not is_sunspec:
                yield device, point


def test_no_single_bit_moves_what_is_acted_on(site: Site) -> None:
    hub = Hub(site)
    for _ in range(5):
        true = hub.seen({})
    moved, tried_count = [], 0
    for device, point in on_tcp(site):
        for said in spoilt(point):
            tried_count += 1
            found = hub.seen({(device.name, point.id): said})
            moved += [f"{device.name} {point.id} = {said}: {path} {true[path]} -> {value}"
                      for path, value in found.items() if not is_near(site, path, true[path], value)]  # fmt: skip
            hub.seen({})
            hub.seen({})
    assert tried_count > 500
    assert moved == []


@pytest.mark.parametrize("name", sorted(LOCKS))
def test_beside_a_real_change_no_single_bit_locks_the_hub_or_ends_its_supply(site: Site, name: str) -> None:
    """The street sags and feeders open: everything else of the device moves in the very sample."""
    tried_count = 0
    for device, point in on_tcp(site):
        if point.id.rpartition(".")[2] != name:
            continue
        moves = {(device.name, each.id): 0.4 * value for other, each in on_tcp(site)
                 if other is device and isinstance(value := usual(each), float)}  # fmt: skip
        for said in spoilt(point):
            hub = Hub(site)
            true = [hub.seen({}) for _ in range(5)][-1]
            found = hub.seen({**moves, (device.name, point.id): said})
            assert [path for path in found if path.endswith(name) and found[path] != true[path]] == []
            tried_count += 1
    assert tried_count > 0


def is_near(site: Site, path: str, before: object, after: object) -> bool:
    if before == after or path.endswith(FREE):
        return True
    if not isinstance(before, float) or not isinstance(after, float):
        return False
    field = path.split(".")[-2] if path.endswith((".l1", ".l2", ".l3")) else path.rsplit(".", maxsplit=1)[-1]
    unit = field.rpartition("_")[2]
    return abs(after - before) <= (POWER_RATIO * rating_w(site, path) if unit == "w" else AT_MOST[unit])


def rating_w(site: Site, path: str) -> float:
    hub, role = site.hub, path.split(".")[1]
    if role == "poi":
        return max(hub.poi.import_max_w, hub.poi.export_max_w)
    asset = path.split(".")[2]
    match role:
        case "batteries":
            return hub.batteries[asset].rating_va
        case "pv":
            return hub.pv[asset].rating_w
        case "gensets":
            return hub.gensets[asset].rating_va
        case _:
            return hub.feeders[asset].rated_w
