"""`hallig read`: one value, from the running controller, or read-only from the device itself."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from controller.commands.frame import (
    NO_CONTACT,
    OK,
    PROBLEM,
    USAGE,
    About,
    CommandError,
    Parser,
    pause,
    print_json,
    print_lines,
)
from controller.commands.hubs import HubPlace, add_hub, find_hub

WATCH_PERIOD_S = 1.0
PATIENCE_S = 3.0
ABOUT = About(
    name="read",
    line="one value, its age, and the device that says so",
    text="""\
Show one value: ASSET.FIELD as the judgement sees it (poi.grid_voltage_v,
battery_main.soc_pct), or DEVICE.POINT as a device says it
(poi_relay.grid_frequency_hz). A role stands for its only asset. With each come
its age, its source and the number in the device, worked back by the table's
scale. While the controller runs it is asked; when none runs, the device's
connection is opened from the site file: nothing is written, no heartbeat.""",
    examples=(
        ("hallig read poi.grid_voltage_v", "three phases, from the running controller"),
        ("hallig read battery_main.soc_pct --watch", "again each second, until Ctrl-C"),
        ("hallig read poi_relay.grid_frequency_hz /etc/hallig/site.toml", "no controller runs: asks the relay itself"),
    ),
    then="a value that is not fresh: 'hallig status' lists silent devices.",
    exits={
        OK: "a fresh value was shown",
        PROBLEM: "the device answers, and the value is too old, implausible or not available",
        USAGE: "no such asset, device or point; what was probably meant is told",
        NO_CONTACT: "neither a controller nor the device answers; what was tried is told",
    },
    keys={
        "name": "as it was asked for",
        "asset": "the asset; null for a point of a device",
        "role": "what the asset is: poi, battery, pv, genset, feeder, earthing, radio, weather, safety, dimming",
        "field": "field or point; its name ends in the unit of the value",
        "value": "number, truth, word, or `l1`, `l2`, `l3`; null: nothing fresh and plausible",
        "age_s": "seconds since the device held it; of several sources the oldest",
        "sources": "`device`, `point`, `is_up`, `value`, `raw` (null: it scales), `age_s`, `max_age_s`, `where`",
        "through": "controller, or device when it was asked directly",
    },
)


def add_arguments(parser: Parser) -> None:
    """Which value, of which hub."""
    parser.add_argument("point", metavar="ASSET.POINT", help="or DEVICE.POINT")
    add_hub(parser)
    parser.add_argument("--watch", action="store_true", help="again each second, until Ctrl-C")
    parser.add_argument("--overrides", type=Path, help="JSON with device keys to replace, without a controller")


def run(arguments: argparse.Namespace) -> int:
    """Read it once, or again and again."""
    from controller.commands.contact import is_answering  # noqa: PLC0415  (not for --help)

    hub = _hub(arguments)
    if hub is not None and is_answering(hub):
        return _tell(lambda: _over_socket(hub, arguments.point), arguments)
    from controller.commands.direct import direct_reading  # noqa: PLC0415  (the drivers: only when needed)
    from controller.commands.sites import load  # noqa: PLC0415

    site = load(_site(arguments, hub), arguments.overrides)
    with direct_reading(site, arguments.point, PATIENCE_S) as read:
        return _tell(read, arguments)


def _tell(read: Callable[[], dict[str, Any]], arguments: argparse.Namespace) -> int:
    try:
        while True:
            found = read()
            if arguments.as_json:
                print_json(found)
            else:
                print_lines(lines_of(found))
            if not arguments.watch:
                return OK if found["value"] is not None else PROBLEM
            pause(WATCH_PERIOD_S)
    except KeyboardInterrupt:
        return OK


def _over_socket(hub: HubPlace, point: str) -> dict[str, Any]:
    from controller.commands.contact import ask  # noqa: PLC0415

    return {**ask(hub, method="read", names=[point])["values"][0], "through": "controller"}


def _hub(arguments: argparse.Namespace) -> HubPlace | None:
    """The hub here; None when a site file was named that no controller has run.

    Raises:
        CommandError: none was named, or a run folder that is not there: a mistyped one opens no second connection.
    """
    is_none_there = arguments.run_dir is not None and not arguments.run_dir.exists()
    if arguments.site is not None and is_none_there:
        raise CommandError("no_contact", NO_CONTACT, f"there is no folder {arguments.run_dir}", "Leave --run-dir away.")
    try:
        return find_hub(arguments.site, arguments.run_dir)
    except CommandError as error:
        if arguments.site is None or error.exit_code != NO_CONTACT:
            raise
        return None


def _site(arguments: argparse.Namespace, hub: HubPlace | None) -> str:
    """The site file to find the device by: the one named, else the one that the last controller ran."""
    is_file = arguments.site is not None and (arguments.site.endswith(".toml") or Path(arguments.site).exists())
    if is_file or hub is None or hub.places is None:
        if arguments.site is None:
            from controller.commands.contact import nobody  # noqa: PLC0415

            assert hub is not None, "nobody was named, so one was found"
            raise nobody(hub, "name its site file, as SITE, to ask the device itself")
        return str(arguments.site)
    return str(hub.places.site)


def lines_of(found: dict[str, Any]) -> list[str]:
    """For people: the value, why there is none, and where it comes from."""
    first = f"{found['name']} = {_value(found['value'], found['field'])}{_age(found['age_s'])}"
    return [first, *_why_not(found), *(f"  {_source(source)}" for source in found["sources"])]


def _why_not(found: dict[str, Any]) -> Iterator[str]:
    """Why there is no value although its devices have told some."""
    told = [
        source for source in found["sources"] if source["age_s"] is not None and source.get("max_age_s") is not None
    ]
    old = [source for source in told if source["age_s"] > source["max_age_s"]]
    if found["value"] is None and old:
        oldest = max(old, key=lambda source: float(source["age_s"] - source["max_age_s"]))
        limit = f"{oldest['max_age_s']:g} s is the limit: an older value may be judged by no more"
        yield f"  too old: {oldest['device']} {oldest['point']} is of {oldest['age_s']:.2f} s ago; {limit}"


def _source(source: dict[str, Any]) -> str:
    said = _value(source["value"], source["point"])
    up = "" if source["is_up"] else ", silent"
    raw = "" if source["raw"] is None else f", raw {source['raw']}"
    return f"{source['device']} {source['point']} = {said}{raw}{_age(source['age_s'])}, {source['where']}{up}"


def _age(age_s: float | None) -> str:
    return "" if age_s is None else f", {age_s:.2f} s old"


def _value(value: Any, name: str) -> str:
    unit = _unit(name)
    if value is None:
        return "not available"
    if isinstance(value, dict):
        return " / ".join(f"{number:g}" for number in value.values()) + f" {unit}"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value).lower() if isinstance(value, bool) else str(value)
    return f"{value:g} {unit}".rstrip()


def _unit(name: str) -> str:
    symbols = {"v": "V", "hz": "Hz", "w": "W", "pct": "%", "a": "A", "deg": "°", "l": "l", "c": "°C", "m2": "W/m²"}
    return symbols.get(name.rpartition("_")[2], "")
