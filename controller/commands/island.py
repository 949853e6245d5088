"""`hallig island on|off`: leave the grid in good order, stay off it, and go back. What the hub then does is told."""

from __future__ import annotations

import argparse
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
from controller.commands.hubs import add_hub, find_hub
from controller.model.words import Mode

if TYPE_CHECKING:
    from controller.commands.asking import Answer
    from controller.commands.situation import Looks
    from controller.status import Status

LEAVING_S = 45.0  # preparing, opening and forming take thirty at most
BACK_S = 2.0
ON_THE_WAY = (Mode.PLANNED_ISLANDING, Mode.UNKNOWN)  # not known: restarted on the way
SHORTEST_S, LONGEST_S = 60.0, 7 * 86_400.0
ABOUT = About(
    name="island",
    line="leave the grid in good order, or go back",
    text="""\
'on': the hub sheds what its batteries cannot carry, lets them take over what the
grid delivers, opens the grid connection with nearly no power through it, and
supplies itself, though the grid is there (IEEE 2030.7 T1). It stays so until
somebody asks for the return, until its time is over, or until the battery has
little left. 'off': back to the grid, in step, as after a blackout. With an inverter that may
take over beside the grid there is no break; others leave the hub without power
for about a second: 'hallig check' says which. A hub that is an island already,
as in a blackout, stays one when the grid comes back, as long as above. A refusal
comes with its reason. The request is journaled with your name.""",
    examples=(
        ("hallig island on --for 2h", "before announced work on the grid"),
        ("hallig island off", "back"),
        ("hallig island on musterhallig --for 30m --automatic", "in a systemd timer: a timetable, not a person"),
    ),
    then="'hallig status' shows who asked and until when; 'hallig drill' exercises it.",
    exits={
        OK: "it took effect",
        PROBLEM: "it was refused, or given up on the way",
        USAGE: "wrong use",
        NO_CONTACT: "no controller answers",
    },
    keys={
        "hub": "name of the hub",
        "taken": "whether the request was taken",
        "reason": "code: of the refusal, or of the last change of mode",
        "mode": "the mode that the hub is in now",
        "took_s": "with `on`: seconds from the request to the island; null: it was one already, or did not become one",
        "written": "whether that stands in the journal, on disk; until then a restart of the controller forgets it",
    },
)


def add_arguments(parser: Parser) -> None:
    """On or off, how long, and of which hub."""
    parser.add_argument("switch", metavar="on|off", choices=("on", "off"), help="leave the grid, or go back")
    add_hub(parser)
    parser.add_argument("--for", dest="lasts", metavar="TIME", default=None, help="how long, e.g. 90m, 2h (1m to 7d)")
    parser.add_argument("--automatic", action="store_true", help="a timetable or a warning asks: waits in manual")
    add_language(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask, follow it, say how it went."""
    from controller.commands.asking import ask_for, refused, unwritten  # noqa: PLC0415  (pydantic: not for --help)
    from controller.commands.situation import Looker  # noqa: PLC0415
    from controller.commands.speech import number, speaker  # noqa: PLC0415

    is_on = arguments.switch == "on"
    lasts_s = _lasts_s(arguments.lasts, is_on=is_on)
    hub, say = find_hub(arguments.site, arguments.run_dir), speaker(arguments.lang)
    looker = Looker(hub)
    was = looker.look().status.mode.value
    answer = ask_for(hub, f"island_{arguments.switch}", for_s=lasts_s, is_automatic=arguments.automatic)
    last = _last_mode(looker, was, answer, is_on=is_on) if answer.is_taken else None
    mode = was if last is None else last.mode.value
    reason = answer.reason if last is None else last.reason.value
    has_left = answer.is_taken and mode == "islanded"
    took_s = round(last.mode_since_s - answer.at_s, 3) if is_on and has_left and last is not None else None
    if arguments.as_json:
        told = {"hub": hub.name, "taken": answer.is_taken, "reason": reason, "mode": mode, "took_s": took_s}
        print_json({**told, "written": answer.is_written})
        return OK if answer.is_taken and (has_left or not is_on) else PROBLEM
    if not answer.is_taken:
        raise refused(answer, say)
    if is_on and not has_left:
        why = say(f"reason.{reason}")
        raise CommandError("given_up", PROBLEM, say("island.given_up", mode=say(f"mode.{mode}"), reason=why))
    seconds = "" if took_s is None else number(say, took_s, 1)
    key = "island.off" if not is_on else "island.stays" if took_s is None else "island.on"
    print_lines([say(key, seconds=seconds, mode=say(f"mode.{mode}")), *unwritten(answer, say)])
    return OK


def _lasts_s(text: str | None, *, is_on: bool) -> float | None:
    from controller.commands.instants import span_s  # noqa: PLC0415  (only when there is one)

    if text is None:
        return None
    seconds = None if text.startswith("-") else span_s(text)
    if not is_on or seconds is None or not SHORTEST_S <= seconds <= LONGEST_S:
        raise CommandError("usage", USAGE, f"--for {text}", "It goes with 'on' and takes 1m to 7d, as in 90m or 2h.")
    return seconds


def _last_mode(looks: Looks, was: str, answer: Answer, *, is_on: bool) -> Status | None:
    """The state after the change of mode that decides; None: there was none, or none yet."""
    from controller.commands.asking import modes_since  # noqa: PLC0415  (as above)

    if is_on and was == "islanded":
        return None
    found = None
    for found in modes_since(looks, answer.at_s, LEAVING_S if is_on else BACK_S):
        if found.mode not in ON_THE_WAY:
            break
    return found
