"""`hallig observe on|off`: a person's request, answered by what the controller then does, not by what was sent."""

from __future__ import annotations

import argparse
from typing import Any

from controller.commands.frame import (
    NO_CONTACT,
    OK,
    PROBLEM,
    USAGE,
    About,
    CommandError,
    Parser,
    add_language,
    pause,
    print_json,
    print_lines,
)
from controller.commands.hubs import HubPlace, add_hub, find_hub

PATIENCE_S = 4.0
LOOK_S = 0.1
KIND = {"on": "observe_on", "off": "observe_off"}
WANTED = {"on": "observe", "off": "auto"}
ABOUT = About(
    name="observe",
    line="watch only, or act again",
    text="""\
'on': the controller goes on to poll, to decide and to write into its journal
what it would have done, and writes nothing to any device, heartbeats included;
devices that miss the heartbeat do what their table says. 'off': it forgets what
it only imagined, reads the mode off the plant as after a start, and acts. The
request is journaled with your name, and what it sets survives restarts. The
command waits until the controller has taken it, and says what it does now.""",
    examples=(
        ("hallig observe on", "before the first week on a new hub, or for work on it"),
        ("hallig observe off", "let it act"),
        ("hallig observe on musterhallig --json", "for a program: authority before and after"),
    ),
    then="'hallig status' shows the authority; 'hallig events --follow' what it would do.",
    exits={
        OK: "it took effect, or was so already",
        PROBLEM: "the controller refused, or it did not take effect in time",
        USAGE: "wrong use",
        NO_CONTACT: "no controller answers",
    },
    keys={
        "hub": "name of the hub",
        "authority_before": "observe, auto or manual",
        "authority": "what it is now",
        "took_effect": "whether it is what was asked for",
        "mode": "the mode that the controller is in now",
        "devices": "with `on`: what each device with a heartbeat does: `device`, `after_s`, `on_grid`, `islanded`",
    },
)


def add_arguments(parser: Parser) -> None:
    """On or off, and of which hub."""
    parser.add_argument("switch", metavar="on|off", choices=("on", "off"), help="watch only, or act")
    add_hub(parser)
    add_language(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask, wait for the effect, say what it means."""
    from controller.commands.asking import ask_for, unwritten  # noqa: PLC0415  (pydantic: not for --help)
    from controller.commands.contact import ask  # noqa: PLC0415
    from controller.commands.situation import Looker  # noqa: PLC0415
    from controller.commands.speech import speaker  # noqa: PLC0415

    hub, wanted, say = find_hub(arguments.site, arguments.run_dir), WANTED[arguments.switch], speaker(arguments.lang)
    looker = Looker(hub)
    ask(hub, method="ping")
    before = looker.look().status.authority.value
    answer = ask_for(hub, KIND[arguments.switch]) if before != wanted else None
    look = _after(looker, wanted, PATIENCE_S if answer is None or answer.is_taken else LOOK_S)
    status = look.status
    took_effect = look.has_contact and status.authority.value == wanted
    devices = _devices(hub) if arguments.switch == "on" else []
    if arguments.as_json:
        told = {"hub": hub.name, "authority_before": before, "authority": status.authority.value}
        print_json({**told, "took_effect": took_effect, "mode": status.mode.value, "devices": devices})
        return OK if took_effect else PROBLEM
    if not took_effect:
        raise CommandError("refused", PROBLEM, _why_not(say, before), "'hallig events' has its answer.")
    already = [say("observe.already")] if before == wanted else []
    meaning = say(f"observe.{arguments.switch}", mode=say(f"mode.{status.mode.value}"))
    remarks = unwritten(answer, say) if answer is not None else []
    print_lines([*already, *meaning.splitlines(), *(_device_line(say, device) for device in devices), *remarks])
    return OK


def _after(looker: Any, wanted: str, patience_s: float) -> Any:
    """The state once it shows what was asked for, or when patience is over."""
    look = looker.look()
    for _ in range(round(patience_s / LOOK_S)):
        if look.has_contact and look.status.authority.value == wanted:
            break
        pause(LOOK_S)
        look = looker.look()
    return look


def _why_not(say: Any, before: str) -> str:
    return str(say("observe.manual" if before == "manual" else "observe.no_effect"))


def _devices(hub: HubPlace) -> list[dict[str, Any]]:
    """What each device with a heartbeat does without one; nothing when the site file cannot be read here."""
    from controller.commands.sites import load  # noqa: PLC0415

    if hub.places is None:
        return []
    try:
        site = load(str(hub.places.site))
    except CommandError:
        return []
    return [
        {
            "device": device.name,
            "after_s": device.table.reversion_s,
            "on_grid": device.table.on_loss.value,
            "islanded": device.table.on_loss_island.value,
        }
        for device in site.devices.values()
        if device.table.heartbeat is not None
    ]


def _device_line(say: Any, device: dict[str, Any]) -> str:
    key = "observe.device" if device["after_s"] is not None else "observe.device_never"
    words = {side: say(f"loss.{device[side]}") for side in ("on_grid", "islanded")}
    return "  " + str(say(key, device=device["device"], seconds=f"{device['after_s'] or 0:.0f}", **words))
