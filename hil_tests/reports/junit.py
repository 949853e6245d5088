"""junit.xml: one test case per run, as every continuous integration reads it.

In the old dialect (xunit1): only there may a test case have properties.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from hil_tests.bench.verdict import Result, Verdict
from hil_tests.reports.circumstances import Circumstances
from hil_tests.reports.names import label
from hil_tests.reports.records import Report

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd]")  # XML 1.0, 2.2 Char, within the basic plane
MARK_IS_WRONG = "the scenario is marked as a known gap, and passes: take the mark away"


def junit(report: Report) -> bytes:
    """The whole file."""
    results, about = report.results, report.circumstances
    counts = [_kind(result) for result in results]
    suite = {
        "name": "hallig bench",
        "tests": str(len(results)),
        "failures": str(counts.count("failure")),
        "errors": str(counts.count("error")),
        "skipped": str(counts.count("skipped")),
        "time": f"{sum(result.wall_s for result in results):.3f}",
        "timestamp": datetime.fromtimestamp(about.unix_s, UTC).isoformat(timespec="seconds"),
        "hostname": about.machine.partition(",")[0],
    }
    root = ET.Element("testsuites")
    element = ET.SubElement(root, "testsuite", {name: _clean(value) for name, value in suite.items()})
    for result in results:
        _case(element, result, about)
    ET.indent(root, " ")
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"


def properties(result: Result, about: Circumstances | None = None) -> Iterator[tuple[str, str]]:
    """What is told of a run beside its verdict."""
    yield "scenario", result.scenario_id
    yield "seed", str(result.seed)
    yield "tier", result.tier.value
    yield from sorted(result.properties.items())
    if about is not None:
        yield from (("plant_hash", about.plant), ("version", about.version))
        if about.unplayed_count:
            yield "unplayed_runs", str(about.unplayed_count)
        if about.git:
            yield "git", about.git
    yield "trace_hash", result.trace_hash
    yield from (("clause", clause) for clause in result.clauses)
    yield from ((f"metric.{name}", f"{value:.9g}") for name, value in sorted(result.metrics.items()))


def told(result: Result) -> str:
    """Everything that was wrong, and the line that repeats it."""
    lines = [str(finding) if finding.is_hard else f"note: {finding}" for finding in result.findings]
    if about_mark := wrong_mark(result):
        lines.append(about_mark)
    return "\n".join([*lines, "", f"again: {result.repeat_line}"])


def wrong_mark(result: Result) -> str:
    """What is wrong with the mark of a known gap; empty when it is right, or when there is none."""
    if result.outcome == "mark_is_wrong":
        healed = f"{', '.join(result.healed)}: announced, and not wrong any more: take it out of `breaks`"
        return f"{MARK_IS_WRONG if result.verdict is Verdict.PASS else healed} ({result.gap})"
    if result.unannounced:
        beyond, announced = ", ".join(result.unannounced), ", ".join(result.announced)
        return f"{beyond}: not what the known gap announces, which is {announced} ({result.gap})"
    return ""


def _case(suite: ET.Element, result: Result, about: Circumstances) -> None:
    attributes = {
        "classname": f"hallig.{result.tier.value}",
        "name": label(result),
        "time": f"{result.wall_s:.3f}",
    }
    case = ET.SubElement(suite, "testcase", attributes)
    kept = ET.SubElement(case, "properties")
    for name, value in properties(result, about):
        ET.SubElement(kept, "property", {"name": _clean(name), "value": _clean(value)})
    kind = _kind(result)
    if kind == "skipped":
        ET.SubElement(case, kind, {"type": "known_gap", "message": _clean(f"known gap: {result.gap}")})
    elif kind:
        message = wrong_mark(result) or _first(result)
        element = ET.SubElement(case, kind, {"type": result.outcome, "message": _clean(message)})
        element.text = _clean(told(result))
    said = ET.SubElement(case, "system-out")
    said.text = _clean(f"{result.title}\nagain: {result.repeat_line}")


def _kind(result: Result) -> str:
    kinds: Mapping[str, str] = {"fail": "failure", "mark_is_wrong": "failure", "invalid": "error"}
    return "skipped" if result.outcome == "known_gap" else kinds.get(result.outcome, "")


def _first(result: Result) -> str:
    hard = [finding for finding in result.findings if finding.is_hard]
    return str(hard[0]) if hard else result.outcome


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
