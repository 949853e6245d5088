"""Asking the running controller; and saying clearly why it does not answer."""

from __future__ import annotations

from typing import Any

from controller.commands.frame import NO_CONTACT, PROBLEM, USAGE, CommandError
from controller.commands.hubs import HubPlace
from controller.socket_client import SocketClient

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
        raise _nobody(hub) from None
    except TimeoutError:
        hint = "If it stays so, its watchdog restarts it: see 'journalctl -u hallig-controller'."
        raise NoContactError(f"the controller of '{hub.name}' does not answer in time", hint) from None
    except (OSError, ValueError) as error:
        hint = "It admits eight at once, and only its own user and group. Try again in a moment."
        raise NoContactError(f"the controller of '{hub.name}' broke off: {error}", hint) from None
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


def _nobody(hub: HubPlace) -> NoContactError:
    if hub.is_running:
        hint = "It may be starting: try again in a moment."
        return NoContactError(f"a controller of '{hub.name}' runs, and has no socket in {hub.run_dir}", hint)
    hint = f"Start it with 'hallig run {hub.name}' or 'systemctl start hallig-controller'."
    return NoContactError(f"the controller of '{hub.name}' is not running (nobody holds {hub.run_dir})", hint)


def _refusal(answer: dict[str, Any]) -> CommandError:
    code, detail = str(answer["error"]), answer.get("detail", "")
    text = "; ".join(map(str, detail)) if isinstance(detail, list) else str(detail)
    return CommandError(code, EXIT_BY_ERROR.get(code, PROBLEM), text or code)
