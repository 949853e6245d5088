"""Events in words, in the language of the reader; the time with how far it can be trusted."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from controller.commands.event_source import LogLine
from controller.commands.hubs import HubPlace
from controller.commands.speech import number
from controller.model.words import ClockQuality
from supervisor.labels import Labels
from supervisor.public_words import known, reason_of
from supervisor.reading import StatusReader
from supervisor.words import Words


def labels_of(hub: HubPlace | None, say: Words) -> Labels:
    """The site's own names, from the last published state."""
    return Labels(None if hub is None else StatusReader(hub.run_dir).read().status, say)


def sentence(line: LogLine, labels: Labels, say: Words) -> str:
    """What happened and why; a code that this catalogue does not know stands as it is."""
    kind, subject = str(line["kind"]), labels.of(str(line["subject"]))
    reason = reason_of(say, str(line["reason"]), line["values"])
    if not say.has(f"kind.{kind}"):
        return f"{kind}: {subject}: {reason}"
    values = line["values"]
    text = say(
        f"kind.{kind}",
        subject=subject,
        reason=reason,
        mode=_word(values, "to", "mode", say),
        verdict=_word(values, "verdict", "grid", say),
        what=_word(values, "what", "request", say),
        times=values.get("times_count", ""),
        longest=number(say, float(values.get("longest_s", 0.0)), 2),
    )
    untold_count = values.get("untold_count", 0)  # of a grid whose verdict changes again and again
    text = f"{text} ({say('event.untold', count=untold_count)})" if untold_count else text
    return text[:1].upper() + text[1:]


def clock_text(line: LogLine, say: Words) -> str:
    """Date and time of day, marked `~` when nothing vouches for the clock; boot time when there is none."""
    if line["clock"] == ClockQuality.UNSET.value:
        return f"{say('event.boot_time')} {number(say, float(line['mono_s']), 3)} s"
    unix_s = float(line["unix_s"])
    then = time.localtime(unix_s)
    mark = "" if line["clock"] == ClockQuality.SYNCED.value else "~"
    return f"{mark}{time.strftime('%Y-%m-%d %H:%M:%S', then)}{number(say, unix_s % 1.0, 3)[1:]}"


def uncertainty_text(line: LogLine, say: Words) -> str:
    """`± 0.25 s`, or nothing for our own acts."""
    half_s = line.get("uncertainty_s")
    return "" if half_s is None else f"± {number(say, float(half_s), 2)} s"


def row(line: LogLine, labels: Labels, say: Words) -> str:
    """One line of the list."""
    return f"#{line['seq']:<6} {clock_text(line, say)} {uncertainty_text(line, say):>9}  {sentence(line, labels, say)}"


def as_json(line: LogLine, labels: Labels, say: Words) -> dict[str, Any]:
    """One event for programs."""
    return {
        "id": line["seq"],
        **{name: line[name] for name in ("unix_s", "clock", "mono_s", "boot", "uncertainty_s", "kind", "reason")},
        "subject": line["subject"],
        "text": sentence(line, labels, say),
        **{name: line[name] for name in ("rule", "inputs", "values")},
    }


def _word(values: Mapping[str, Any], name: str, family: str, say: Words) -> str:
    code = str(values.get(name, ""))
    return known(say, family, code, code)
