"""`hallig telemetry`: what was measured, second by second, as a table for other programs."""

from __future__ import annotations

import argparse
import contextlib
import csv
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

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
    remark,
)
from controller.commands.telemetry_source import DEFAULT_WEB, Source, open_source, pages

STEPS_S = (1, 10, 60, 600, 3600, 86_400)  # those of the API
PATTERNS_MAX = 50
FIXED = ("boot", "boot_s", "time_utc", "clock", "samples")
ABOUT = About(
    name="telemetry",
    line="what was measured, as a table",
    text="""\
'export' writes what the web has recorded: one line a sample (--step 1), or
means (numbers) and what held longest (words) of more seconds. Samples are kept
for weeks, ten-minute means for three years. The order is that of boots and of
the boot clock; time_utc is what the wall clock showed and may jump: 'clock' says
how far it may be believed. What was not known is an empty field, where nothing
was recorded there is no line. 'list' names the channels. A web that runs is
asked over its API, which leaves the fuel out; with --data-dir the file of one
that does not run is read.""",
    examples=(
        ("hallig telemetry export --from 24h --step 60 --csv day.csv", "yesterday until now, by minutes"),
        ("hallig telemetry export --from 2026-11-23T14:00 --to 2026-11-23T15:00", "each second of an hour"),
        ("hallig telemetry export --channel 'battery.*' --json", "for a program, one document a line"),
        ("hallig telemetry list --data-dir /mnt/card/lib/hallig-web", "of a card that was taken out of a hub"),
    ),
    then="'hallig events --since TIME' says what happened meanwhile.",
    exits={
        OK: "written",
        PROBLEM: "it cannot be read now, or not written there",
        USAGE: "wrong use",
        NO_CONTACT: "no web, no file",
    },
    keys={
        "boot": "with export: the n-th boot that was recorded; with boot_s the order",
        "boot_s": "seconds since that boot",
        "unix_s": "what the wall clock showed, a label only",
        "clock": "how far that may be believed: `unset`, `holdover`, `synced`; null: not known",
        "count": "samples behind the values",
        "values": "by channel; null: was not known",
        "channels": "with list: name, and the words of what is no number",
        "samples": "with list: from when to when samples are kept; null: none",
        "means": "with list: the same of ten-minute means",
    },
)


