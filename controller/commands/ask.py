"""`hallig ask WISH`: what only people decide, asked of the running controller; its answer, and what it then does."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from controller.commands.frame import (
    NO_CONTACT,
    OK,
    PROBLEM,
    USAGE,
    About,
    CommandError,
    Parser,
    add_language,
    print_json,
    print_lines,
)
from controller.commands.hubs import find_hub
from controller.model.reasons import Reason
from controller.model.words import Mode

if TYPE_CHECKING:
    from controller.commands.situation import Looks
    from controller.status import Status

START_S = 90.0  # of a black start: a genset's start time, forming, and the first tier
STARTING = ("dark", "black_start")


@dataclass(frozen=True, slots=True)
class Wish:
    """One thing to ask for; `subjects`: of whom it can be asked, None where it is the hub itself."""

    kind: str
    line: str
    subjects: Callable[[Status], list[str]] | None = None
    at_the_hub: bool = False  # only for who stands there and has looked


def _feeders(status: Status) -> list[str]:
    return [feeder.id for tier in status.tiers for feeder in tier.feeders]


def _releasable(status: Status) -> list[str]:
    is_stuck = status.mode is Mode.LOCKED_OUT and status.reason in (Reason.POI_STUCK, Reason.POI_UNPROVEN)
    return [latch.subject for latch in status.latches] + ["lockout"] * is_stuck + _feeders(status)


def _gensets(status: Status) -> list[str]:
    return [genset.id for genset in status.gensets]


WISHES: Mapping[str, Wish] = {
    "black-start": Wish("black_start", "start a dark hub now, whatever the last attempt was"),
    "reconnect": Wish("reconnect", "let the hub go back to the grid when that is good enough"),
    "manual": Wish("manual_on", "restoring, dispatch and the return wait for people"),
    "auto": Wish("manual_off", "the hub does these by itself again"),
    "open": Wish("open_feeder", "open a feeder and hold it open", _feeders),
    "close": Wish("close_feeder", "let a feeder be closed again, whatever had opened it", _feeders),
    "start": Wish("start_genset", "start a genset, and keep it", _gensets),
    "stop": Wish("stop_genset", "stop a genset", _gensets),
    "release": Wish("release_latch", "release a latch or a feeder in quarantine", _releasable, at_the_hub=True),
}
ABOUT = About(
    name="ask",
    line="what only people decide: release, black start, feeders",
    text="""\
Asks the running controller for one of:
"""
    + "\n".join(f"  {name + (' SUBJECT' if wish.subjects else ''):16} {wish.line}" for name, wish in WISHES.items())
    + """
