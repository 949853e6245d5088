"""What happened in the hub in a recording, as verbs: loads, contactors, charges, sun, people, silent devices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.blackbox.reading import Recorded
from controller.model.hub import AssetId, Hub
from controller.model.image import FeederSeen
from controller.model.words import BreakerPosition, GensetState
from hil_tests.bench.recorded_grid import OURS_S, verb
from hil_tests.bench.scenario import Action

EVERY_S = 10.0
LOAD_STEP_RATIO = 0.05  # of a feeder's rating
SUN_STEP_W_PER_M2 = 20.0
SUN_STEP_C = 1.0
PICKED_UP_S = 30.0  # cold loads draw more: that is the plant's own doing


def hub_actions(cycles: Sequence[Recorded], hub: Hub) -> Iterator[Action]:
    """Charges and fuel as they were at first, what the feeders drew, what moved without us."""
    first = cycles[0]
    for battery, seen in first.seen.batteries.items():
        if seen.soc_pct is not None:
            yield verb(first.now_s, "battery.set", battery=battery, soc_pct=round(seen.soc_pct, 2))
    for genset, engine in first.seen.gensets.items():
        if engine.fuel_l is not None:
            yield verb(first.now_s, "genset.set", genset=genset, fuel_l=round(engine.fuel_l, 2))
    for feeder in hub.feeders.values():
        yield from _loads(cycles, feeder.id, feeder.rated_w)
        yield from _moves(cycles, feeder.id)
    for genset in hub.gensets:
        yield from _local_starts(cycles, genset)


def _loads(cycles: Sequence[Recorded], feeder: AssetId, rated_w: float) -> Iterator[Action]:
    told_ratio, told_at_s, closed_since_s = -1.0, -EVERY_S, None
    for number, cycle in enumerate(cycles):
        seen = cycle.seen.feeders.get(feeder, FeederSeen())
        is_on = seen.position is BreakerPosition.CLOSED and seen.power_w is not None and seen.power_w.total > 0.0
        if not is_on or seen.power_w is None:
            closed_since_s = None
            continue
        if closed_since_s is None:
            closed_since_s = cycle.now_s if number > 0 else -PICKED_UP_S
        ratio = min(100.0, seen.power_w.total / rated_w)
        is_settled = cycle.now_s - closed_since_s >= PICKED_UP_S or told_ratio < 0.0
        if is_settled and cycle.now_s - told_at_s >= EVERY_S and abs(ratio - told_ratio) > LOAD_STEP_RATIO:
            told_ratio, told_at_s = ratio, cycle.now_s
            yield verb(cycle.now_s, "load.set", feeder=feeder, demand_ratio=round(ratio, 3))


def _moves(cycles: Sequence[Recorded], feeder: AssetId) -> Iterator[Action]:
    was: BreakerPosition | None = None
    ordered_s = -OURS_S
    for cycle in cycles:
        seen = cycle.seen.feeders.get(feeder, FeederSeen())
        command = cycle.commands.feeders.get(feeder) if cycle.commands is not None else None
        if command is not None and (command.close is not None or (command.open and was is BreakerPosition.CLOSED)):
            ordered_s = cycle.now_s
        if seen.position not in (BreakerPosition.OPEN, BreakerPosition.CLOSED):
            continue
        if was not in (None, seen.position) and cycle.now_s - ordered_s > OURS_S:
            is_closed = seen.position is BreakerPosition.CLOSED
            if not is_closed and seen.has_fault is True:
                yield verb(cycle.now_s, "feeder.trip", feeder=feeder)
            else:
                yield verb(cycle.now_s, "feeder.by_hand", feeder=feeder, closed=is_closed)
        was = seen.position


def _local_starts(cycles: Sequence[Recorded], genset: AssetId) -> Iterator[Action]:
    was: GensetState | None = None
    ordered_s = -OURS_S
    for cycle in cycles:
        command = cycle.commands.gensets.get(genset) if cycle.commands is not None else None
        ordered_s = cycle.now_s if command is not None and command.crank is not None else ordered_s
        seen = cycle.seen.gensets.get(genset)
        if seen is None or seen.state is None:
            continue
        is_start = was is GensetState.STOPPED and seen.state is GensetState.STARTING
        if is_start and cycle.now_s - ordered_s > OURS_S:
            yield verb(cycle.now_s, "genset.local_start", genset=genset)
        was = seen.state


def sun_actions(cycles: Sequence[Recorded]) -> Iterator[Action]:
    """Sun and air, where somebody measured them."""
    sun, air_c, at_s = None, None, -EVERY_S
    for cycle in cycles:
        weather = cycle.seen.weather
        now_sun, now_air_c = weather.irradiance_w_per_m2, weather.temperature_c
        if cycle.now_s - at_s < EVERY_S or not (
            _moved(sun, now_sun, SUN_STEP_W_PER_M2) or _moved(air_c, now_air_c, SUN_STEP_C)
        ):
            continue
        at_s, sun, air_c = cycle.now_s, now_sun, now_air_c
        known = {"irradiance_w_per_m2": now_sun, "temperature_c": now_air_c}
        yield verb(at_s, "weather.set", **{name: round(value, 2) for name, value in known.items() if value is not None})


def _moved(before: float | None, now: float | None, step: float) -> bool:
    return now is not None and (before is None or abs(now - before) > step)


def people_actions(cycles: Sequence[Recorded]) -> Iterator[Action]:
    """The red button, the key-switch, and what was asked over the socket."""
    button = key = False
    asked: set[str] = set()
    for cycle in cycles:
        seen = cycle.seen
        if seen.emergency_off is not None and seen.emergency_off is not button:
            button = seen.emergency_off
            yield verb(cycle.now_s, "emergency_off", pressed=button)
        if seen.local_control is not None and seen.local_control is not key:
            key = seen.local_control
            yield verb(cycle.now_s, "local_control", on=key)
        for request in cycle.advice.requests:
            if request.id not in asked:
                asked.add(request.id)
                about = {} if request.subject is None else {"subject": request.subject}
                what = {"request": request.kind.value, "at_the_hub": request.at_the_hub}
                yield verb(cycle.now_s, "operator", **what, **about)


def lost_actions(cycles: Sequence[Recorded]) -> Iterator[Action]:
    """Devices that fell silent, for as long as they were."""
    since_s: dict[str, float] = {}
    for cycle in cycles:
        for device in set(cycle.seen.lost_devices) - since_s.keys():
            since_s[device] = cycle.now_s
        for device in since_s.keys() - set(cycle.seen.lost_devices):
            yield _silence(device, since_s.pop(device), cycle.now_s)
    for device, from_s in since_s.items():
        yield _silence(device, from_s, cycles[-1].now_s)


def _silence(device: str, from_s: float, to_s: float) -> Action:
    lasts_s = max(0.1, to_s - from_s)
    return verb(from_s, "fault", unit=device, type="silent", **{"for": f"{lasts_s:.3f} s"})
