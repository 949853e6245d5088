"""The parts of `hallig bench`: their help and their arguments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from controller.commands.frame import INVALID, OK, PROBLEM, USAGE, About, Parser, finite

TIERS = ("t0", "t1", "t2", "all")
EXITS: Mapping[int, str] = {
    OK: "every run was as expected",
    PROBLEM: "a run failed, a mark of a known gap is wrong, or two reports differ",
    USAGE: "wrong scenario, or wrong use of the command",
    INVALID: "the bench itself was at fault: the run proves nothing",
}
_REPORT_EXITS = {OK: "written", USAGE: "there is no report in that folder"}
_COMPARE_EXITS = {OK: "the same", PROBLEM: "they differ", USAGE: "one of the folders holds no report"}
_SERVE_EXITS = {OK: "ended by Ctrl-C", PROBLEM: "a port is taken", USAGE: "wrong site file, or wrong use"}


@dataclass(frozen=True, slots=True)
class Part:
    """One word after `hallig bench`."""

    about: About
    add_arguments: Callable[[Parser], None]


def _choice(parser: Parser) -> None:
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="ids, families (ISL), tags, files or folders")
    parser.add_argument("--tier", action="append", choices=TIERS, default=None, help="t0, t1, t2 or all; repeatable")
    parser.add_argument(
        "--folder", action="append", type=Path, default=[], metavar="DIR", help="your own scenarios instead of ours"
    )


def _run_arguments(parser: Parser) -> None:
    _choice(parser)
    parser.add_argument("--seeds", metavar="A..B", default=None, help="one seed or a range (default: each scenario's)")
    _processes(parser)
    parser.add_argument("--report", type=Path, metavar="DIR", default=None, help="write page, JUnit, traces and logs")
    _baseline(parser)


def _fuzz_arguments(parser: Parser) -> None:
    parser.add_argument("--seeds", metavar="A..B", required=True, help="one seed or a range")
    _all_cores(parser)
    which = parser.add_mutually_exclusive_group()
    for name, sense in (("safety", "never what must never be"), ("liveness", "once healed, the goal in time")):
        which.add_argument(f"--{name}", action="store_const", const=name, dest="property", help=f"only this: {sense}")
    parser.set_defaults(property="both")
    parser.add_argument("--folder", type=Path, metavar="DIR", default=Path("hallig-fuzz"), help="for what it finds")
    parser.add_argument(
        "--budget", type=finite, metavar="S", default=None, help="plant time for making one find small (default: 6000)"
    )


def _crash_arguments(parser: Parser) -> None:
    parser.add_argument("scenario", nargs="*", metavar="SCENARIO", default=["CTL-060"], help="ids or files (CTL-060)")
    parser.add_argument("--power-cut", action="store_true", help="the machine starts anew: another boot, no known age")
    parser.add_argument(
        "--window", type=finite, metavar="S", default=1.0, help="before and after each switching (default %(default)s)"
    )
    parser.add_argument(
        "--every", type=finite, metavar="S", default=0.01, help="from crash to crash (default %(default)s: each step)"
    )
    parser.add_argument("--seed", type=int, default=1, help="of noise and angles (default %(default)s)")
    _all_cores(parser)


def _serve_arguments(parser: Parser) -> None:
    parser.add_argument("hub", metavar="HUB", help="a site file, or the name of a shipped hub")
    parser.add_argument("--port-base", type=int, default=None, help="first port of many (default: any free ones)")
    parser.add_argument("--seed", type=int, default=1, help="of noise and angles (default %(default)s)")
    parser.add_argument(
        "--overrides", type=Path, metavar="FILE", default=None, help="write the addresses for 'hallig run --overrides'"
    )


def _report_arguments(parser: Parser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="what --report wrote")
    _baseline(parser)


def _compare_arguments(parser: Parser) -> None:
    parser.add_argument("before", type=Path, metavar="BEFORE", help="a report's folder")
    parser.add_argument("after", type=Path, metavar="AFTER", help="another")
    parser.add_argument(
        "--tolerance", type=finite, default=1e-6, metavar="RATIO", help="of metrics (default %(default)s)"
    )


def _processes(parser: Parser) -> None:
    parser.add_argument("-j", type=int, default=1, metavar="N", help="so many processes (default %(default)s)")


def _all_cores(parser: Parser) -> None:
    parser.add_argument("-j", type=int, default=None, metavar="N", help="so many processes (default: one per core)")


def _baseline(parser: Parser) -> None:
    parser.add_argument(
        "--baseline", type=Path, metavar="FILE", default=None, help="results.json to compare metrics with"
    )


LIST = About(
    name="bench list",
    line="which scenarios there are",
    text="List scenarios with their tiers, seeds, length and tags.",
    examples=(
        ("hallig bench list", "all of them"),
        ("hallig bench list reconnection --tier t2", "those with this tag that can run in real time"),
        ("hallig bench list --folder my_scenarios --json", "your own, for a program"),
    ),
    then="'hallig bench run ID'.",
    exits={OK: "listed", USAGE: "wrong scenario, or nothing of that name"},
    keys={"scenarios": "`id`, `title`, `hub`, `tags`, `clauses`, `tiers`, `seeds`, `until_s`, `gap`, `path`"},
)
RUN = About(
    name="bench run",
    line="play scenarios and judge them",
    text="""\
