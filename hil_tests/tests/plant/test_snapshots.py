"""A restored plant goes on to the bit, whatever it was in the middle of."""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest

from controller.model.hub import Radio
from controller.model.words import InverterMode
from hil_tests.plant.behaviour import InverterBehaviour
from hil_tests.plant.breaker import PoiBehaviour
from hil_tests.plant.cold_chain import FridgeGroup
from hil_tests.plant.engine import StartStage
from hil_tests.plant.meters import InstrumentErrors
from hil_tests.plant.motor import Motor, MotorState
from hil_tests.plant.plant import Plant, PlantOptions
from hil_tests.plant.pv_codes import Q_OF_U, VDE4105_2018
from hil_tests.plant.relay import VDE4105_RELAY
from hil_tests.plant.transfer import TransferStage
from hil_tests.plant.weather import Cloud, Sky
from hil_tests.tests.core import hubs
from hil_tests.tests.plant.stands import MAIN, bare

METER = "meter.power_w"


def rich() -> Plant:
    """Everything that has a state of its own, at once."""
    options = PlantOptions(
        inverters={MAIN: InverterBehaviour(transfers_by_itself=True, shift_max_hz=1.0)},
        pv_code=VDE4105_2018.__class__(
            **{name: getattr(VDE4105_2018, name) for name in VDE4105_2018.__slots__}
            | {"reactive_curve": Q_OF_U, "pll_s": 0.1}
        ),
        poi=PoiBehaviour(relay=VDE4105_RELAY),
        motors={"warm_room": Motor(3_000.0)},
        fridges={"phones": FridgeGroup(5)},
        sky=Sky(start_hour=10.0, clouds=(Cloud(5.0, 0.8, 25.0, 30.0),)),
        instruments={METER: InstrumentErrors(noise=20.0, averaging_s=0.3, latency_s=0.1, period_s=0.05)},
    )
    hub = hubs.hub()
    return bare(
        options=options,
        seed=3,
        feeders=hub.feeders,
        pv=hub.pv,
        radios={"radio": Radio("radio", hubs.LABEL, "desk", 50.0)},
    )


def with_meter(plant: Plant) -> Plant:
    plant.bind_instrument(METER, lambda: plant.poi_power_w.total)
    return plant


def picture(plant: Plant) -> bytes:
    """All of the state, to the bit; objects that two places share are written out twice on both sides alike."""
    return pickle.dumps((plant.bus, plant.poi_current, plant.backfeed_j, plant.source_j, plant.load_j)) + b"".join(
        repr(_numbers(part)).encode()
        for parts in (plant.batteries, plant.pv, plant.gensets, plant.feeders, plant.radios, plant.transfers)
        for part in parts.values()
    ) + repr(plant.instruments.shown(METER)).encode() + repr(_numbers(plant.grid)).encode()  # fmt: skip


def _numbers(part: object) -> list[tuple[str, object]]:
    plain = (int, float, complex, str, tuple, type(None))
    return [(name, value) for name in type(part).__slots__ if isinstance(value := getattr(part, name), plain)]  # type: ignore[attr-defined]


def crank(plant: Plant) -> bool:
    plant.gensets["genset"].set_run(True)
    return plant.gensets["genset"].start_stage is StartStage.CRANKING and plant.now_s > 1.0


def transfer(plant: Plant) -> bool:
    if plant.now_s > 2.0 and plant.grid.is_fed:
        plant.grid.blackout(0.005)
    opening = plant.transfers[MAIN].stage is not TransferStage.WATCHING
    return opening and plant.batteries[MAIN].mode is not InverterMode.GRID_FORMING


def motor_start(plant: Plant) -> bool:
    if plant.now_s > 1.0 and plant.feeders["ev_posts"].motor is None:
        plant.feeders["ev_posts"].start_motor(Motor(4_000.0))
    motor = plant.feeders["ev_posts"].motor
    return motor is not None and motor.state is MotorState.STARTING


def cloud(plant: Plant) -> bool:
    return plant.now_s > 15.0


def flicker(plant: Plant) -> bool:
    if plant.grid.agenda.is_empty:
        plant.grid.flicker((0.4, 2.0), on_s=0.5)
    return plant.now_s > 1.0


def fault(plant: Plant) -> bool:
    if plant.now_s > 1.0 and not plant.feeders["ev_posts"].is_dynamic:
        plant.feeders["ev_posts"].short_circuit(trips_after_s=0.2)
    return plant.now_s > 1.1


@pytest.mark.parametrize("middle", [crank, transfer, motor_start, cloud, flicker, fault])
def test_a_snapshot_in_the_middle_of_it_repeats_to_the_bit(middle: Callable[[Plant], bool]) -> None:
    plant = with_meter(rich())
    while not middle(plant):
        assert plant.now_s < 30.0
        plant.step(0.01)
    kept, began_s = plant.snapshot(), plant.now_s
    pictures = []
    for _ in range(2):
        plant.restore(kept)
        assert plant.now_s == began_s
        run = []
        for _ in range(120):
            plant.advance_to(plant.now_s + 0.07)
            run.append(picture(plant))
        pictures.append(run)
    assert pictures[0] == pictures[1]
    assert len(set(pictures[0])) > 60, "nothing moved: nothing was compared"


def test_a_restored_plant_is_as_one_that_was_never_interrupted() -> None:
    whole, cut = with_meter(rich()), with_meter(rich())
    for plant in (whole, cut):
        plant.advance_to(10.0)
    cut.restore(cut.snapshot())
    for plant in (whole, cut):
        plant.advance_to(25.0)
    assert picture(whole) == picture(cut)
