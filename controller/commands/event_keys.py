"""The keys of one event in JSON, the same wherever an event is told."""

from __future__ import annotations

from collections.abc import Mapping

EVENT_KEYS: Mapping[str, str] = {
    "id": "number of the event in the journal; give it to 'hallig explain' as #ID",
    "unix_s": "wall-clock time in seconds, a label only",
    "clock": "how far the wall clock could be trusted: synced, holdover, unset",
    "mono_s": "boot time in seconds: exact to compare within one `boot`",
    "boot": "which boot of the machine",
    "uncertainty_s": "plus or minus so many seconds; null: our own act, at this instant",
    "kind": "what happened, a code",
    "reason": "why, a code",
    "subject": "asset, device, `hub`, `grid` or `guard`",
    "text": "the sentence, in the language asked for",
    "rule": "the rule behind a decision; empty: a mere fact",
    "inputs": "what the rule looked at; every number ends in its unit; null: not measured",
    "values": "more numbers of the event",
}
