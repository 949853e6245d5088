"""What a scenario demands, in lines for whoever has to sign for its verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hil_tests.bench.durations import spoken
from hil_tests.bench.scenario import Expectation, Scenario


def demands(scenario: Scenario) -> tuple[str, ...]:
    """Its expectations, in the order in which findings count them."""
    return tuple(_demand(expected) for expected in scenario.expect)


def exceptions(scenario: Scenario) -> tuple[str, ...]:
    """What is demanded of every other scenario and not of this one, with the reason."""
    return tuple(f"{name}: {reason}" for name, reason in scenario.except_invariants.items())


def _demand(expected: Expectation) -> str:
    words = " ".join([_what(expected), *_when(expected)])
    return f"{words} ({expected.because})" if expected.because else words


def _what(expected: Expectation) -> str:
    match expected.kind:
        case "that":
            return str(expected.that)
        case "wait_until":
            return f"{expected.wait_until}, called {expected.name},"
        case "always" | "never" as kind:
            return f"{kind} {expected.always or expected.never}"
        case "metric":
            return " ".join([str(expected.metric), *_bounds(expected.min, expected.max)])
        case "event":
            what = " ".join(filter(None, (expected.event, expected.reason, expected.subject)))
            counts = _bounds(expected.count_min, expected.count_max, " times")
            return " ".join([f"in the log: {what}", *counts])
        case shape:
            value = getattr(expected, shape)
            pairs = [f"{key} {each:g}" for key, each in value.items()] if isinstance(value, dict) else []
            told = ", ".join(pairs) if pairs else " to ".join(f"{each:g}" for each in value)
            return f"{expected.signal} {shape} {told}"


def _bounds(low: float | None, high: float | None, unit: str = "") -> Iterator[str]:
    if low is not None and low == high:
        yield f"exactly {low:g}{unit}"
        return
    if low is not None and low > -math.inf:
        yield f"at least {low:g}{unit}"
    if high is not None and high < math.inf:
        yield f"at most {high:g}{unit}"


def _when(expected: Expectation) -> Iterator[str]:
    if expected.at is not None:
        yield f"at {spoken(expected.at)}"
    elif expected.during is not None:
        yield "from {} to {}".format(*map(spoken, expected.during))
    elif expected.within is not None:
        yield f"within {spoken(expected.within)}"
    if expected.after is not None:
        yield f"after {expected.after}"
