"""The stop-watch on every order: which orders, which instants, which sags, which moves. No test asks how fast."""

from __future__ import annotations

import asyncio

import pytest

from controller import clock
from controller.config.types import ModbusWhere
from controller.drivers.link import Value
from hil_tests.benchmarks.islanding import KINDS, Kind, Tally, is_provable, openings, sag
from hil_tests.benchmarks.steady import cut
from hil_tests.benchmarks.village import Village
from hil_tests.plant.breaker import OPERATING_MAX_S, OPERATING_MIN_S
from hil_tests.plant.plant import STEP_S, Plant
from hil_tests.tests.servers.benches import site


def write(village: Village, asset: str, field: str, value: Value) -> None:
    """As a device takes an order, whatever wire it came by."""
    ref = village.site.bindings[asset].writes[field]
    village.servers.devices.device(ref.device).write(ref.point, value)


def is_dead(plant: Plant) -> bool:
    return not plant.grid.is_fed


async def test_an_order_is_stamped_while_it_is_on_its_way() -> None:
    """Over a socket: after the client began to send, before it had the answer; by the clock of both."""
    async with Village() as village:
        offset_s = village.servers.devices.instant_s - clock.now_s()
        ref = village.site.bindings["poi"].writes["open"]
        where = village.site.devices[ref.device].table.points[ref.point].where
        assert isinstance(where, ModbusWhere)
        place = village.overrides[ref.device]
        reader, writer = await asyncio.open_connection(str(place["host"]), int(str(place["port"])))
        sent_s = clock.now_s()
        function, word = (5, 0xFF00) if where.space == "coil" else (6, 1)
        unit = village.site.devices[ref.device].unit
        request = bytes((function,)) + where.address.to_bytes(2, "big") + word.to_bytes(2, "big")
        writer.write(bytes((0, 1, 0, 0, 0, 6, unit)) + request)
        assert (await reader.readexactly(12))[7:] == request
        answered_s = clock.now_s()
        writer.close()
        (order,) = village.orders(("open", True))
        assert sent_s <= order.at_s - offset_s <= answered_s


async def test_each_criterion_has_the_instant_at_which_physics_made_it_true() -> None:
    async with Village() as village:
        village.plant.poi.relay_enabled = False
        village.watch_for(is_dead, is_provable)
        begun_s = village.plant.now_s
        village.plant.grid.blackout(fall_s=0.05)
        await village.until(lambda: village.criterion_at_s is not None, "the end of the fall", 5.0)
        assert village.true_at_s(is_provable) is None
        opened_s = village.plant.now_s
        village.plant.poi.trip()
        await village.until(lambda: village.true_at_s(is_provable) is not None, "the proof", 5.0)
        dead_s, proven_s = village.criterion_at_s, village.true_at_s(is_provable)
        assert dead_s == pytest.approx(begun_s + 0.05, abs=STEP_S + 1e-6)
        assert proven_s is not None
        assert OPERATING_MIN_S - STEP_S < proven_s - opened_s < OPERATING_MAX_S + 2 * STEP_S
        village.watch_for(is_dead)
        assert village.criterion_at_s is None
        assert village.true_at_s(is_provable) is None


def test_only_what_the_instrument_shows_twice_is_a_proof() -> None:
    plant = Plant(site().hub)
    plant.advance_to(1.0)
    plant.poi.relay_enabled = False
    assert not is_provable(plant)
    plant.grid.blackout()
    plant.advance_to(2.0)
    assert not is_provable(plant)  # dead on both sides, and the contact says closed
    plant.poi.trip()
    plant.advance_to(3.0)
    assert is_provable(plant)


async def test_openings_are_the_first_order_to_each_load_and_the_poi() -> None:
    async with Village() as village:
        village.watch_for(is_dead)
        write(village, "ev_posts", "closed", value=False)
        write(village, "n_pe", "closed", value=False)  # no load, and no opening of ours
        write(village, "poi", "open", value=True)
        write(village, "ev_posts", "closed", value=False)
        write(village, "phones", "closed", value=True)
        write(village, "poi", "open", value=False)
        assert [(each.asset, each.value) for each in openings(village)] == [("ev_posts", False), ("poi", True)]
        assert openings(village)[0] is village.received[0]


async def test_an_opening_by_a_sag_is_counted_as_false() -> None:
    async with Village() as village:
        tally = Tally()
        await sag(village, tally, 0.5, 0.05)
        assert (tally.sags_count, tally.false_openings_count) == (1, 0)
        sagging = asyncio.create_task(sag(village, tally, 0.5, 0.05))
        await asyncio.sleep(0.0)  # it has begun to watch
        write(village, "ev_posts", "closed", value=False)
        await sagging
        assert (tally.sags_count, tally.false_openings_count) == (2, 1)


async def test_a_contact_that_moves_and_moves_back_has_moved_twice() -> None:
    async with Village() as village:
        village.count_moves()
        feeder = village.plant.feeders["water"]
        feeder.set_closed(False)
        await village.until(lambda: village.moves_count == 1, "the opening", 5.0)
        feeder.set_closed(True)
        await village.until(lambda: village.moves_count == 2, "the closing", 5.0)
        village.count_moves()
        assert village.moves_count == 0


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_each_blow_makes_its_criterion_true_and_nothing_did_before(kind: Kind) -> None:
    plant = Plant(site().hub)
    plant.poi.relay_enabled = False
    plant.advance_to(1.0)
    assert not kind.criterion(plant)
    kind.strike(plant)
    for _ in range(20):
        plant.step(STEP_S)
    assert kind.criterion(plant)


def test_samples_are_cut_at_their_marks() -> None:
    assert cut([float(number) for number in range(10)], [2, 5, 9]) == [[2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]
