"""Asking the running controller; and saying clearly why it does not answer."""

from __future__ import annotations

import shlex
from typing import Any

from controller.commands.frame import NO_CONTACT, PROBLEM, USAGE, CommandError
from controller.commands.hubs import HubPlace, hubs_in
from controller.plain_words import in_words
from controller.socket_client import SocketClient
from controller.whereabouts import DEFAULT_DATA_DIR, default_run_dir

EXIT_BY_ERROR = {"unknown_point": USAGE, "bad_request": USAGE}


class NoContactError(CommandError):
    """Nobody answers at the control socket."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__("no_contact", NO_CONTACT, message, hint)


def ask(hub: HubPlace, **question: object) -> dict[str, Any]:
    """One question, one answer.

    Raises:
        NoContactError: nobody answers; says why, as far as can be told.
        CommandError: the controller answers that it will not.
    """
    try:
        answer = SocketClient(hub.run_dir).ask(**question)
    except PermissionError:
        hint = "Ask as its user or group: 'sudo -u hallig hallig ...', or become a member of the group 'hallig'."
        raise NoContactError(f"no permission to speak to the controller of '{hub.name}'", hint) from None
    except (FileNotFoundError, ConnectionRefusedError):
        raise nobody(hub) from None
    except TimeoutError:
        hint = (
            "What was asked may still be done once it goes on: look with 'hallig events'. "
            "If it stays so, its watchdog restarts it: see 'journalctl -u hallig-controller'."
        )
        raise NoContactError(f"the controller of '{hub.name}' does not answer in time", hint) from None
    except (OSError, ValueError) as error:
        hint = "It admits eight at once, and only its own user and group. Try again in a moment."
        raise NoContactError(f"the controller of '{hub.name}' broke off: {in_words(error)}", hint) from None
    if "error" in answer:
        raise _refusal(answer)
    return answer


def is_answering(hub: HubPlace) -> bool:
    """A controller holds the hub; asked of it where the kernel's list of locks does not show (in a container)."""
    if hub.is_running:
        return True
    try:
        ask(hub, method="ping")
    except NoContactError:
        return False
    return True


def nobody(hub: HubPlace, instead: str = "name the --run-dir of one that runs") -> NoContactError:
    """Why there is neither an answer nor a state: it is starting, it is not running, or it never ran there."""
    if hub.is_running:
        why = f"the controller in {hub.run_dir} is starting: it holds the folder and says nothing yet"
        return NoContactError(why, "Try again in a moment.")
    if hub.places is not None:
        why = f"the controller of '{hub.name}' is not running (nobody holds {hub.run_dir})"
        return NoContactError(why, f"Start it with '{start_line(hub)}'.")
    inside = hubs_in(hub.run_dir)
    if inside and inside[0].run_dir != hub.run_dir:
        hint = f"Name one of those in it: {', '.join(str(each.run_dir) for each in inside)}."
        return NoContactError(f"{hub.run_dir} is not the run folder of a controller", hint)
    if hub.run_dir.is_file():
        return NoContactError(f"{hub.run_dir} is a file, not a run folder", "Name the folder that it is in.")
    what = "no controller has run in" if hub.run_dir.is_dir() else "there is no folder"
    return NoContactError(f"{what} {hub.run_dir}", f"Start one there with '{start_line(hub)}', or {instead}.")


def start_line(hub: HubPlace) -> str:
    """What starts its controller where it was: by its own site file, which only a run folder knows."""
    words = ["hallig", "run", "SITE" if hub.places is None else str(hub.places.site)]
    if hub.run_dir != default_run_dir(hub.name):
        words += ["--run-dir", str(hub.run_dir)]
    if hub.places is not None and hub.places.data_dir != DEFAULT_DATA_DIR:
        words += ["--data-dir", str(hub.places.data_dir)]
    return shlex.join(words)


def _refusal(answer: dict[str, Any]) -> CommandError:
    code, detail = str(answer["error"]), answer.get("detail", "")
    text = "; ".join(map(str, detail)) if isinstance(detail, list) else str(detail)
    return CommandError(code, EXIT_BY_ERROR.get(code, PROBLEM), text or code)
