"""One drill on a running hub: ask, watch, go back. Whatever happens, the return is asked for.

The wish carries its own end: a drill whose process dies is over a minute later than planned.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from controller import clock
from controller.commands.asking import LOOK_S
from controller.commands.drill_plan import ABORTS, LASTS_S, Plan, why_abort, why_abort_soon
from controller.commands.frame import CommandError, pause
from controller.commands.island import LEAVING_S
from controller.commands.transfer import Story, at_s, between_s, mode_of

if TYPE_CHECKING:
    from controller.commands.asking import Answer
    from controller.commands.situation import Looks

GRACE_S = 60.0  # by which the wish outlives the drill
ENDS = ("island_off", "reconnect")  # requests of others that end it


@dataclass(slots=True)
class Outcome:
    """What came of a drill. Times are the controller's own; None: it did not come to that."""

    began_unix_s: float
    result: str = "aborted"  # "passed", "aborted", "refused"
    reason: str = ""  # why not passed
    prepare_s: float | None = None  # from the request to the order to open
    transfer_s: float | None = None  # from there to the island
    break_max_s: float | None = None  # for so long at most there was no power; 0: taken over beside the grid
    island_s: float | None = None
    return_s: float | None = None  # from the request to the grid, its observation time included
    charge_before_pct: float | None = None
    charge_after_pct: float | None = None
    shed: tuple[str, ...] = field(default_factory=tuple)


def run_drill(looker: Looks, plan: Plan, back_s: float) -> Outcome:
    """Play it. `back_s`: as long as the return may take."""
    outcome = Outcome(clock.unix_s(), charge_before_pct=plan.charge_pct)
    story = Story(looker.look().hub)
    answer = story.ask("island_on", plan.lasts_s + GRACE_S)
    if not answer.is_taken:
        outcome.result, outcome.reason = "refused", answer.reason
        return outcome
    try:
        outcome.reason = _leave(story) or _stay(looker, plan)
    except KeyboardInterrupt:
        outcome.reason = "interrupted"
    except CommandError as error:  # nobody answers, or nobody can read the journal any more
        outcome.reason = error.message
    if outcome.reason == ABORTS[6]:
        with contextlib.suppress(CommandError):
            story.more()
        outcome.reason += _who_ended_it(story)
    _go_back(story, outcome, back_s)
    _measure(story, answer, outcome)
    outcome.charge_after_pct = next((b.soc_pct for b in looker.look().status.batteries), None)
    outcome.result = "aborted" if outcome.reason else "passed"
    return outcome


def _leave(story: Story) -> str:
    """Until the island holds; why it does not, else nothing."""
    found = [line for line in story.lines if mode_of(line) not in (None, "planned_islanding")]
    for line in found or story.coming(LEAVING_S):
        mode = mode_of(line)
        if mode == "islanded":
            return ""
        if mode not in (None, "planned_islanding"):
            return f"{mode}: {line['reason']}"
    return "not off the grid in time"


def _stay(looker: Looks, plan: Plan) -> str:
    """Off the grid for the planned time; why it ends early, else nothing."""
    until_s = clock.now_s() + plan.lasts_s
    slipped_since_s: float | None = None
    while (now_s := clock.now_s()) < until_s:
        look = looker.look()
        slip = why_abort_soon(look, plan)
        if slip is None:
            slipped_since_s = None
        elif slipped_since_s is None:
            slipped_since_s = now_s
        lasts = slipped_since_s is not None and now_s - slipped_since_s >= LASTS_S
        reason = why_abort(look, plan) or (slip if lasts else None)
        if reason is not None:
            return reason
        pause(LOOK_S)
    return ""


def _who_ended_it(story: Story) -> str:
    """What the journal says of an island that was over before the drill was."""
    for line in reversed(story.lines):
        if line["kind"] == "planned_over":
            return f": {line['reason']}"
        if line["kind"] == "requested" and line["values"].get("what") in ENDS:
            return f": {line['values']['what']}, asked for by {line['inputs'].get('who', '?')}"
    return ""


def _go_back(story: Story, outcome: Outcome, back_s: float) -> None:
    """Ask for the return, and see it through; without contact the wish ends by itself."""
    try:
        asked = story.ask("island_off")
        story.more()
        if any(mode_of(line) == "grid_connected" for line in story.lines):
            return
        for line in story.coming(back_s):
            if mode_of(line) == "grid_connected":
                outcome.return_s = between_s(asked.at_s, at_s(line))
                return
    except CommandError as error:
        outcome.reason = outcome.reason or error.message
        return
    outcome.reason = outcome.reason or "not back on the grid in time"


def _measure(story: Story, answer: Answer, outcome: Outcome) -> None:
    opened = next((line for line in story.lines if line["kind"] == "ordered_open"), None)
    island = next((line for line in story.lines if mode_of(line) == "islanded"), None)
    back = next((line for line in story.lines if line["values"].get("what") == "island_off"), None)
    beside = any(line["rule"] == "form: beside_the_grid" for line in story.lines)
    outcome.prepare_s, outcome.transfer_s = between_s(answer.at_s, at_s(opened)), between_s(at_s(opened), at_s(island))
    outcome.break_max_s = 0.0 if beside and outcome.transfer_s is not None else outcome.transfer_s
    outcome.island_s = between_s(at_s(island), at_s(back))
    outcome.shed = tuple(str(line["subject"]) for line in story.lines if line["kind"] == "shed")