'release' needs --at-the-hub: you stand there, have looked, and the cause is gone.
A line is made safe by the five safety rules, never by 'open'. A refusal comes with
its reason; the guard has the last word on what is then done. The request is
journaled with your name; a disk that takes nothing keeps no order from being
given, and the answer says that it is not written down yet. Requests live ten
seconds and are never kept for later.""",
    examples=(
        ("hallig ask black-start", "the hub is dark, and you do not want to wait for its next attempt"),
        ("hallig ask release emergency_off --at-the-hub", "the button is pulled out again, and nobody is in danger"),
        ("hallig ask close warm_room", "its breaker has been reset by hand"),
        ("hallig ask reconnect musterhallig", "in manual: back to the grid"),
    ),
    then="'hallig events' tells what came of it, 'hallig explain' why.",
    exits={
        OK: "it was taken; a black start: the hub has power",
        PROBLEM: "it was refused, or the start did not succeed",
        USAGE: "wrong use",
        NO_CONTACT: "no controller answers",
    },
    keys={
        "hub": "name of the hub",
        "wish": "what was asked for",
        "subject": "of what; null: of the hub itself",
        "taken": "whether the request was taken",
        "reason": "code: of the refusal, or of the last change of mode; `operator`: taken",
        "mode": "the mode that the hub is in now",
        "written": "whether that stands in the journal, on disk; until then a restart of the controller forgets it",
    },
)


def add_arguments(parser: Parser) -> None:
    """What, of what, and of which hub."""
    from pathlib import Path  # noqa: PLC0415  (as little as possible for --help)

    parser.add_argument("wish", metavar="WISH", choices=tuple(WISHES), help="one of the above")
    parser.add_argument("words", metavar="[SUBJECT] [SITE]", nargs="*", help="the feeder, genset or latch; the hub")
    parser.add_argument("--run-dir", type=Path, default=None, help="folder of the controller's live state")
    parser.add_argument("--at-the-hub", action="store_true", help="you stand at the hub and have looked")
    add_language(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask, follow it, say how it went."""
    from controller.commands.asking import ask_for, refused, unwritten  # noqa: PLC0415  (pydantic: not for --help)
    from controller.commands.situation import Looker  # noqa: PLC0415
    from controller.commands.speech import speaker  # noqa: PLC0415

    wish = WISHES[arguments.wish]
    subject, site = _words(wish, arguments.wish, arguments.words)
    hub, say = find_hub(site, arguments.run_dir), speaker(arguments.lang)
    _stands_there(wish, arguments.wish, at_the_hub=arguments.at_the_hub)
    looker = Looker(hub)
    status = looker.look().status
    if wish.subjects is not None and subject is not None:
        _known(wish, subject, wish.subjects(status))
    answer = ask_for(hub, wish.kind, subject=subject, at_the_hub=arguments.at_the_hub)
    mode, reason = status.mode.value, answer.reason
    if answer.is_taken and wish.kind == "black_start":
        mode, reason = _how_it_went(looker, answer.at_s, (mode, reason))
    has_failed = wish.kind == "black_start" and mode in STARTING
    if arguments.as_json:
        told = {"hub": hub.name, "wish": arguments.wish, "subject": subject, "taken": answer.is_taken}
        print_json({**told, "reason": reason, "mode": mode, "written": answer.is_written})
        return OK if answer.is_taken and not has_failed else PROBLEM
    if not answer.is_taken:
        raise refused(answer, say)
    if has_failed:
        why = say(f"reason.{reason}")
        raise CommandError("not_started", PROBLEM, say("ask.not_started", mode=say(f"mode.{mode}"), reason=why))
    what = say(f"request.{wish.kind}") + ("" if subject is None else f" ({subject})")
    waits = [] if reason == "operator" else [say("ask.waits", reason=say(f"reason.{reason}"))]
    print_lines([say("ask.taken", what=what, mode=say(f"mode.{mode}")), *waits, *unwritten(answer, say)])
    return OK


def _words(wish: Wish, name: str, words: list[str]) -> tuple[str | None, str | None]:
    """Subject and site. Raises CommandError when there are too few or too many."""
    wanted_count = 0 if wish.subjects is None else 1
    if not wanted_count <= len(words) <= wanted_count + 1:
        form = f"hallig ask {name}{' SUBJECT' if wanted_count else ''} [SITE]"
        raise CommandError(
            "usage", USAGE, f"'{name}' is asked as: {form}", "'hallig status' names feeders and latches."
        )
    rest = words[wanted_count:]
    return (words[0] if wanted_count else None), (rest[0] if rest else None)


def _stands_there(wish: Wish, name: str, *, at_the_hub: bool) -> None:
    if wish.at_the_hub and not at_the_hub:
        hint = "Go and look first; then say --at-the-hub. It is journaled with your name."
        raise CommandError("usage", USAGE, f"'{name}' is for who stands at the hub", hint)


def _known(wish: Wish, subject: str, known: list[str]) -> None:
    if subject in known:
        return
    near = difflib.get_close_matches(subject, known, n=1)
    hint = f"Did you mean '{near[0]}'?" if near else f"Here: {', '.join(dict.fromkeys(known)) or 'none'}."
    is_latch = wish.kind == "release_latch"
    found = (
        f"no latch '{subject}' is set, and no feeder bears that name"
        if is_latch
        else f"there is no '{subject}' to ask that of"
    )
    raise CommandError("usage", USAGE, found, hint)


def _how_it_went(looks: Looks, since_s: float, so_far: tuple[str, str]) -> tuple[str, str]:
    """The mode in which the start ended, or in which it still is when patience is over; and why."""
    from controller.commands.asking import modes_since  # noqa: PLC0415  (as above)

    for status in modes_since(looks, since_s, START_S):
        so_far = status.mode.value, status.reason.value
        if status.mode is not Mode.BLACK_START:
            break
    return so_far
