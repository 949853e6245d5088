"""The letters of the fuzzer's stories other than faults: grid, weather, loads, people, hands at the board, restarts.

Each takes a random stream, a hub and an instant, and gives what happens from then on; what it ends itself it ends
within half a minute.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from controller.config.types import Site
from controller.model.advice import RequestKind
from hil_tests.bench.durations import spoken
from hil_tests.bench.scenario import Action

Letter = Callable[[random.Random, Site, float], Iterator[Action]]
LATCHES = ("emergency_off", "lockout", "dso_lock")
NOBODY = "nobody"  # a subject that no hub has


def action(at_s: float, do: str, **parameters: Any) -> Action:
    """Something at an instant, as a file would say it."""
    return Action.model_validate({"at": spoken(round(at_s, 2)), "do": do, **parameters})


# -- the public grid ---------------------------------------------------------------------------------------------------
def returned(rng: random.Random, at_s: float) -> Action:
    """Mostly as a grid code likes it; now and then too high, too slow, or at an angle of its own."""
    usual = rng.random() < 0.8
    voltage = round(rng.uniform(0.94, 1.05) if usual else rng.uniform(0.8, 1.2), 3)
    frequency_hz = round(rng.uniform(49.93, 50.06) if usual else rng.uniform(47.0, 52.0), 3)
    more = {} if rng.random() < 0.5 else {"angle_deg": round(rng.uniform(-180.0, 180.0))}
    return action(at_s, "grid.return", voltage_ratio=voltage, frequency_hz=frequency_hz, **more)


def blackout(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    """Gone, and back; sometimes only for a moment."""
    del site
    yield action(at_s, "grid.blackout", fall_s=rng.choice((0.005, 0.02, 0.2, 2.0)))
    yield returned(rng, at_s + rng.uniform(0.2, 30.0))


def _sag(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    del site
    ratio = rng.uniform(0.05, 0.9) if rng.random() < 0.8 else rng.uniform(1.1, 1.3)
    yield action(at_s, "grid.sag", voltage_ratio=round(ratio, 2), for_s=round(rng.uniform(0.03, 2.0), 3))


def _flicker(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    del site
    again = {"every": spoken(round(rng.uniform(0.2, 2.0), 2)), "times": rng.randint(2, 12)}
    ratio, for_s = round(rng.uniform(0.6, 0.92), 2), round(rng.uniform(0.02, 0.15), 3)
    yield action(at_s, "grid.sag", voltage_ratio=ratio, for_s=for_s, repeat=again)


def _drift(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    del site
    rate = round(rng.uniform(0.05, 2.0), 2)
    yield action(at_s, "grid.drift", frequency_hz=round(rng.uniform(47.0, 52.0), 2), rate_hz_per_s=rate)
    yield action(at_s + rng.uniform(5.0, 30.0), "grid.drift", frequency_hz=50.0, rate_hz_per_s=rate)


def _voltage(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    del site
    yield action(at_s, "grid.voltage", voltage_ratio=round(rng.uniform(0.8, 1.2), 2))
    yield action(at_s + rng.uniform(1.0, 30.0), "grid.voltage", voltage_ratio=1.0)


def _phase_jump(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    del site
    yield action(at_s, "grid.phase_jump", deg=round(rng.uniform(-60.0, 60.0)))


def _phase_lost(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    del site
    yield action(at_s, "grid.lose_phase", phase=rng.choice(("l1", "l2", "l3")))
    yield action(at_s + rng.uniform(0.5, 25.0), "grid.restore_phases")


def _upstream(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    """Somebody works upstream: a genset on the transfer switch, or two conductors swapped while it is dark."""
    del site
    yield action(at_s, "grid.blackout", fall_s=0.02)
    changed: dict[str, object]
    back: dict[str, object]
    if rng.random() < 0.5:
        verb, changed, back = "grid.source", {"source": "genset"}, {"source": "public"}
    else:
        verb, changed, back = "grid.rotation", {"equal": False}, {"equal": True}
    later_s = at_s + rng.uniform(2.0, 8.0)
    yield action(later_s, verb, **changed)
    yield returned(rng, later_s + 0.5)
    again_s = later_s + rng.uniform(3.0, 25.0)
    yield action(again_s, "grid.blackout", fall_s=0.02)
    yield action(again_s + 0.5, verb, **back)
    yield returned(rng, again_s + rng.uniform(1.0, 10.0))


def _operator_of_the_grid(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    """Its lock, and its contacts."""
    del site
    later_s = at_s + rng.uniform(2.0, 30.0)
    match rng.randrange(3):
        case 0:
            yield action(at_s, "poi.dso_lock", on=True)
            yield action(later_s, "poi.dso_lock", on=False)
            yield action(later_s + 2.0, "operator", request="release_latch", subject="dso_lock")
        case 1:
            yield action(at_s, "dso.limit_import", limit_w=round(rng.uniform(0.0, 20_000.0)))
            yield action(later_s, "dso.limit_import")
        case _:
            yield action(at_s, "dso.ask_for_island", on=True)
            yield action(later_s, "dso.ask_for_island", on=False)


# -- weather, loads, charge --------------------------------------------------------------------------------------------
def _load(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    feeder = rng.choice([None, *site.hub.feeders])
    only = {} if feeder is None else {"feeder": feeder}
    if rng.random() < 0.7:
        yield action(at_s, "load.set", demand_ratio=round(rng.uniform(0.0, 1.3), 2), **only)
    else:
        yield action(at_s, "load.scale", factor=round(rng.uniform(0.2, 2.0), 2), **only)


def _clouds(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    del site
    for number in range(rng.randint(1, 4)):
        later_s = at_s + number * rng.uniform(0.5, 8.0)
        yield action(later_s, "weather.set", irradiance_w_per_m2=round(rng.uniform(0.0, 1200.0)))


def _cold(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    """Air, or the cells themselves; hot as well."""
    if rng.random() < 0.5:
        yield action(at_s, "weather.set", temperature_c=round(rng.uniform(-20.0, 38.0)))
    else:
        battery = rng.choice([*site.hub.batteries])
        yield action(at_s, "battery.set", battery=battery, temperature_c=round(rng.uniform(-15.0, 48.0)))


def _charge(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    """As if hours had passed."""
    battery = rng.choice([*site.hub.batteries])
    yield action(at_s, "battery.set", battery=battery, soc_pct=round(rng.uniform(3.0, 100.0)))


# -- people ------------------------------------------------------------------------------------------------------------
def _subjects(rng: random.Random, site: Site, request: RequestKind) -> str | None:
    hub = site.hub
    fitting: list[str | None] = [*hub.feeders]
    if request is RequestKind.RELEASE_LATCH:
        fitting = [*LATCHES, *hub.feeders]
    elif request in {RequestKind.START_GENSET, RequestKind.STOP_GENSET}:
        fitting = [*hub.gensets, NOBODY]
    elif request not in {RequestKind.OPEN_FEEDER, RequestKind.CLOSE_FEEDER}:
        fitting = [None]
    nonsense: list[str | None] = [None, NOBODY, *hub.batteries, *hub.pv, "poi"]
    return rng.choice(nonsense if rng.random() < 0.15 else fitting)


def _asked(rng: random.Random, site: Site, at_s: float, request: RequestKind) -> Action:
    subject, at_the_hub = _subjects(rng, site, request), rng.random() < 0.8
    more = {} if subject is None else {"subject": subject}
    return action(at_s, "operator", request=request.value, at_the_hub=at_the_hub, **more)


def _request(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    """Anything that can be asked, to fitting subjects and to nonsense ones."""
    yield _asked(rng, site, at_s, rng.choice([*RequestKind]))


def _contradiction(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    """Two people at once."""
    for _ in range(rng.randint(2, 4)):
        yield _asked(rng, site, at_s + rng.choice((0.0, 0.0, 0.05, 0.3)), rng.choice([*RequestKind]))


def _held_feeder(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    feeder = rng.choice([*site.hub.feeders])
    yield action(at_s, "operator", request="open_feeder", subject=feeder)
    yield action(at_s + rng.uniform(2.0, 30.0), "operator", request="close_feeder", subject=feeder)


def _authority(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    """Taken away from it for a while."""
    del site
    taken = rng.choice(("manual", "observe"))
    yield action(at_s, "operator", request=f"{taken}_on")
    yield action(at_s + rng.uniform(2.0, 30.0), "operator", request=f"{taken}_off")


def _emergency(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    del site
    later_s = at_s + rng.uniform(0.1, 30.0)
    yield action(at_s, "emergency_off", pressed=True)
    yield action(later_s, "emergency_off", pressed=False)
    yield action(later_s + 2.0, "operator", request="release_latch", subject="emergency_off")


def _key_switch(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    del site
    yield action(at_s, "local_control", on=True)
    yield action(at_s + rng.uniform(1.0, 30.0), "local_control", on=False)


def _board(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    """A hand, or the protection of one thing."""
    feeder = rng.choice([*site.hub.feeders])
    match rng.randrange(4):
        case 0:
            yield action(at_s, "feeder.trip", feeder=feeder)
        case 1:
            closed = rng.random() < 0.5
            yield action(at_s, "feeder.by_hand", feeder=feeder, closed=closed)
            yield action(at_s + rng.uniform(1.0, 25.0), "feeder.by_hand", feeder=feeder, closed=not closed)
        case 2:
            yield action(at_s, "poi.trip")
        case _:
            for genset in site.hub.gensets:
                yield action(at_s, "genset.local_start", genset=genset)


# -- the controller's process ------------------------------------------------------------------------------------------
def _restart(rng: random.Random, site: Site, at_s: float) -> Iterator[Action]:
    del site
    yield action(at_s, "controller.kill")
    yield action(at_s + rng.uniform(1.2, 6.0), "controller.start")


LETTERS: Mapping[str, Letter] = {
    "blackout": blackout,
    "sag": _sag,
    "flicker": _flicker,
    "drift": _drift,
    "voltage": _voltage,
    "phase_jump": _phase_jump,
    "phase_lost": _phase_lost,
    "upstream": _upstream,
    "operator_of_the_grid": _operator_of_the_grid,
    "load": _load,
    "clouds": _clouds,
    "cold": _cold,
    "charge": _charge,
    "request": _request,
    "contradiction": _contradiction,
    "held_feeder": _held_feeder,
    "authority": _authority,
    "emergency": _emergency,
    "key_switch": _key_switch,
    "board": _board,
    "restart": _restart,
}
