"""events.jsonl: everything that happened in every run, one line each, by who says so: bench, controller or checker."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.commands.event_words import sentence
from controller.model.decision import Event
from controller.model.reasons import EventKind, Reason
from hil_tests.bench.verdict import Result
from hil_tests.reports.names import label
from supervisor.labels import Labels
from supervisor.words import words

LANGUAGE = "en"


@dataclass(frozen=True, slots=True)
class Said:
    """One line of a run's log."""

    at_s: float
    source: str  # bench, controller, checker
    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.at_s:.2f} s {self.source} {self.text}"


@dataclass(slots=True)
class Log:
    """What a file tells of one run."""

    marks: list[tuple[float, str]] = field(default_factory=list)
    events: list[tuple[float, Event]] = field(default_factory=list)


def said(result: Result) -> list[Said]:
    """All three voices of a run in the order of time."""
    lines = [Said(at_s, "bench", text) for at_s, text in result.marks]
    lines += [Said(at_s, "controller", spoken(event), _fields(event)) for at_s, event in result.events]
    for finding in result.findings:
        fields = {"finding": finding.source, "is_hard": finding.is_hard}
        lines.append(Said(finding.at_s, "checker", f"{finding.source}: {finding.detail}", fields))
    return sorted(lines, key=lambda line: line.at_s)


def spoken(event: Event) -> str:
    """An event of the controller's log in plain English."""
    say = words(LANGUAGE)
    codes = {"kind": event.kind.value, "reason": event.reason.value, "subject": event.subject, "values": event.values}
    return sentence(codes, Labels(None, say), say)


def event_lines(results: Iterable[Result]) -> Iterator[str]:
    """The file, line by line."""
    for result in results:
        run = {"scenario": result.scenario_id, "tier": result.tier.value, "seed": result.seed}
        for line in said(result):
            entry = {**run, "t_s": line.at_s, "source": line.source, "text": line.text, **line.fields}
            yield json.dumps(entry, ensure_ascii=False, separators=(",", ":"), default=str) + "\n"


def read_events(path: Path) -> dict[str, Log]:
    """The logs again, by the label of their run. Raises OSError, or ValueError and KeyError where the file is none."""
    logs: dict[str, Log] = defaultdict(Log)
    with path.open(encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line)
            log = logs[f"{entry['scenario']}[seed{entry['seed']}-{entry['tier']}]"]
            if entry["source"] == "bench":
                log.marks.append((entry["t_s"], entry["text"]))
            elif entry["source"] == "controller":
                log.events.append((entry["t_s"], _event(entry)))
    return logs


def log_of(logs: Mapping[str, Log], result: Result) -> Log:
    """Of one run; empty when nothing was said."""
    return logs.get(label(result), Log())


def _fields(event: Event) -> dict[str, Any]:
    return {
        "kind": event.kind.value,
        "reason": event.reason.value,
        "subject": event.subject,
        "values": dict(event.values),
        "rule": event.rule,
        "inputs": dict(event.inputs),
    }


def _event(entry: Mapping[str, Any]) -> Event:
    codes = EventKind(entry["kind"]), Reason(entry["reason"])
    return Event(*codes, entry["subject"], entry["values"], entry["rule"], entry["inputs"])
