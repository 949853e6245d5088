"""What came of many returns: how far apart the two sides were at the contact, who was never closed, and what is wrong.

The envelope is the goal of every single one, its narrower neighbour that of ninety-nine in a hundred.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hil_tests.benchmarks.row import COUNT_UNIT, Row, count_row, percentile, row_of
from hil_tests.reconnections.draw import WATCHED_S
from hil_tests.reconnections.play import Outcome

PCT = 100.0


@dataclass(frozen=True, slots=True)
class Measure:
    """One of the three differences at the contact, in plant truth."""

    name: str
    unit: str
    envelope: float  # the design's: DEIF and ComAp static synchronising defaults
    p99_goal: float
    digits: int

    def of(self, outcome: Outcome) -> float:
        """Its size; nothing was ever closed: 0."""
        closing = outcome.closing
        if closing is None:
            return 0.0
        sizes = {"angle": closing.angle_deg, "slip": closing.slip_hz, "voltage": PCT * closing.voltage_difference_ratio}
        return abs(sizes[self.name])


MEASURES = (
    Measure("angle", "deg", 10.0, 5.0, 2),
    Measure("slip", "Hz", 0.1, 0.1, 4),
    Measure("voltage", "%", 5.0, 3.0, 2),
)


def is_outside(outcome: Outcome) -> bool:
    """It closed, and not within the envelope, or not onto a live side."""
    closing = outcome.closing
    if closing is None:
        return False
    is_lawful = closing.kind == "live_live" and closing.rotation_equal
    return not is_lawful or any(measure.of(outcome) > measure.envelope for measure in MEASURES)


def closed(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Those that came to a contact."""
    return [each for each in outcomes if each.closing is not None]


def faults(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Everything for which a run has failed."""
    for each in outcomes:
        if is_outside(each):
            yield f"return {each.number} ({each.hub}) outside the envelope: {told(each)}"
        if each.vetoes:
            yield f"return {each.number} ({each.hub}): the guard said {each.vetoes[0]}"
    found = closed(outcomes)
    if not found:
        yield "not one of them closed"
        return
    for measure in MEASURES:
        p99 = percentile([measure.of(each) for each in found], 99.0)
        if p99 > measure.p99_goal:
            yield f"p99 of the {measure.name} is {p99:.{measure.digits}f} {measure.unit}, {measure.p99_goal:g} at most"


def told(outcome: Outcome) -> str:
    """The differences of one, its breaker, and what happened just before."""
    sizes = ", ".join(f"{measure.of(outcome):.{measure.digits}f} {measure.unit}" for measure in MEASURES)
    recent = f"; before it: {', '.join(outcome.recent)}" if outcome.recent else ""
    return f"{sizes}, breaker {outcome.closing_s * 1000.0:.0f} ms{recent}"


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """For people at a terminal."""
    yield f"{'at the contact':<18}{'min':>9}{'median':>9}{'p95':>9}{'p99':>9}{'max':>9}"
    found = closed(outcomes)
    for measure in MEASURES if found else ():
        samples = [measure.of(each) for each in found]
        yield _line(f"{measure.name}, {measure.unit}", samples, measure.digits)
    if found:
        yield _line("leave to contact, s", [each.waited_s for each in found], 1)
    if len(found) < len(outcomes):
        yield f"not closed within {WATCHED_S:.0f} s: {_reasons(outcomes)}"


def verdict(outcomes: Sequence[Outcome]) -> str:
    """One line for the record."""
    found = closed(outcomes)
    p99 = [percentile([m.of(each) for each in found], 99.0) for m in MEASURES] if found else []
    figures = ", ".join(f"{value:.{m.digits}f} {m.unit}" for value, m in zip(p99, MEASURES, strict=False))
    return (
        f"{len(outcomes)} reconnections, {len(found)} closed, {sum(map(is_outside, outcomes))} outside the envelope; "
        f"p99 {figures or '-'}; a 25 would have refused {sum(each.is_refused_by_25 for each in outcomes)}, "
        f"the guard refused {sum(bool(each.vetoes) for each in outcomes)}"
    )


def rows(outcomes: Sequence[Outcome]) -> list[Row]:
    """For the page of benchmarks."""
    found = closed(outcomes)
    never_count = len(outcomes) - len(found)
    differences = [
        row_of(
            f"{m.name} at the contact", m.unit, [m.of(each) for each in found], m.p99_goal, f"{m.envelope:g} at most"
        )
        for m in MEASURES
    ]
    return [
        *differences,
        row_of("leave to close -> contact", "s", [each.waited_s for each in found], None, "steering from any angle"),
        count_row("contacts outside the envelope", sum(map(is_outside, outcomes)), 0, f"of {len(found)}"),
        count_row("a 25 would have refused", sum(each.is_refused_by_25 for each in outcomes), 0, "at the order"),
        Row("not closed within a minute", COUNT_UNIT, never_count, never_count, never_count, None, _reasons(outcomes)),
    ]


def _reasons(outcomes: Sequence[Outcome]) -> str:
    counted = Counter(each.why for each in outcomes if each.closing is None)
    return "; ".join(f"{count} x {why}" for why, count in counted.most_common())


def _line(name: str, samples: Sequence[float], digits: int) -> str:
    figures = (min(samples), *(percentile(samples, share) for share in (50.0, 95.0, 99.0)), max(samples))
    return f"{name:<18}" + "".join(f"{figure:>9.{digits}f}" for figure in figures)
