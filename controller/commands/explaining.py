"""A decision in a paragraph and a table: what, when, by which rule, and what the rule looked at."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from controller import clock
from controller.commands.event_source import EventSource, LogLine, age_s, backwards
from controller.commands.event_words import clock_text, sentence, uncertainty_text
from controller.commands.frame import PROBLEM, CommandError
from controller.commands.instants import event_id, moment_unix_s
from controller.commands.speech import number
from supervisor.labels import Labels
from supervisor.public_words import known
from supervisor.words import Words

TEXT_MIN = 20
WIDTH = 80
SYMBOLS = {
    "v": "V",
    "hz": "Hz",
    "w": "W",
    "va": "VA",
    "pct": "%",
    "s": "s",
    "a": "A",
    "deg": "°",
    "ratio": "",
    "l": "l",
}
DIGITS = {"v": 1, "hz": 3, "w": 0, "va": 0, "pct": 1, "s": 3, "a": 1, "deg": 2, "ratio": 3, "l": 1}
PHASES = ("l1", "l2", "l3")
VETO = "veto_"
FAMILIES = {
    "verdict": "grid",
    "poi_position": "position",
    "earthing_position": "position",
    "authority": "authority",
    "cause": "reason",
}
"""Inputs whose value is a code with words of its own."""
NAMES = frozenset(
    {"former", "candidate", "shed_set", "latched", "found_open_set", "found_forming_set"}
    | {"durable_latched", "durable_held_open", "durable_shed_set"}
)
"""Inputs whose value names assets."""


def find(source: EventSource, wanted: str | None) -> LogLine:
    """The decision that is meant. Raises CommandError when there is none."""
    number_ = event_id(wanted) if wanted is not None and ":" not in wanted else None
    if number_ is not None:
        return _by_id(source, number_)
    oldest_s = -math.inf  # the last one, even if the clock was set back since
    if wanted is not None:
        now_s = clock.unix_s()
        at_s, lasts_s = moment_unix_s(wanted, now_s)
        oldest_s = now_s - at_s - lasts_s
    for line in backwards(source):
        if is_decision(line) and age_s(line) >= oldest_s:
            return line
    hint = "'hallig events' lists what there is."
    raise CommandError("nothing_found", PROBLEM, "nothing was decided then, as far as the journal goes back", hint)


def is_decision(line: LogLine) -> bool:
    """A rule was behind it. Journals of the first version name no rules: there, whatever changed the mode counts."""
    return bool(line["rule"]) or line["kind"] in {"mode_changed", "recovered"}


def explanation(line: LogLine, beside: list[LogLine], labels: Labels, say: Words) -> Iterator[str]:
    """The paragraph, then the table."""
    when = " ".join(part for part in (clock_text(line, say), uncertainty_text(line, say)) if part)
    boot = number(say, float(line["mono_s"]), 3)
    head = say("explain.head", id=line["seq"], when=when, boot=boot, text=sentence(line, labels, say))
    yield from textwrap.wrap(head, WIDTH)
    if not line["rule"]:
        yield say("explain.fact" if not is_decision(line) else "explain.no_rule")
        return
    yield from textwrap.wrap(say("explain.rule", text=rule_text(line, say), rule=line["rule"]), WIDTH)
    if beside:
        together = "; ".join(f"#{other['seq']} {sentence(other, labels, say)}" for other in beside)
        yield from textwrap.wrap(say("explain.together", events=together), WIDTH)
    if line["inputs"]:
        yield ""
        yield from table(line["inputs"], labels, say)


def rule_text(line: LogLine, say: Words) -> str:
    """The rule's sentence; for a code that this catalogue does not know, its name."""
    name = str(line["rule"]).rpartition(": ")[2]
    if name.startswith(VETO):
        return say("rule.veto", reason=known(say, "reason", name, name))
    return known(say, "rule", name, name)


def table(inputs: Mapping[str, Any], labels: Labels, say: Words) -> Iterator[str]:
    """One line an input, a long list on several; the three phases of one quantity stand together."""
    rows = [(input_label(name, say), text) for name, text in _cells(inputs, labels, say)]
    width = max((len(label) for label, _ in rows), default=0)
    for label, text in rows:
        first, *more = textwrap.wrap(text, max(TEXT_MIN, WIDTH - width - 4)) or [""]
        yield f"  {label:<{width}}  {first}"
        yield from (f"{'':<{width + 4}}{each}" for each in more)


def _cells(inputs: Mapping[str, Any], labels: Labels, say: Words) -> Iterator[tuple[str, str]]:
    for name, value in inputs.items():
        phase = _phase(name)
        if phase is None:
            yield name, _text(name, value, labels, say)
        elif phase == PHASES[0]:
            names = [name.replace(f"_{phase}_", f"_{each}_") for each in PHASES]
            values = [inputs.get(each) for each in names]
            unit = _unit(name)
            if all(each is None for each in values):
                yield name, say("explain.not_measured")
            else:
                yield name, " / ".join(_number(each, unit, say) for each in values) + f" {SYMBOLS[unit]}"


def input_label(name: str, say: Words) -> str:
    """What an input is called: its name without phase and unit, in words."""
    phase, unit = _phase(name), _unit(name)
    stem = name if phase is None else name.replace(f"_{phase}_", "_")
    stem = stem.removesuffix(f"_{unit}") if unit else stem
    return known(say, "input", stem, name)


def _phase(name: str) -> str | None:
    parts = name.split("_")
    return parts[-2] if len(parts) > 2 and parts[-2] in PHASES else None


def _unit(name: str) -> str:
    unit = name.rpartition("_")[2]
    return unit if unit in SYMBOLS else ""


def _number(value: Any, unit: str, say: Words) -> str:
    return "–" if value is None else number(say, float(value), DIGITS[unit])


def _text(name: str, value: Any, labels: Labels, say: Words) -> str:
    unit = _unit(name)
    if value is None and (name in NAMES or unit == "s"):
        return say("explain.nothing") if name in NAMES else "–"  # nobody, or never: that is no blindness
    if value is None:
        return say("explain.not_measured")
    if isinstance(value, bool):
        return say("explain.yes" if value else "explain.no")
    if isinstance(value, str):
        return _words(name, value, labels, say)
    return f"{_number(value, unit, say)} {SYMBOLS[unit]}".rstrip() if unit else str(value)


def _words(name: str, value: str, labels: Labels, say: Words) -> str:
    if name in NAMES:
        return ", ".join(labels.of(asset) for asset in value.split()) or say("explain.nothing")
    return known(say, FAMILIES[name], value, value) if name in FAMILIES else value


def _by_id(source: EventSource, number_: int) -> LogLine:
    found = source.after(number_ - 1, 1) if number_ > 0 else []
    if not found or int(found[0]["seq"]) != number_:
        hint = "'hallig events' lists the numbers; the oldest are dropped when the journal is full."
        raise CommandError("nothing_found", PROBLEM, f"there is no event #{number_}", hint)
    return found[0]
