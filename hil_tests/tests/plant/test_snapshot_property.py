"""Whatever happened and whenever it is taken: from a snapshot, everything goes on to the last bit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import Phase as Stage
from hypothesis import strategies as st

from controller.model.phases import Phase
from controller.model.words import InverterMode, SettingsGroup
from hil_tests.plant.grid import UNEASY_PROFILE
from hil_tests.plant.motor import Motor
from hil_tests.plant.plant import Plant
from hil_tests.plant.village import Roof, VillageNetwork
from hil_tests.tests.plant.stands import MAIN
from hil_tests.tests.plant.test_snapshots import rich, with_meter
from hil_tests.tests.plant.whole_state import kinds_in, whole_state

LOOK_S = 0.25
LOOKS_COUNT = 20


def lay_lines(plant: Plant) -> None:
    """A village's lines and a roof behind the busbar."""
    roofs = {"R15": Roof(9_000.0, has_volt_var=True)}
    plant.loads.lines = VillageNetwork.of(plant, {"desk": "R1", "ev_posts": "R18"}, roofs)


ACTS: Mapping[str, Callable[[Plant], object]] = {
    "blackout": lambda p: p.grid.blackout(0.2),
    "return": lambda p: p.grid.returns_anyhow(),
    "flicker": lambda p: p.grid.flicker((0.3, 1.0), on_s=0.4),
    "brownout": lambda p: p.grid.brownout(0.75, 1.5),
    "sag": lambda p: p.grid.sag(0.3, 0.15),
    "drift": lambda p: p.grid.drift(51.7, 1.0),
    "jump": lambda p: p.grid.phase_jump(30.0),
    "profile": lambda p: p.grid.play(UNEASY_PROFILE),
    "lost phase": lambda p: p.grid.lose_phase(Phase.L2),
    "pen": lambda p: setattr(p.grid, "pen_is_broken", True),
    "open": lambda p: p.poi.trip(),
    "close": lambda p: p.poi.close(),
    "permit": lambda p: p.poi.set_close_permit(True),
    "island settings": lambda p: p.poi.set_settings_group(SettingsGroup.ISLAND),
    "earthing": lambda p: p.earthing.set_closed(True),
    "form": lambda p: p.batteries[MAIN].order(InverterMode.GRID_FORMING),
    "follow": lambda p: p.batteries[MAIN].order(InverterMode.GRID_FOLLOWING),
    "charge": lambda p: p.batteries[MAIN].set_power_w(-20_000.0),
    "empty": lambda p: setattr(p.batteries[MAIN], "soc_pct", 0.01),
    "bms": lambda p: p.batteries[MAIN].trip_bms(),
    "reset": lambda p: p.batteries[MAIN].reset(),
    "soc jump": lambda p: p.batteries[MAIN].pack.jump_soc(-20.0),
    "pv": lambda p: p.trip_all_pv(),
    "limit": lambda p: p.pv["pv"].set_limit_w(9_000.0),
    "genset": lambda p: p.gensets["genset"].set_run(True),
    "no genset": lambda p: p.gensets["genset"].set_run(False),
    "shed": lambda p: p.feeders["warm_room"].set_closed(False),
    "restore": lambda p: p.feeders["warm_room"].set_closed(True),
    "short circuit": lambda p: p.feeders["ev_posts"].short_circuit(trips_after_s=0.3),
    "motor": lambda p: p.feeders["ev_posts"].start_motor(Motor(6_000.0)),
    "demand": lambda p: setattr(p.feeders["phones"], "demand_ratio", 2.5),
    "radio": lambda p: setattr(p.radios["radio"], "charger_is_dead", True),
    "button": lambda p: setattr(p.safety, "emergency_off", True),
    "let go": lambda p: setattr(p.safety, "emergency_off", False),
    "lines": lay_lines,
    "no transfer": lambda p: setattr(p.transfers[MAIN], "permitted", False),
}  # fmt: skip

Timeline = list[tuple[int, str]]
"""Which look comes first after it, and what."""

timelines = st.lists(st.tuples(st.integers(0, LOOKS_COUNT - 1), st.sampled_from(sorted(ACTS))), max_size=14)


def everything() -> Plant:
    return with_meter(rich())


def played(plant: Plant, timeline: Timeline, looks_count: int) -> list[list[tuple[str, str]]]:
    """What it is like every quarter of a second, from now on."""
    pictures = []
    for look in range(round(plant.now_s / LOOK_S), looks_count):
        for at, name in timeline:
            if at == look:
                ACTS[name](plant)
        plant.advance_to((look + 1) * LOOK_S)
        pictures.append(whole_state(plant))
    return pictures


@settings(
    max_examples=20, deadline=None, derandomize=True, phases=[Stage.explicit, Stage.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
@given(timeline=timelines, cut=st.integers(1, LOOKS_COUNT - 1))
def test_from_any_snapshot_everything_goes_on_to_the_last_bit(timeline: Timeline, cut: int) -> None:
    plant = everything()
    played(plant, timeline, cut)
    kept = plant.snapshot()
    uninterrupted = played(plant, timeline, LOOKS_COUNT)
    plant.restore(kept)
    assert differences(played(plant, timeline, LOOKS_COUNT), uninterrupted) == []


def differences(ours: list[list[tuple[str, str]]], theirs: list[list[tuple[str, str]]]) -> Sequence[object]:
    """A few of them, for a message that can be read."""
    pairs = [(one, other) for a, b in zip(ours, theirs, strict=True) for one, other in zip(a, b, strict=True)]
    return [pair for pair in pairs if pair[0] != pair[1]][:5]


def test_the_walk_meets_every_part() -> None:
    """A part that is not met here would be compared nowhere above."""
    wanted = {
        "Agenda", "BatteryInverter", "BatteryPack", "Bridge", "Droop", "Dso", "EarthingRelay", "Fridges",
        "GeneratorSet", "Instrument", "Instruments", "LoadFeeder", "Loads", "MeanVoltage", "MotorLoad", "PhaseBook",
        "PoiBreaker", "PublicGrid", "RadioNode", "Random", "Relay", "Rest", "Resting", "RunBook", "Safety",
        "SolarInverter", "Starter", "Swing", "TransferRelay", "VillageNetwork", "Weather",
    }  # fmt: skip
    plant = everything()
    lay_lines(plant)
    assert wanted <= kinds_in(plant)


def test_the_walk_sees_a_draw_and_a_bit() -> None:
    one, other = everything(), everything()
    assert whole_state(one) == whole_state(other)
    other.grid.returns_anyhow()
    other.restore(one.snapshot())
    assert whole_state(one) == whole_state(other)
    one.batteries[MAIN].pack.polarisation_v += 1e-15
    one.feeders["phones"].fridges._is_on[0] = not one.feeders["phones"].fridges._is_on[0]  # type: ignore[union-attr]
    one.poi.trip()
    moved = {mine[0] for mine, theirs in zip(whole_state(one), whole_state(other), strict=True) if mine != theirs}
    assert any(path.endswith("polarisation_v") for path in moved)
    assert any("_is_on" in path for path in moved)
    assert any(path.endswith("_rng.state") for path in moved)
