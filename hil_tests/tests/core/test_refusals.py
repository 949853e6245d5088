"""Whoever is refused is told why. `ask open desk` was answered "not possible, or not now"."""

from __future__ import annotations

import pytest

from controller.core.memory import CoreMemory
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.frozen import replace
from controller.model.memory import DurableMemory
from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority
from hil_tests.tests.core.hubs import hub, on_grid
from hil_tests.tests.core.run import Run


def answer(kind: RequestKind, subject: str | None, authority: Authority) -> tuple[EventKind, Reason, CoreMemory]:
    run = Run(hub())
    run.memory = replace(run.memory, durable=DurableMemory(authority=authority))
    run.see(on_grid, 0.2)
    wish = OperatorRequest("1", kind, subject, "duty", at_the_hub=True, expires_at_s=run.now_s + 5.0)
    decision = run.see(on_grid, advice=Advice(requests=(wish,)))
    event = next(e for e in decision.events if e.kind in (EventKind.REQUESTED, EventKind.REQUEST_REFUSED))
    return event.kind, event.reason, decision.memory


@pytest.mark.parametrize(
    ("kind", "subject", "authority", "why"),
    [
        (RequestKind.OPEN_FEEDER, "desk", Authority.AUTO, Reason.CARRIES_CONTROL),
        (RequestKind.OPEN_FEEDER, "moped", Authority.AUTO, Reason.UNKNOWN_ASSET),
        (RequestKind.CLOSE_FEEDER, None, Authority.AUTO, Reason.UNKNOWN_ASSET),
        (RequestKind.START_GENSET, "desk", Authority.AUTO, Reason.UNKNOWN_ASSET),
        (RequestKind.STOP_GENSET, "moped", Authority.AUTO, Reason.UNKNOWN_ASSET),
        (RequestKind.RELEASE_LATCH, "poi_close", Authority.AUTO, Reason.NOTHING_LATCHED),
        (RequestKind.RELEASE_LATCH, "lockout", Authority.AUTO, Reason.NOTHING_LATCHED),
        (RequestKind.OBSERVE_OFF, None, Authority.MANUAL, Reason.IN_MANUAL),
        (RequestKind.MANUAL_OFF, None, Authority.OBSERVE, Reason.OBSERVE_ONLY),
        (RequestKind.RECONNECT, None, Authority.AUTO, Reason.ON_GRID_ALREADY),
    ],
)
def test_a_refusal_says_why_and_changes_nothing(
    kind: RequestKind, subject: str | None, authority: Authority, why: Reason
) -> None:
    said, reason, memory = answer(kind, subject, authority)
    assert (said, reason) == (EventKind.REQUEST_REFUSED, why)
    assert memory.durable == DurableMemory(authority=authority)
