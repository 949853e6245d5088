"""`hallig bench`: the controller against a simulated village, with verdicts."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from controller.commands.bench_parts import EXITS, PARTS
from controller.commands.frame import USAGE, About, CommandError, Parser, command_parser

PORT_MAX = 65_535
ABOUT = About(
    name="bench",
    line="test the controller: scenarios, faults, verdicts, reports",
    text="""\
Play scenarios against the controller on a simulated village, in virtual time
(t0 directly, t1 with real Modbus bytes) or in real time (t2, over sockets and
serial lines), and judge them by what the plant knows. Each part has a help of
its own: 'hallig bench PART --help'.""",
    examples=(
        ("hallig bench list islanding", "what there is"),
        ("hallig bench run", "everything in t0; minutes, no hardware"),
        ("hallig bench run ISL-003 --tier all --report out", "one scenario as real as it gets, with a page"),
        ("hallig bench serve musterhallig", "a village for somebody else's controller"),
    ),
    then="'hallig bench list'; then write a scenario of your own, a TOML file.",
    exits=EXITS,
    keys={"error": "`code`, `message`, `exit_code`: only where the command could not be done"},
)


def add_arguments(parser: Parser) -> None:
    """One parser for each part."""
    parts = parser.add_subparsers(dest="part", metavar="PART", required=True, parser_class=Parser)
    for name, part in PARTS.items():
        mould = command_parser(part.about)
        made = parts.add_parser(
            name,
            help=part.about.line,
            prog=mould.prog,
            description=mould.description,
            epilog=mould.epilog,
            formatter_class=mould.formatter_class,
            allow_abbrev=False,
        )
        made.add_argument("--json", action="store_true", dest="as_json", default=argparse.SUPPRESS, help="for programs")
        part.add_arguments(made)


def parts(parser: Parser) -> Mapping[str, Parser]:
    """The parsers of the parts, for the documentation."""
    action = next(one for one in parser._actions if isinstance(one, argparse._SubParsersAction))  # noqa: SLF001
    return dict(action.choices)


def run(arguments: argparse.Namespace) -> int:
    """Do one part."""
    return _DOERS[arguments.part](arguments)


def _list(arguments: argparse.Namespace) -> int:
    from hil_tests.bench_cli.listing import list_scenarios  # noqa: PLC0415  (the whole bench: not for --help)

    return list_scenarios(arguments.scenarios, arguments.folder, arguments.tier, as_json=arguments.as_json)


def _run(arguments: argparse.Namespace) -> int:
    from hil_tests.bench_cli.running import RunOptions, run_scenarios  # noqa: PLC0415

    _at_least_one(arguments.j)
    if arguments.report is not None and arguments.report.exists() and not arguments.report.is_dir():
        raise CommandError("usage", USAGE, f"{arguments.report} is a file, not a folder", "--report names a folder.")
    return run_scenarios(
        RunOptions(
            words=arguments.scenarios,
            folders=arguments.folder,
            tiers=arguments.tier,
            seeds=arguments.seeds,
            processes_count=arguments.j,
            report=arguments.report,
            baseline=arguments.baseline,
            as_json=arguments.as_json,
        )
    )


def _fuzz(arguments: argparse.Namespace) -> int:
    from hil_tests.bench_cli.fuzzing import FuzzRequest, fuzz  # noqa: PLC0415

    _at_least_one(arguments.j)
    request = FuzzRequest(
        arguments.seeds, arguments.j, arguments.property, arguments.folder, arguments.budget, arguments.as_json
    )
    return fuzz(request)


def _crash(arguments: argparse.Namespace) -> int:
    from hil_tests.bench_cli.crashing import CrashRequest, crash  # noqa: PLC0415

    _at_least_one(arguments.j)
    if not (arguments.window >= 0.0 and arguments.every > 0.0):
        raise CommandError(
            "usage", USAGE, "--window and --every are seconds above zero", "See 'hallig bench crash -h'."
        )
    request = CrashRequest(
        scenarios=tuple(arguments.scenario),
        window_s=arguments.window,
        every_s=arguments.every,
        seed=arguments.seed,
        is_power_cut=arguments.power_cut,
        processes_count=arguments.j,
        as_json=arguments.as_json,
    )
    return crash(request)


def _serve(arguments: argparse.Namespace) -> int:
    if arguments.port_base is not None and not 0 < arguments.port_base <= PORT_MAX:
        raise CommandError("usage", USAGE, f"--port-base {arguments.port_base} is no port", "Ports are 1 to 65535.")
    from controller.commands.sites import load  # noqa: PLC0415
    from controller.commands.stopping import end_when_asked  # noqa: PLC0415

    end_when_asked()
    from hil_tests.bench_cli.serving import ServeOptions, serve  # noqa: PLC0415

    site = load(arguments.hub)
    options = ServeOptions(site, arguments.seed, arguments.port_base, arguments.overrides, arguments.as_json)
    return serve(options)


def _report(arguments: argparse.Namespace) -> int:
    from hil_tests.bench_cli.reporting import render_again  # noqa: PLC0415

    return render_again(arguments.folder, arguments.baseline, as_json=arguments.as_json)


def _compare(arguments: argparse.Namespace) -> int:
    if not 0.0 <= arguments.tolerance <= 1.0:
        raise CommandError("usage", USAGE, "--tolerance is a share from 0 to 1", "0.01 is one per cent.")
    from hil_tests.bench_cli.reporting import compare_reports  # noqa: PLC0415

    folders = Path(arguments.before), Path(arguments.after)
    return compare_reports(*folders, arguments.tolerance, as_documents=arguments.as_json)


def _at_least_one(processes_count: int | None) -> None:
    if processes_count is not None and processes_count < 1:
        raise CommandError("usage", USAGE, f"-j {processes_count}: at least one process", "Leave it away for one.")


_DOERS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "list": _list,
    "run": _run,
    "fuzz": _fuzz,
    "crash": _crash,
    "serve": _serve,
    "report": _report,
    "compare": _compare,
}
