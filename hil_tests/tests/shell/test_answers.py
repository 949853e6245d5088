"""What the running controller says became of a request, with or without a disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.answers import ANSWERS_MAX, Answers
from controller.ledger import Ticket
from controller.model.decision import Event
from controller.model.reasons import EventKind, Reason
from controller.status import JournalStatus
from hil_tests.tests.shell.test_loop import Served


class Disk:
    """A journal of which only this is asked."""

    def __init__(self, written: int, why: str) -> None:
        self.written, self.why = written, why

    @property
    def status(self) -> JournalStatus:
        return JournalStatus(not self.why, 0, 0, self.why)

    def is_durable(self, ticket: Ticket) -> bool:
        return ticket.number <= self.written


def answered(request: str, kind: EventKind = EventKind.REQUESTED, reason: Reason = Reason.OPERATOR) -> Event:
    return Event(kind, reason, "hub", {"what": "manual_on"}, "people: person_asked", {"request": request})


def test_an_answer_is_told_before_it_is_written_and_says_so() -> None:
    disk = Disk(6, "the disk is full")
    answers = Answers(disk)
    assert answers.told("1-1") is None
    answers.note([answered("1-1")], Ticket(7), 20.0)
    told = {"taken": True, "reason": "operator", "at_s": 20.0}
    assert answers.told("1-1") == {**told, "written": False, "why_unwritten": "the disk is full"}
    disk.written = 7
    assert answers.told("1-1") == {**told, "written": True, "why_unwritten": ""}, "the trouble is another line's"


@pytest.mark.parametrize("kind", [EventKind.REQUEST_REFUSED, EventKind.SHED])
def test_a_refusal_is_an_answer_and_nothing_else_is_one(kind: EventKind) -> None:
    answers = Answers(Disk(9, ""))
    answers.note([answered("1-1", kind, Reason.NOT_DARK)], Ticket(7), 20.0)
    told = answers.told("1-1")
    assert (told and (told["taken"], told["reason"])) == (
        (False, "not_dark") if kind is EventKind.REQUEST_REFUSED else None
    )


def test_the_oldest_answers_are_forgotten() -> None:
    answers = Answers(Disk(0, ""))
    for number in range(ANSWERS_MAX + 5):
        answers.note([answered(f"1-{number}")], Ticket(number), float(number))
    known = [number for number in range(ANSWERS_MAX + 5) if answers.told(f"1-{number}") is not None]
    assert known == list(range(5, ANSWERS_MAX + 5))


async def test_it_is_asked_over_the_socket_by_the_id_that_the_request_was_given(tmp_path: Path) -> None:
    async with Served(tmp_path) as served:
        request = (await served.ask(method="request", kind="observe_on", who="duty"))["id"]
        assert await served.ask(method="answer", id=request) == {"answer": None}
        served.socket.answers.note([answered(request)], Ticket(0), 20.0)
        assert (await served.ask(method="answer", id=request))["answer"]["taken"] is True
        assert (await served.ask(method="answer"))["error"] == "bad_request"
