"""An order to the running controller, and what becomes of it: its own answer, and then the modes that it goes through.

Nothing here needs the journal. With a full disk people must give orders as ever, and be told what came of them; that
an order is not written down yet is told as well, for a restart of the controller would forget it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from controller.commands.asker import who
from controller.commands.contact import NoContactError, ask, nobody
from controller.commands.frame import PROBLEM, CommandError, pause
from controller.commands.hubs import HubPlace

if TYPE_CHECKING:
    from controller.commands.situation import Looks
    from controller.status import Status
    from supervisor.words import Words

ANSWER_S = 4.0
WRITTEN_S = 1.0  # a sound disk takes some milliseconds
LOOK_S = 0.1
HINT = "'hallig status' shows what it does now, 'hallig events' what it has written down."


@dataclass(frozen=True, slots=True)
class Answer:
    """What the controller says of one request."""

    is_taken: bool
    reason: str  # code: `operator` when it was taken
    at_s: float
    is_written: bool  # in the journal, on disk
    why_unwritten: str = ""  # "": it is, or nobody knows why not


def ask_for(hub: HubPlace, kind: str, **more: object) -> Answer:
    """Ask for something. `more`: fields of the request; those that are None are not told.

    Raises:
        NoContactError: nobody is there to be asked.
        CommandError: it was asked, and nobody has answered in time.
    """
    told = {name: value for name, value in more.items() if value is not None}
    request = ask(hub, method="request", kind=kind, who=who(), **told)["id"]
    answer = _answer(hub, request)
    for _ in range(round(ANSWER_S / LOOK_S)):
        if answer is not None:
            break
        pause(LOOK_S)
        answer = _answer(hub, request)
    if answer is None:
        what = "it was asked, but the controller has not said in time what came of it"
        raise CommandError("no_answer", PROBLEM, what, HINT)
    for _ in range(round(WRITTEN_S / LOOK_S)):
        if answer.is_written or answer.why_unwritten:
            break
        pause(LOOK_S)
        answer = _answer(hub, request) or answer
    return answer


def unwritten(answer: Answer, say: Words) -> list[str]:
    """The line for people about an order that is not on disk; none when it is."""
    if answer.is_written:
        return []
    return [say("ask.unwritten", why=answer.why_unwritten) if answer.why_unwritten else say("ask.unwritten_late")]


def refused(answer: Answer, say: Words) -> CommandError:
    """A refusal with its reason."""
    why = say("island.refused", reason=say(f"reason.{answer.reason}"))
    return CommandError("refused", PROBLEM, why, " ".join(unwritten(answer, say)))


def modes_since(looks: Looks, since_s: float, patience_s: float) -> Iterator[Status]:
    """The state each time that it shows another mode than it had then, until patience is over.

    Raises NoContactError when the controller falls silent.
    """
    known_s = None
    for _ in range(max(1, round(patience_s / LOOK_S))):
        look = looks.look()
        if not look.has_contact:
            raise nobody(look.hub)
        changed_s = look.status.mode_since_s
        if changed_s >= since_s and changed_s != known_s:
            known_s = changed_s
            yield look.status
        pause(LOOK_S)


def _answer(hub: HubPlace, request: Any) -> Answer | None:
    """None: nobody says it now, which need not mean that it was not taken: it has been asked."""
    try:
        told = ask(hub, method="answer", id=request)["answer"]
    except NoContactError:
        return None
    except CommandError as error:
        if error.code != "unknown_method":
            raise
        older = "it was asked; the controller is older than this command and does not say what came of it"
        raise CommandError("no_answer", PROBLEM, older, HINT) from None
    if told is None:
        return None
    return Answer(told["taken"], told["reason"], told["at_s"], told["written"], told["why_unwritten"])
