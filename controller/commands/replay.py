"""`hallig replay`: a recording of the black box through today's judgement; what comes out otherwise, and where."""

from __future__ import annotations

import argparse
from pathlib import Path

from controller.commands.frame import OK, PROBLEM, USAGE, About, CommandError, Parser, print_json, print_lines

ABOUT = About(
    name="replay",
    line="a recorded blackout through today's judgement",
    text="""\
A controller keeps every cycle from a minute before each change of mode to a
minute after, and around each failure of its own, in 'blackbox' in its data
folder. This plays such a file through the decision and the guard of the software
that is installed here, cycle by cycle, and says at which cycle, and in what, the
first thing comes out otherwise than it did. Nothing is sent to any device, and
the file is only read. What is missing at the end of a file (the process was
killed, or still writes) is said and is no fault.
With --as-scenario it also becomes a scenario of the test bench, as far as what
was seen tells what grid, weather, loads and people did; what it cannot carry
over stands in the file as comments.""",
    examples=(
        ("hallig replay /var/lib/hallig/blackbox/box-000012-transition.jsonl.gz", "does it still decide the same?"),
        ("hallig replay box.jsonl.gz --json", "for a program: exit code 1 with a difference"),
        ("hallig replay box.jsonl.gz --as-scenario village.toml", "then: 'hallig bench run village.toml'"),
    ),
    then="'zcat FILE' shows every line of it; 'hallig events' tells the same hours in words.",
    exits={
        OK: "the same in every cycle",
        PROBLEM: "a difference, or the file is damaged or not readable here",
        USAGE: "wrong use, or not a recording",
    },
    keys={
        "file": "the recording",
        "hub": "its name",
        "software": "the version that wrote it",
        "cause": "why it was begun: `transition`, `started`, `failed` or `silent`",
        "marks": "what happened in it: `mark` (as `cause`), `at_s` (boot time), `text`",
        "cycles_count": "cycles that were played",
        "from_s": "instant of the first, boot time; null: there is none",
        "to_s": "instant of the last one played",
        "skipped_count": "cycles that had failed outside of decision and guard, which no replay can show",
        "difference": "the first one: `cycle`, `at_s`, `field`, `recorded`, `now`; null: there is none",
        "end": "`complete`, `continued` (in another file), `stopped` or `full`; empty: killed, or still writing",
        "trouble": "why reading stopped early; empty: it did not",
        "gaps": "first and last cycle of each stretch that is missing",
        "unknown": "fields in it that this software does not know any more",
        "scenario": "`file`, and `left_out`: what it could not carry over; null without --as-scenario",
    },
)


def add_arguments(parser: Parser) -> None:
    """The file, and what to make of it."""
    parser.add_argument("file", metavar="FILE", type=Path, help="a recording: box-NUMBER-CAUSE.jsonl.gz")
    parser.add_argument("--as-scenario", metavar="OUT.toml", type=Path, help="write it as a scenario of the bench")


def run(arguments: argparse.Namespace) -> int:
    """Play it, say what came of it."""
    from controller.blackbox.reading import UnreadableError, open_box  # noqa: PLC0415  (not for --help)
    from controller.blackbox.replaying import replay  # noqa: PLC0415
    from controller.commands.replayed import as_json, sentences  # noqa: PLC0415

    try:
        box = open_box(arguments.file)
        told = replay(box.cycles(), box.head.hub, box.head.envelope)
        box.skip_rest()
        made = _scenario(arguments.file, arguments.as_scenario) if arguments.as_scenario is not None else None
    except FileNotFoundError:
        raise CommandError("no_file", USAGE, f"there is no file {arguments.file}", WHERE) from None
    except UnreadableError as error:
        raise CommandError("not_a_recording", USAGE, str(error), WHERE) from None
    if arguments.as_json:
        print_json(as_json(box, told, made))
    else:
        print_lines(sentences(box, told, made))
    return PROBLEM if told.difference is not None or box.is_damaged or told.cycles_count == 0 else OK


WHERE = "Recordings are in 'blackbox' in the data folder of a controller."


def _scenario(file: Path, out: Path) -> tuple[Path, tuple[str, ...]]:
    from hil_tests.bench.recorded import write_scenario  # noqa: PLC0415  (the bench, for those who want it)

    return out, write_scenario(file, out)
