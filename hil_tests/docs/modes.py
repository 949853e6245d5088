"""docs/modes.md from the transition table: the rows in their order, each with its condition's own sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from controller.core.transitions import TRANSITIONS, Transition
from controller.model.words import Mode

INTRO = """\
<!-- Generated from controller/core/transitions.py by `python -m hil_tests.docs`. Do not edit. -->
# Modes and transitions

The transition function (IEEE 2030.7) is one ordered table. In every cycle the rows that start in the present mode are
asked from the top; **the first that applies wins**, and at most one row a cycle. The sentences under "when" are the
docstrings of the conditions; the words that people read for a reason come from the catalogue of the web page.

`planned_islanding` (T1) begins when a person or a schedule asks. `reconnection` (T3) leads back in step, or, with the
reason `dead_bus_return`, over a dead bus. A black start (T4) goes through the steps of
`controller/core/black_start.py`, each of which must be seen done: isolate, unload, earth, form, first tier.
"""

STANDARD = {
    Mode.GRID_CONNECTED: "SS1",
    Mode.PLANNED_ISLANDING: "T1",
    Mode.UNPLANNED_ISLANDING: "T2",
    Mode.ISLANDED: "SS2",
    Mode.RECONNECTION: "T3",
    Mode.BLACK_START: "T4",
}

VERDICT = "the verdict's own (`grid_…`)"


def modes_page(rows: Sequence[Transition] = TRANSITIONS) -> str:
    """The whole page. Raises AssertionError when a condition has no docstring."""
    return "\n".join((INTRO, *_diagram(rows), "", *_table(rows), ""))


def _table(rows: Sequence[Transition]) -> Iterator[str]:
    yield "## The table"
    yield ""
    yield "| row | from | to | when | reason |"
    yield "|---:|---|---|---|---|"
    number = 1
    for group in _alike(rows):
        last = number + len(group) - 1
        span = f"{number}" if len(group) == 1 else f"{number}–{last}"
        sources = ", ".join(f"`{row.source.value}`" for row in group)
        row = group[0]
        reason = VERDICT if row.reason is None else f"`{row.reason.value}`"
        yield f"| {span} | {sources} | `{row.target.value}` | {_sentence(row)} | {reason} |"
        number = last + 1


def _alike(rows: Iterable[Transition]) -> Iterator[list[Transition]]:
    """Neighbouring rows that differ only in where they start are one line of the page."""
    for _, group in groupby(rows, key=lambda row: (row.target, row.when, row.reason)):
        yield list(group)


def _sentence(row: Transition) -> str:
    assert row.when.__doc__, f"{row.when.__name__} needs a docstring: it is a line of docs/modes.md"
    sentence = " ".join(row.when.__doc__.split("\n\n")[0].split())
    return f"{sentence} (`{row.when.__name__}`)"


def _diagram(rows: Sequence[Transition]) -> Iterator[str]:
    """Without the rows that lead from everywhere to the lock-out: they would hide the rest."""
    everywhere = {id(row) for group in _alike(rows) if len(group) > 1 for row in group}
    edges: dict[tuple[Mode, Mode], list[str]] = {}
    for row in rows:
        if id(row) not in everywhere and row.source is not row.target:
            label = "grid verdict" if row.reason is None else row.reason.value
            edges.setdefault((row.source, row.target), []).append(label)
    yield "## The picture"
    yield ""
    yield "The emergency-off leads from every mode to `locked_out`; those arrows are left out."
    yield ""
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {Mode.UNKNOWN.value}"
    for mode in dict.fromkeys(mode for edge in edges for mode in edge):
        yield f'    state "{_title(mode)}" as {mode.value}'
    for (source, target), labels in edges.items():
        yield f"    {source.value} --> {target.value}: {', '.join(dict.fromkeys(labels))}"
    yield "```"


def _title(mode: Mode) -> str:
    code = STANDARD.get(mode)
    return mode.value if code is None else f"{mode.value} ({code})"
