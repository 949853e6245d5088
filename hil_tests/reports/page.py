"""report.html: one page that needs nothing else, for a screen, a phone, or the acceptance protocol on paper."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hil_tests.bench.durations import spoken
from hil_tests.bench.scenario import Tier
from hil_tests.reports.names import OUTCOMES
from hil_tests.reports.records import Report
from hil_tests.reports.views import scenario_views, traced_clauses

TEMPLATES = Path(__file__).parent / "templates"
OUTCOME_WORDS = {  # sign, one word, and what it means
    "pass": ("✓", "pass", "everything was as it must be"),
    "known_gap": ("◐", "known gap", "fails as announced: the controller cannot do this yet"),
    "mark_is_wrong": (
        "?",
        "mark is wrong",
        "announced as a known gap, and not wrong, or less so than announced: take the mark away",
    ),
    "fail": ("✗", "fail", "an invariant, an expectation or a metric was broken"),
    "invalid": ("!", "invalid", "the bench itself was at fault: nothing is proven"),
}
TIER_WORDS = {
    Tier.T0: "virtual time, direct links",
    Tier.T1: "virtual time, real Modbus bytes",
    Tier.T2: "real time, sockets, serial lines, processes",
}


def report_page(report: Report) -> str:
    """The whole page as text."""
    tiers = tuple(tier for tier in Tier if any(result.tier is tier for result in report.results))
    views = scenario_views(report.results, tiers, report.green_before)
    counts = Counter(result.outcome for result in report.results)
    return (
        _environment()
        .get_template("report.html")
        .render(
            about=report.circumstances,
            results=report.results,
            tiers=tiers,
            tier_words=TIER_WORDS,
            words=OUTCOME_WORDS,
            outcomes=OUTCOMES,
            counts=counts,
            verdict=_verdict(counts, report.circumstances.unplayed_count),
            views=views,
            clauses=traced_clauses(views),
            gaps=[view for view in views if view.gap],
            has_baseline=bool(report.green_before),
            css=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
            js=(TEMPLATES / "report.js").read_text(encoding="utf-8"),
        )
    )


def _verdict(counts: Counter[str], unplayed_count: int) -> tuple[str, str]:
    """Of all runs together: an outcome, and the sentence above the page."""
    bad = counts["fail"] + counts["mark_is_wrong"]
    if bad:
        return "fail", f"{bad} of {counts.total()} runs failed"
    if counts["invalid"]:
        return "invalid", f"{counts['invalid']} of {counts.total()} runs are invalid and prove nothing"
    if not counts:
        return "invalid", "Nothing was run"
    gaps = f", {counts['known_gap']} of them known gaps" if counts["known_gap"] else ""
    if unplayed_count:
        return "invalid", f"Ended early: {counts.total()} runs as expected{gaps}, {unplayed_count} more were not played"
    return "pass", f"All {counts.total()} runs as expected{gaps}"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["spoken"] = lambda value_s: spoken(round(value_s, 2))
    environment.filters["instant"] = lambda at_s: f"{at_s:.2f}"
    environment.filters["mode"] = lambda mode: str(mode).replace("_", " ")
    return environment
