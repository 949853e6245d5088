"""Expectations of one scenario that cannot all be met: whatever the controller does, the run would fail.

Only what is certain is told: two statements about one signal that exclude each other, in windows that overlap.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from controller.config.errors import Problem
from controller.config.toml_file import TomlFile
from hil_tests.bench.durations import seconds
from hil_tests.bench.expressions import ExpressionError, dotted, parsed
from hil_tests.bench.scenario import Action, Expectation, Scenario
from hil_tests.bench.shape import Shaped

OPPOSITES = {"poi.open": "poi.closed"}  # one fact under two names
WORDS = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
INVERSE = {"<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "=="}
MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


@dataclass(frozen=True, slots=True)
class Term:
    """One signal compared with one value. One that is not sure is also met by a signal without a value."""

    signal: str
    how: str
    value: float | str | bool
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class Span:
    """A window: absolute, or counted from something whose instant only the run shows."""

    base: str
    from_s: float
    to_s: float

    def overlaps(self, other: Span) -> bool:
        """They share more than an instant."""
        return self.base == other.base and self.from_s < other.to_s and other.from_s < self.to_s

    def covers(self, other: Span) -> bool:
        """The other lies within, and not only at an edge."""
        same = self.base == other.base and self.from_s <= other.from_s and other.to_s <= self.to_s
        return same and other.from_s < self.to_s and self.from_s < other.to_s


def contradictions(file: TomlFile, scenario: Scenario, read: Shaped) -> Iterator[Problem]:
    """Each pair once, told at the later one. What could not be read in full contradicts nothing."""
    unsure = {each.label for n, each in enumerate(scenario.timeline) if not read.is_sound("timeline", n)}
    known = [
        (number, each, _span(each, scenario), _terms_of(each))
        for number, each in enumerate(scenario.expect)
        if read.is_sound("expect", number) and not (each.after and each.after.removesuffix(".end") in unsure)
    ]
    for (first, one, one_span, one_terms), (second, other, other_span, other_terms) in combinations(known, 2):
        if _share_a_time(one, one_span, other, other_span) and _exclude(one_terms, other_terms):
            line, _ = file.place(("expect", first, one.kind))
            wanted = f"no contradiction to {one.kind} {_said(one)} (line {line})"
            yield file.problem(("expect", second, other.kind), f"{other.kind} {_said(other)}", wanted)
        if one_span == other_span and (key := _exclusive_bounds(one, other)):
            line, _ = file.place(("expect", first, one.kind))
            found = f"bounds of {_said(other)}"
            yield file.problem(("expect", second, key), found, f"no contradiction to those before (line {line})")


def _share_a_time(one: Expectation, one_span: Span, other: Expectation, other_span: Span) -> bool:
    """There is an instant at which both must be so: both last, or one must come about while the other lasts."""
    lasts, other_lasts = _lasts(one), _lasts(other)
    if lasts and other_lasts:
        return one_span.overlaps(other_span)
    return (lasts and one_span.covers(other_span)) or (other_lasts and other_span.covers(one_span))


def _lasts(expected: Expectation) -> bool:
    return expected.kind in {"always", "never", "is_constant"}


def _said(expected: Expectation) -> str:
    said = getattr(expected, expected.kind)
    return " ".join(said.split()) if isinstance(said, str) else f"{expected.signal} {said}"


def _span(expected: Expectation, scenario: Scenario) -> Span:
    base, base_s = _base(expected.after, scenario)
    if expected.at is not None:
        return Span(base, base_s + expected.at, base_s + expected.at)
    if expected.during is not None:
        return Span(base, base_s + expected.during[0], base_s + expected.during[1])
    to_s = math.inf if base else scenario.until
    return Span(base, base_s, to_s if expected.within is None else base_s + expected.within)


def _base(after: str | None, scenario: Scenario) -> tuple[str, float]:
    """From where it counts: an instant, or the name of what happens at one that is not known."""
    if after is None:
        return "", 0.0
    instants_s = [at_s for action in scenario.timeline for at_s in _instants_s(action, after)]
    return ("", min(instants_s)) if instants_s else (after, 0.0)


def _instants_s(action: Action, label: str) -> Iterator[float]:
    if action.label == label:
        yield action.at
    lasts = action.parameters.get("for")
    if f"{action.label}.end" == label and isinstance(lasts, str):
        try:
            yield action.at + seconds(lasts)
        except ValueError:  # told elsewhere
            return


def _terms_of(expected: Expectation) -> tuple[Term, ...]:
    if expected.is_constant is not None and expected.signal is not None:
        low, high = expected.is_constant
        return (Term(expected.signal, ">=", low), Term(expected.signal, "<=", high))
    if expected.kind not in {"that", "wait_until", "always", "never"}:
        return ()
    try:
        return tuple(_terms(parsed(getattr(expected, expected.kind)), expected.kind != "never"))
    except ExpressionError:  # told elsewhere
        return ()


def _terms(node: ast.expr, is_meant: bool) -> Iterator[Term]:
    """What follows for certain from a condition that holds, or that does not."""
    match node:
        case ast.BoolOp(op=op, values=values) if isinstance(op, ast.And) is is_meant:
            for each in values:
                yield from _terms(each, is_meant)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from _terms(operand, not is_meant)
        case ast.Compare(left=left, ops=ops, comparators=rest) if is_meant or len(ops) == 1:
            for one, how, other in zip([left, *rest], ops, rest, strict=False):
                yield from _compared(one, WORDS.get(type(how), ""), other, is_meant)
        case ast.Name() | ast.Attribute() | ast.Subscript():
            yield _fact(dotted(node), "==", is_meant, is_sure=True)


def _compared(left: ast.expr, how: str, right: ast.expr, is_meant: bool) -> Iterator[Term]:
    if isinstance(left, ast.Constant):
        left, right, how = right, left, MIRRORED.get(how, how)
    if not isinstance(left, ast.Name | ast.Attribute | ast.Subscript):
        return
    value = _value(right)
    if value is not None and how:
        yield _fact(dotted(left), how if is_meant else INVERSE[how], value, is_sure=is_meant)


def _value(node: ast.expr) -> float | str | bool | None:
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return -value
    return None


def _fact(signal: str, how: str, value: float | str | bool, *, is_sure: bool) -> Term:
    """Under the one name of two, where a fact has two."""
    if signal in OPPOSITES and isinstance(value, bool):
        return Term(OPPOSITES[signal], how, not value, is_sure)
    return Term(signal, how, value, is_sure)


def _exclude(ones: tuple[Term, ...], others: tuple[Term, ...]) -> bool:
    return any(
        one.signal == other.signal and (one.is_sure or other.is_sure) and not _can_both_be(one, other)
        for one in ones
        for other in others
    )


def _can_both_be(one: Term, other: Term) -> bool:
    hows = {one.how, other.how}
    if isinstance(one.value, bool | str) or isinstance(other.value, bool | str):
        if not hows <= {"==", "!="} or type(one.value) is not type(other.value):
            return True
        one, other = _positive(one), _positive(other)
        hows = {one.how, other.how}
        return hows == {"!="} or (one.value == other.value) is (hows == {"=="})
    if "!=" in hows:
        return hows == {"!="} or "==" not in hows or one.value != other.value
    low, low_open = max(_low(one), _low(other))
    high, high_open = min(_high(one), _high(other), key=lambda bound: (bound[0], not bound[1]))
    return low < high or (low == high and not low_open and not high_open)


def _positive(term: Term) -> Term:
    """Not false is true."""
    if term.how == "!=" and isinstance(term.value, bool):
        return Term(term.signal, "==", not term.value, term.is_sure)
    return term


def _low(term: Term) -> tuple[float, bool]:
    """From where on, and whether that itself is excluded."""
    return (float(term.value), term.how == ">") if term.how in {">", ">=", "=="} else (-math.inf, False)


def _high(term: Term) -> tuple[float, bool]:
    return (float(term.value), term.how == "<") if term.how in {"<", "<=", "=="} else (math.inf, False)


def _exclusive_bounds(one: Expectation, other: Expectation) -> str:
    """Of one metric, or of one line of the log: the key whose bound leaves nothing."""
    if one.kind != other.kind or one.kind not in {"metric", "event"}:
        return ""
    if (one.metric, one.event, one.reason, one.subject) != (other.metric, other.event, other.reason, other.subject):
        return ""
    is_metric = one.kind == "metric"
    bounds = [(each.min, each.max) if is_metric else _counts(each) for each in (one, other)]
    lows = [low for low, _ in bounds if low is not None]
    highs = [high for _, high in bounds if high is not None]
    if not lows or not highs or max(lows) <= min(highs):
        return ""
    if is_metric:
        return "max" if other.min is None else "min"
    return next((key for key in ("count_min", "count_max") if getattr(other, key) is not None), "event")


def _counts(expected: Expectation) -> tuple[float | None, float | None]:
    """Without a count it is once at least."""
    if expected.count_min is None and expected.count_max is None:
        return 1.0, None
    return expected.count_min, expected.count_max