Play scenarios and judge them. Without a name: all, in t0. A failure in virtual
time is played twice; if the second run is not the same to the bit, the bench is
at fault and the run invalid. What runs in real time (t2) runs alone, at the
end. With --report, a folder: report.html (one page, needs no network),
junit.xml, results.json, events.jsonl and the traces. A report that is already
there is the baseline of the new one, unless --baseline names another.""",
    examples=(
        ("hallig bench run", "everything in t0"),
        ("hallig bench run ISL t1 -j 2 --report out", "a family and a tag, on two cores, with a page"),
        ("hallig bench run ISL-003 --seeds 42..61", "one scenario with twenty seeds"),
        ("hallig bench run my_scenarios/WET-001.toml", "a scenario of your own"),
    ),
    then="open the page; 'hallig bench compare' tells two reports apart.",
    exits=EXITS,
    keys={
        "passed": "whether every run was as expected",
        "exit_code": "0, 1, 4 or 130",
        "counts": "how many runs were `pass`, `known_gap`, `mark_is_wrong`, `fail`, `invalid`",
        "report": "the folder, or null",
        "unplayed": "how many runs were left when Ctrl-C ended it early; 0 otherwise",
        "not_played": "chosen scenarios that run in none of the chosen tiers",
        "runs": "each with `scenario`, `seed`, `tier`, `outcome`, `findings`, `metrics`, `trace_hash`, `repeat_line`",
    },
)
FUZZ = About(
    name="bench fuzz",
    line="random faults until something breaks",
    text="""\
Play random stories on random hubs: weather, loads, faults, people, restarts.
Each seed draws a few kinds of trouble and leaves the others out. Safety: what
must never be never is. Liveness: once all is healed, the hub gets home in time.
What breaks something is made as short as it can be and written as a scenario.
What only shows a known gap of the controller is counted and does not fail.""",
    examples=(
        ("hallig bench fuzz --seeds 1..200", "two stories for each of two hundred seeds, on all cores"),
        ("hallig bench fuzz --seeds 17 --safety", "one again"),
    ),
    then="'hallig bench run FILE' plays what it found.",
    exits=EXITS,
    keys={
        "passed": "whether nothing broke",
        "exit_code": "0, 1, 4 or 130",
        "stories": "how many were played, and `plant_s` how long",
        "known_gaps": "how many stories ended in which",
        "found": "what broke: `seed`, `aim`, `broke`, `reproducer`, `repeat_line`",
    },
)
CRASH = About(
    name="bench crash",
    line="kill the controller wherever it switches",
    text="""\
Play a scenario, and kill the controller in each step around every switching
order: opening, earthing, forming, shedding, closing, restoring. Each time it is
started again two seconds later; nothing that must never be may be, it must know
the latches, holds and attempts that were acknowledged, and it must end in the
mode in which it ends without a crash.""",
    examples=(
        ("hallig bench crash", "the story that has everything, each step, on all cores; minutes"),
        ("hallig bench crash --window 0.2 --every 0.1", "seconds"),
        ("hallig bench crash REC-010 -j 2", "another scenario"),
        ("hallig bench crash BLK-003 EMO-010 --power-cut", "two more, and each time the power goes as well"),
    ),
    then="'hallig bench run SCENARIO' plays it without a crash.",
    exits=EXITS,
    keys={
        "passed": "whether nothing broke",
        "exit_code": "0, 1, 4 or 130",
        "windows": "`scenario`, `begin_s`, `end_s`, and `moves`: what was ordered within",
        "crashes": "how many, and `s_per_crash` what one took",
        "known_gaps": "how many crashes ended in which",
        "found": "`scenario`, `at_s` and `findings` of each crash that broke something",
    },
)
SERVE = About(
    name="bench serve",
    line="a village for somebody else's controller",
    text="""\
Serve the devices of a hub around a running plant, in real time, on this machine
only: Modbus TCP, Modbus RTU on pseudo-terminals, OPC UA. No controller is
started. Type blackout, return, load 0.8, sun 600 or status; Ctrl-C ends.""",
    examples=(
        ("hallig bench serve musterhallig", "on free ports, which it prints"),
        ("hallig bench serve site.toml --port-base 15020", "15020 and those after it"),
        ("echo blackout | hallig bench serve musterhallig", "commands from a script"),
    ),
    then="""\
point your controller at the addresses. The map of a device is its table,
a file that is printed with it: address, type and scale of each point.""",
    exits=_SERVE_EXITS,
    keys={
        "hub": "its name",
        "devices": "by name: `host` and `port`, or `serial_port`, or `url`",
        "answer": "to each `command`",
    },
)
REPORT = About(
    name="bench report",
    line="write a report's page anew",
    text="""\
Make report.html and junit.xml from the results, traces and logs of a report's
folder.""",
    examples=(
        ("hallig bench report out", "after an update of hallig"),
        ("hallig bench report out --baseline last_release", "against another report"),
    ),
    then="open the page.",
    exits=_REPORT_EXITS,
    keys={"page": "the HTML file", "junit": "the XML file", "runs": "how many"},
)
COMPARE = About(
    name="bench compare",
    line="what differs between two reports",
    text="""\
Tell how two reports differ: verdicts, metrics beyond the tolerance, and of each
run in virtual time the first thing that happened otherwise.""",
    examples=(
        ("hallig bench compare before after", "1 when they differ"),
        ("hallig bench compare before after --tolerance 0.05", "metrics may differ by five per cent"),
    ),
    then="play the runs that differ again with the line in their report.",
    exits=_COMPARE_EXITS,
    keys={"same": "whether nothing differs", "differences": "`run`, `what`, `before`, `after`"},
)
PARTS: Mapping[str, Part] = {
    "list": Part(LIST, _choice),
    "run": Part(RUN, _run_arguments),
    "fuzz": Part(FUZZ, _fuzz_arguments),
    "crash": Part(CRASH, _crash_arguments),
    "serve": Part(SERVE, _serve_arguments),
    "report": Part(REPORT, _report_arguments),
    "compare": Part(COMPARE, _compare_arguments),
}
