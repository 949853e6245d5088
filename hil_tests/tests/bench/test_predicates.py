"""Shapes of a signal: each is made true and false, as a function, in a file and in Python."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import pytest

from hil_tests.bench.predicates import Samples, is_constant, is_first_order, is_ramp, is_step, judge
from hil_tests.bench.runner import run
from hil_tests.bench.scenario import Expectation, Scenario
from hil_tests.bench.sig import sig
from hil_tests.bench.verdict import Result, Verdict
from hil_tests.tests.checkers.stage import the_site


def drawn(curve: Callable[[float], float], to_s: float = 10.0) -> Samples:
    return [(step / 10.0, curve(step / 10.0)) for step in range(round(to_s * 10) + 1)]


FLAT = drawn(lambda _: 50.0)
STEP = drawn(lambda t_s: 50.0 if t_s < 5.0 else 49.0)
RAMP = drawn(lambda t_s: 50.0 - 0.1 * t_s)
SETTLING = drawn(lambda t_s: 50.0 if t_s < 2.0 else 49.0 + math.exp(-(t_s - 2.0) / 1.5))


def test_constant() -> None:
    assert is_constant(FLAT, 49.9, 50.1) == ""
    assert is_constant(FLAT, 50.0, 50.0) == ""
    assert is_constant(STEP, 49.5, 50.5) == "49 at +5.00 s, outside 49.5 to 50.5"


def test_step() -> None:
    assert is_step(STEP, from_value=50.0, to_value=49.0, at_s=5.0, tolerance=0.1) == ""
    wrong = is_step(STEP, from_value=50.0, to_value=49.0, at_s=6.0, tolerance=0.1)
    assert wrong == "49 at +5.00 s, outside 49.9 to 50.1", "too early"
    wrong = is_step(STEP, from_value=50.0, to_value=49.0, at_s=4.0, tolerance=0.1)
    assert wrong == "50 at +4.10 s, outside 48.9 to 49.1", "too late"
    assert is_step(STEP, from_value=50.0, to_value=49.0, at_s=4.0, within_s=1.0, tolerance=0.1) == ""
    assert "outside" in is_step(STEP, from_value=50.0, to_value=49.5, at_s=5.0, tolerance=0.1), "too far"
    assert "outside" in is_step(FLAT, from_value=50.0, to_value=49.0, at_s=5.0, tolerance=0.1), "none"
    assert "both sides" in is_step(STEP, from_value=50.0, to_value=49.0, at_s=11.0, tolerance=0.1)


def test_ramp() -> None:
    assert is_ramp(RAMP, from_value=50.0, slope_per_s=-0.1, tolerance=0.01) == ""
    assert "wanted 51" in is_ramp(RAMP, from_value=51.0, slope_per_s=-0.1, tolerance=0.01)
    assert "outside" not in is_ramp(RAMP, from_value=50.0, slope_per_s=-0.11, tolerance=0.2)
    assert is_ramp(RAMP, from_value=50.0, slope_per_s=0.1, tolerance=0.01) == "49.99 at +0.10 s, wanted 50.01 +- 0.01"
    assert is_ramp(STEP, from_value=50.0, slope_per_s=-0.1, tolerance=0.2) != ""


def test_first_order() -> None:
    curve = {"from_value": 50.0, "to_value": 49.0, "at_s": 2.0}
    assert is_first_order(SETTLING, time_constant_s=1.5, tolerance=0.01, **curve) == ""
    assert is_first_order(SETTLING, time_constant_s=3.0, tolerance=0.01, **curve) != "", "slower"
    assert is_first_order(SETTLING, time_constant_s=0.5, tolerance=0.01, **curve) != "", "faster"
    assert is_first_order(STEP, time_constant_s=1.5, tolerance=0.1, **curve) != ""
    assert is_first_order(FLAT, from_value=50.0, to_value=50.0, time_constant_s=1.0, tolerance=0.0) == ""


def test_what_has_no_samples_or_no_values_is_wrong() -> None:
    expected = Expectation.model_validate({"signal": "bus.frequency_hz", "is_constant": [49.0, 51.0]})
    assert judge(expected, [], 0.0) == "no samples in the window"
    assert judge(expected, [(5.0, 50.0), (5.5, math.nan)], 5.0) == "it has no value at +0.50 s"
    assert judge(expected, FLAT, 0.0) == ""


# -- in a run: a sag, a drift and a filter, each seen as what it is and not as another ---------------------------------
EVENTS = [
    {"at": "3 s", "do": "grid.voltage", "voltage_ratio": 0.9},
    {"at": "6 s", "do": "grid.drift", "frequency_hz": 49.8, "rate_hz_per_s": 0.1},
]
SETTLES = {"from_value": 1.0, "to_value": 0.9, "at_s": 0.995, "tolerance": 0.01}
SHAPES: Mapping[str, tuple[Mapping[str, object], Mapping[str, object], str, float]] = {
    "is_constant": ({"is_constant": (0.89, 0.91)}, {"is_constant": (0.95, 1.05)}, "grid.voltage_ratio", 4.0),
    "is_step": (
        {"is_step": {"from_value": 1.0, "to_value": 0.9, "at_s": 1.0, "tolerance": 0.01}},
        {"is_step": {"from_value": 1.0, "to_value": 0.8, "at_s": 1.0, "tolerance": 0.01}},
        "grid.voltage_ratio",
        2.0,
    ),
    "is_ramp": (
        {"is_ramp": {"from_value": 50.0, "slope_per_s": -0.1, "tolerance": 0.005}},
        {"is_ramp": {"from_value": 50.0, "slope_per_s": -0.2, "tolerance": 0.005}},
        "grid.frequency_hz",
        6.0,
    ),
    "is_first_order": (
        {"is_first_order": {**SETTLES, "time_constant_s": 1e-3}},
        {"is_first_order": {**SETTLES, "time_constant_s": 1.0}},
        "grid.voltage_ratio",
        2.0,
    ),
}  # fmt: skip


def played(*expect: object, **keys: object) -> Result:
    keys = {"id": "TST-001", "title": "shapes", "until": "9 s", "timeline": EVENTS, "expect": expect, **keys}
    return run(Scenario.model_validate(keys), the_site(), 1)


def windowed(shape: Mapping[str, object], signal: str, from_s: float) -> dict[str, object]:
    return {**shape, "signal": signal, "during": [f"{from_s} s", f"{from_s + 1.9} s"]}


def test_shapes_in_a_run_are_seen_and_others_are_not() -> None:
    expect = []
    for right, wrong, signal, from_s in SHAPES.values():
        expect += [windowed(right, signal, from_s), windowed(wrong, signal, from_s)]
    result = played(*expect)
    missed = {finding.source for finding in result.findings if finding.source.startswith("expect.")}
    assert missed == {"expect.2", "expect.4", "expect.6", "expect.8"}
    assert result.verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("told", "written"),
    [
        (sig("bus.frequency_hz").is_constant((49.0, 51.0), (4.0, 6.0)), {"is_constant": [49.0, 51.0]}),
        (
            sig("bus.frequency_hz").is_step(50.0, 49.0, 5.0, during=(4.0, 6.0), tolerance=0.1),
            {"is_step": {"from_value": 50, "to_value": 49, "at_s": 1, "within_s": 0.1, "tolerance": 0.1}},
        ),
        (
            sig("bus.frequency_hz").is_ramp(50.0, -0.1, during=(4.0, 6.0), tolerance=0.1),
            {"is_ramp": {"from_value": 50, "slope_per_s": -0.1, "tolerance": 0.1}},
        ),
        (
            sig("bus.frequency_hz").is_first_order(50.0, 49.0, 1.5, at_t=4.5, during=(4.0, 6.0), tolerance=0.1),
            {
                "is_first_order": {
                    "from_value": 50, "to_value": 49, "time_constant_s": 1.5, "at_s": 0.5, "tolerance": 0.1
                }
            },
        ),
    ],
)  # fmt: skip
def test_python_says_what_a_file_says(told: Expectation, written: dict[str, object]) -> None:
    assert told == Expectation.model_validate({"signal": "bus.frequency_hz", "during": ["4 s", "6 s"], **written})


def test_a_window_in_which_nothing_changes_is_seen_too() -> None:
    """Watchers look when something changes; a plant at rest changes nothing for seconds."""
    window = {"during": ["38510 ms", "38520 ms"]}
    timeline = [{"at": "39 s", "do": "grid.voltage", "voltage_ratio": 0.9}]
    result = played(
        {"always": "grid.voltage_ratio == 1", **window},
        {"signal": "grid.voltage_ratio", "is_constant": [1.0, 1.0], **window},
        {"that": "grid.voltage_ratio == 1", "at": "38990 ms"},
        {"that": "grid.voltage_ratio < 1", "at": "38990 ms"},
        until="40 s",
        timeline=timeline,
        start={"irradiance_w_per_m2": 0.0},
    )
    missed = [finding.source for finding in result.findings if finding.source.startswith("expect.")]
    assert missed == ["expect.4"]


def test_a_wait_gives_its_instant_to_others() -> None:
    waits = {"wait_until": "grid.voltage_ratio < 0.95", "name": "low"}
    later = {"wait_until": "grid.frequency_hz < 49.9", "name": "slow", "after": "low", "within": "5 s"}
    result = played(
        waits,
        later,
        {"always": "grid.voltage_ratio < 0.95", "after": "low", "during": ["0 s", "5 s"]},
        {"never": "grid.frequency_hz > 49.91", "after": "slow", "during": ["0 s", "1 s"]},
        {"that": "grid.frequency_hz < 49.9", "after": "low", "within": "3 s"},
        {"wait_until": "grid.voltage_ratio > 0.95", "name": "high", "after": "low", "within": "2 s"},
        {"always": "poi.closed", "after": "high", "during": ["0 s", "1 s"]},
    )
    told = {finding.source: finding.detail for finding in result.findings if finding.source.startswith("expect.")}
    assert told == {
        "expect.5": "not in time: grid.frequency_hz < 49.9 (expected)",
        "expect.6": "not in time: grid.voltage_ratio > 0.95 (expected)",
        "expect.7": "always poi.closed: its window never came",
    }