def add_arguments(parser: Parser) -> None:
    """What to do, of which span, and where to read."""
    parser.add_argument(
        "action", metavar="export|list", choices=("export", "list"), help="write a table, or name the channels"
    )
    parser.add_argument("--from", dest="begin", metavar="TIME", default="24h", help="24h, 14:00, 2026-11-23T14:00")
    parser.add_argument("--to", dest="end", metavar="TIME", help="the same (default: now)")
    parser.add_argument("--step", type=int, choices=STEPS_S, default=1, help="seconds a line (default %(default)s)")
    parser.add_argument(
        "--channel", action="append", default=[], metavar="NAME", help="a channel, or battery.* (default: all)"
    )
    parser.add_argument("--csv", nargs="?", const="-", default="-", metavar="FILE", help="default: standard output")
    parser.add_argument("--web", default=DEFAULT_WEB, metavar="ADDRESS", help="of the web (default %(default)s)")
    parser.add_argument("--data-dir", type=Path, help="folder of a web that does not run")
    add_language(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write it."""
    if len(arguments.channel) > PATTERNS_MAX:
        raise CommandError("usage", USAGE, f"more than {PATTERNS_MAX} times --channel", "Use patterns: 'battery.*'.")
    from_s, to_s = _span(arguments.begin, arguments.end)
    asked = {"from_unix_s": from_s, "to_unix_s": to_s, "step_s": arguments.step, "channel": tuple(arguments.channel)}
    with open_source(arguments) as source:
        if arguments.action == "list":
            return _list(source, arguments)
        return _export(pages(source, asked), arguments)


def _span(begin: str, end: str | None) -> tuple[float, float]:
    """By the labels of the wall clock, both ends in it."""
    from controller import clock  # noqa: PLC0415  (not for --help)
    from controller.commands.instants import moment_unix_s  # noqa: PLC0415

    now_s = clock.unix_s()
    from_s = moment_unix_s(begin, now_s)[0]
    to_s = now_s if end is None else sum(moment_unix_s(end, now_s))
    if from_s > to_s:
        raise CommandError("usage", USAGE, f"--from {begin} lies after --to {end or 'now'}", "Exchange the two.")
    return from_s, to_s


def _export(answers: Iterator[dict[str, Any]], arguments: argparse.Namespace) -> int:
    first = next(answers)  # before any file is opened: an error must not leave an empty one behind
    names = [channel["name"] for channel in first["channels"]]
    if not names and arguments.channel:
        raise CommandError("usage", USAGE, "no channel has such a name", "'hallig telemetry list' names them.")
    with _sink(arguments.csv) as sink:
        points_count, unreadable_count = _write(_chain(first, answers), names, sink, as_json=arguments.as_json)
    from controller.commands.speech import speaker  # noqa: PLC0415

    say = speaker(arguments.lang)
    if not points_count and not arguments.as_json:
        remark(say("telemetry.nothing"))
    if unreadable_count:
        remark(say.count("telemetry.unreadable", unreadable_count))
    return OK


def _chain(first: dict[str, Any], rest: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield first
    yield from rest


def _write(answers: Iterable[dict[str, Any]], names: list[str], sink: IO[str], *, as_json: bool) -> tuple[int, int]:
    """How many points were written, and how many minutes could not be read."""
    table, points_count, unreadable_count = csv.writer(sink, lineterminator="\n"), 0, 0
    if not as_json:
        table.writerow((*FIXED, *names))
    for answer in answers:
        places = {channel["name"]: place for place, channel in enumerate(answer["channels"])}
        for point in answer["points"]:
            values = [point["values"][places[name]] if name in places else None for name in names]
            if as_json:
                print_json({**point, "values": dict(zip(names, values, strict=True))})
            else:
                told = (_time(point["unix_s"]), point["clock"] or "", point["count"])
                table.writerow((point["boot"], _number(point["boot_s"]), *told, *map(_number, values)))
        points_count += len(answer["points"])
        unreadable_count += answer["unreadable_count"]
    return points_count, unreadable_count


@contextlib.contextmanager
def _sink(name: str) -> Iterator[IO[str]]:
    if name == "-":
        yield sys.stdout
        return
    with Path(name).open("w", encoding="utf-8", newline="") as file:
        yield file


def _list(source: Source, arguments: argparse.Namespace) -> int:
    found = source.channels()
    if arguments.as_json:
        print_json(found)
        return OK
    from controller.commands.speech import speaker  # noqa: PLC0415

    say = speaker(arguments.lang)
    print_lines([say("telemetry.samples", **_ends(found["samples"])), say("telemetry.means", **_ends(found["means"]))])
    print_lines(f"{each['name']:<40} {' '.join(each['words'])}".rstrip() for each in found["channels"])
    return OK


def _ends(kept: dict[str, float] | None) -> dict[str, str]:
    if kept is None:
        return {"begin": "–", "end": "–"}
    return {"begin": _time(kept["first_unix_s"]), "end": _time(kept["last_unix_s"])}


def _time(unix_s: float) -> str:
    import datetime as dt  # noqa: PLC0415  (not for --help)

    try:
        when = dt.datetime.fromtimestamp(unix_s, dt.UTC)
    except (ValueError, OverflowError, OSError):
        return ""  # no year of ours
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _number(value: float | str | None) -> str:
    """With the digits that it has; nothing for what was not known."""
    if value is None:
        return ""
    return value if isinstance(value, str) else repr(value).removesuffix(".0")
