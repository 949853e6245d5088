"""Shapes of a signal, by the names that test engineers know: constant, step, ramp, first order.

Each takes samples (instant, value) in order and answers what is wrong, or nothing. A sample without a value is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from hil_tests.bench.scenario import Expectation

Samples = Sequence[tuple[float, float]]
INSTANT_S = 1e-6
"""Two instants that differ by less are the same: the plant's clock is a sum of steps."""


def judge(expected: Expectation, samples: Samples, from_s: float) -> str:
    """What is wrong with the samples of an expectation's window, or nothing. Instants in parameters count from it."""
    if not samples:
        return "no samples in the window"
    relative = [(t_s - from_s, value) for t_s, value in samples]
    without = next((t_s for t_s, value in relative if math.isnan(value)), None)
    if without is not None:
        return f"it has no value at +{without:.2f} s"
    match expected.kind:
        case "is_constant":
            assert expected.is_constant is not None
            return is_constant(relative, *expected.is_constant)
        case "is_step":
            return is_step(relative, **(expected.is_step or {}))
        case "is_ramp":
            return is_ramp(relative, **(expected.is_ramp or {}))
        case _:
            return is_first_order(relative, **(expected.is_first_order or {}))


def is_constant(samples: Samples, low: float, high: float) -> str:
    """It stays between two values."""
    outside = next(((t_s, value) for t_s, value in samples if not low <= value <= high), None)
    return "" if outside is None else f"{outside[1]:g} at +{outside[0]:.2f} s, outside {low:g} to {high:g}"


def is_step(
    samples: Samples, *, from_value: float, to_value: float, at_s: float, within_s: float = 0.1, tolerance: float
) -> str:
    """Before `at_s` it is at one value, from `within_s` after on at the other."""
    before = [pair for pair in samples if pair[0] < at_s - INSTANT_S]
    after = [pair for pair in samples if pair[0] > at_s + within_s - INSTANT_S]
    if not before or not after:
        return "no samples on both sides of the step"
    problem = is_constant(before, from_value - tolerance, from_value + tolerance)
    return problem or is_constant(after, to_value - tolerance, to_value + tolerance)


def is_ramp(samples: Samples, *, from_value: float, slope_per_s: float, tolerance: float) -> str:
    """It follows a straight line from the window's start."""
    for t_s, value in samples:
        wanted = from_value + slope_per_s * t_s
        if abs(value - wanted) > tolerance:
            return f"{value:g} at +{t_s:.2f} s, wanted {wanted:g} +- {tolerance:g}"
    return ""


def is_first_order(
    samples: Samples, *, from_value: float, to_value: float, time_constant_s: float, tolerance: float, at_s: float = 0.0
) -> str:
    """It settles as y = y1 + (y0 - y1) exp(-(t - t0) / tau)."""
    for t_s, value in samples:
        decay = 1.0 if t_s <= at_s else math.exp(-(t_s - at_s) / time_constant_s)
        wanted = to_value + (from_value - to_value) * decay
        if abs(value - wanted) > tolerance:
            return f"{value:g} at +{t_s:.2f} s, wanted {wanted:g} +- {tolerance:g}"
    return ""


PARAMETERS = {
    "is_step": ({"from_value", "to_value", "at_s", "tolerance"}, {"within_s"}),
    "is_ramp": ({"from_value", "slope_per_s", "tolerance"}, set[str]()),
    "is_first_order": ({"from_value", "to_value", "time_constant_s", "tolerance"}, {"at_s"}),
}
"""Of each predicate: what must be given, and what may."""
