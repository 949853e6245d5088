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

if TYPE_CHECKING:
    from controller.commands.event_source import LogLine
    from controller.commands.transfer import Story

LEAVING_S = 45.0  # preparing, opening and forming take thirty at most
BACK_S = 2.0
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
for about a second: 'hallig check' says which. A refusal comes with its reason.
The request is journaled with your name.""",
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
    from controller.commands.situation import Looker  # noqa: PLC0415  (pydantic: not for --help)
    from controller.commands.speech import number, speaker  # noqa: PLC0415
    from controller.commands.transfer import Story, between_s, mode_of  # noqa: PLC0415

    is_on = arguments.switch == "on"
    lasts_s = _lasts_s(arguments.lasts, is_on=is_on)
    hub, say = find_hub(arguments.site, arguments.run_dir), speaker(arguments.lang)
    was = Looker(hub).look().status.mode.value
    story = Story(hub)
    answer = story.ask(f"island_{arguments.switch}", lasts_s, is_automatic=arguments.automatic)
    is_taken = answer["kind"] == "requested"
    last = _last_mode(story, was, is_on=is_on) if is_taken else None
    mode = was if last is None else str(mode_of(last))
    reason = str(answer["reason"] if last is None else last["reason"])
    has_left = is_taken and mode == "islanded"
    took_s = between_s(answer, last) if is_on and has_left else None
    if arguments.as_json:
        print_json({"hub": hub.name, "taken": is_taken, "reason": reason, "mode": mode, "took_s": took_s})
        return OK if is_taken and (has_left or not is_on) else PROBLEM
    why = say(f"reason.{reason}")
    if not is_taken:
        raise CommandError("refused", PROBLEM, say("island.refused", reason=why))
    if is_on and not has_left:
        raise CommandError("given_up", PROBLEM, say("island.given_up", mode=say(f"mode.{mode}"), reason=why))
    seconds = "" if took_s is None else number(say, took_s, 1)
    key = "island.off" if not is_on else "island.stays" if took_s is None else "island.on"
    print_lines([say(key, seconds=seconds, mode=say(f"mode.{mode}"))])
    return OK


def _lasts_s(text: str | None, *, is_on: bool) -> float | None:
    from controller.commands.instants import span_s  # noqa: PLC0415  (only when there is one)

    if text is None:
        return None
    seconds = span_s(text)
    if not is_on or seconds is None or not SHORTEST_S <= seconds <= LONGEST_S:
        raise CommandError("usage", USAGE, f"--for {text}", "It goes with 'on' and takes 1m to 7d, as in 90m or 2h.")
    return seconds


def _last_mode(story: Story, was: str, *, is_on: bool) -> LogLine | None:
    """The change of mode that decides; None: there was none, or none yet."""
    from controller.commands.transfer import mode_of  # noqa: PLC0415  (as above)

    if is_on and was == "islanded":
        return None
    found = next((line for line in reversed(story.lines) if mode_of(line)), None)
    if found is None or (is_on and mode_of(found) == "planned_islanding"):
        for line in story.coming(LEAVING_S if is_on else BACK_S):
            if mode_of(line) is not None:
                found = line
                if mode_of(line) != "planned_islanding":
                    break
    return found
