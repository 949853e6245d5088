"""`hallig check`: every mistake in a site file at once."""

from __future__ import annotations

import argparse
import time

from controller.commands.frame import OK, USAGE, About, Parser, print_json, print_lines
from controller.commands.sites import load

ABOUT = About(
    name="check",
    line="check a site file and all it refers to",
    text="""\
Check a site file, the device tables, the grid code and the envelope that it
names. All mistakes are told at once, each with file, line, column, what was
found, what is wanted and what was probably meant. Nothing is sent to any
device. 'hallig run' refuses exactly what 'hallig check' refuses.""",
    examples=(
        ("hallig check musterhallig", "a hub that is shipped as an example"),
        ("hallig check /etc/hallig/site.toml", "your own, before you start it"),
        ("hallig check site.toml --json", "for an editor: problems with line and column"),
    ),
    then="'hallig run SITE' controls it; 'hallig read ASSET.POINT SITE' asks one device.",
    exits={OK: "the configuration is good", USAGE: "it is not; every problem was told"},
    keys={
        "ok": "true, or false with `problems`",
        "hub": "name of the hub",
        "devices_count": "devices of the site",
        "feeders_count": "feeders",
        "tiers_count": "tiers",
        "batteries_count": "batteries",
        "grid_code": "name of the grid code",
        "took_s": "how long the check took, in seconds",
        "notes": "caveats of the device tables: `device`, `note`",
        "problems": "`file`, `line`, `column`, `key`, `found`, `wanted`, `hint`",
    },
)


def add_arguments(parser: Parser) -> None:
    """The site."""
    parser.add_argument("site", metavar="SITE", help="a site file, or the name of a shipped hub")


def run(arguments: argparse.Namespace) -> int:
    """Load it; whatever is wrong is raised."""
    started_s = time.perf_counter()
    site = load(arguments.site)
    took_s = time.perf_counter() - started_s
    hub = site.hub
    notes = [(device.name, caveat) for device in site.devices.values() for caveat in device.table.caveats]
    if arguments.as_json:
        counts = {"devices_count": len(site.devices), "feeders_count": len(hub.feeders)}
        counts |= {"tiers_count": len(hub.tiers), "batteries_count": len(hub.batteries)}
        told = [{"device": device, "note": caveat} for device, caveat in notes]
        named = {"ok": True, "hub": hub.name, "grid_code": hub.grid_code.name}
        print_json({**named, **counts, "took_s": round(took_s, 4), "notes": told, "problems": []})
        return OK
    summary = (
        f"{hub.name}: ok. {len(site.devices)} devices, {len(hub.feeders)} feeders in {len(hub.tiers)} tiers, "
        f"{len(hub.batteries)} batteries, grid code '{hub.grid_code.name}'. Checked in {took_s * 1000.0:.0f} ms."
    )
    print_lines([summary, *(f"  note: {device}: {caveat}" for device, caveat in notes)])
    return OK
