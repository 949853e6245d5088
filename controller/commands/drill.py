"""`hallig drill`: what a planned island would be here; with `--go` a real one, measured and kept beside the others."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from controller.commands.frame import (
    NO_CONTACT,
    OK,
    PROBLEM,
    USAGE,
    About,
    CommandError,
    Parser,
    print_json,
    print_lines,
)
from controller.commands.hubs import HubPlace, add_hub, find_hub

if TYPE_CHECKING:
    from controller.config.types import Site

SHORTEST_S, LONGEST_S = 10.0, 3600.0
BACK_MARGIN_S = 30.0
ABOUT = About(
    name="drill",
    line="exercise a planned island, and keep its times",
    text="""\
A hub that has not left the grid for a year is a hope. Without '--go' nothing is
moved: the plan is shown, what would be shed, how long it lasts, what would end
it early, and what forbids it now. With '--go' the running controller is asked to
leave the grid, is watched while it supplies itself, and is asked back; the report, JSON
and text, says how long each step took and how long it took in earlier drills. None
begins below the reserve of the battery, in a month that the site's [drill] does
not name, or while anything needs a person. Whatever ends the drill, the return
is asked for; if this command dies, the controller goes back by itself.""",
    examples=(
        ("hallig drill", "the plan"),
        ("hallig drill musterhallig --go", "a real one, two minutes off the grid"),
        ("hallig drill --go --for 10m --report /srv/drills", "longer, and kept elsewhere"),
    ),
    then="'hallig events --since 10m' tells every step; 'hallig explain' why.",
    exits={
        OK: "the plan has nothing against it, or the drill passed",
        PROBLEM: "refused, or ended early",
        USAGE: "wrong use",
        NO_CONTACT: "no controller answers",
    },
    keys={
        "hub": "name of the hub",
        "plan": "`lasts_s`, `shed`, `charge_pct`, `reserve_pct`, `abort_below_pct`, `aborts`, `refusals`",
        "report": "with `--go`: the file; beside it the same as text",
        "result": "with `--go`: `passed`, `aborted` or `refused`",
        "reason": "with `--go`: why it did not pass",
        "trend": "with `--go`: for each time what is usual and whether it has become slower",
        "prepare_s": "with `--go`: from the request to the order to open",
        "transfer_s": "with `--go`: from there to the island",
        "break_max_s": "with `--go`: for so long at most there was no power; 0: taken over beside the grid",
        "island_s": "with `--go`: off the grid",
        "return_s": "with `--go`: from the request to the grid, its observation time included",
    },
)
TOLD = ("result", "reason", "trend", "prepare_s", "transfer_s", "break_max_s", "island_s", "return_s")


def add_arguments(parser: Parser) -> None:
    """Which hub, whether in earnest, how long."""
    add_hub(parser)
    parser.add_argument("--go", action="store_true", help="do it")
    parser.add_argument(
        "--for", dest="lasts", metavar="TIME", default="2m", help="off the grid (10s to 1h; default 2m)"
    )
    parser.add_argument("--report", type=Path, default=None, metavar="DIR", help="default: 'drills' beside the journal")


def run(arguments: argparse.Namespace) -> int:
    """Plan, and with --go play it."""
    from controller.commands.drill_plan import plan_of  # noqa: PLC0415  (pydantic: not for --help)
    from controller.commands.situation import Looker  # noqa: PLC0415

    lasts_s = _lasts_s(arguments.lasts)
    hub = find_hub(arguments.site, arguments.run_dir)
    site, looker = _site(hub), Looker(hub)
    plan = plan_of(looker.look(), site, lasts_s)
    if not arguments.go or plan.refusals:
        if arguments.as_json:
            print_json({"hub": hub.name, "plan": plan.as_json()})
        else:
            print_lines(plan.lines())
        return PROBLEM if plan.refusals else OK
    from controller.commands.drill_report import earlier_reports, lines, write_report  # noqa: PLC0415
    from controller.commands.drill_run import run_drill  # noqa: PLC0415

    folder = arguments.report if arguments.report is not None else _folder(hub)
    earlier = earlier_reports(folder, hub.name)
    if not arguments.as_json:
        print_lines(plan.lines())
    outcome = run_drill(looker, plan, _back_s(site))
    try:
        path, report = write_report(folder, plan, outcome)
    except OSError as error:
        raise CommandError(
            "report", PROBLEM, f"the drill {outcome.result}; its report cannot be written: {error}"
        ) from None
    if arguments.as_json:
        told = {name: report[name] for name in TOLD}
        print_json({"hub": hub.name, "plan": report["plan"], "report": str(path), **told})
    else:
        print_lines(["", *lines(report, earlier), f"Report: {path}"])
    return OK if outcome.result == "passed" else PROBLEM


def _lasts_s(text: str) -> float:
    from controller.commands.instants import span_s  # noqa: PLC0415

    seconds = span_s(text)
    if seconds is None or not SHORTEST_S <= seconds <= LONGEST_S:
        raise CommandError("usage", USAGE, f"--for {text}", "It takes 10s to 1h, as in 90s or 10m.")
    return seconds


def _site(hub: HubPlace) -> Site:
    """Its reserve and season are in the site file, which the run folder knows."""
    from controller.commands.sites import load  # noqa: PLC0415

    return load(hub.name if hub.places is None else str(hub.places.site))


def _folder(hub: HubPlace) -> Path:
    if hub.places is None:
        raise CommandError("usage", USAGE, "where to keep the report is not known", "Name a folder with --report DIR.")
    return Path(hub.places.data_dir) / "drills"


def _back_s(site: Site) -> float:
    """As long as the return may take by the grid code and the hub's own patience."""
    return site.hub.grid_code.return_window.observation_s + site.hub.timing.resync_max_s + BACK_MARGIN_S
