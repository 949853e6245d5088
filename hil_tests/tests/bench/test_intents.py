"""The intent of an order is its own: a retry is not excused by the first try, nor by a disk that failed long ago."""

from __future__ import annotations

import pytest

from controller.model.decision import Event
from controller.model.reasons import EventKind, Reason
from hil_tests.bench.scene import Received
from hil_tests.fuzz.intents import lost_at_the_crash
from hil_tests.simulation.bench import Bench


def lost(said: list[tuple[float, EventKind, str]], ordered: list[tuple[float, str, str]]) -> list[str]:
    bench = Bench.of()
    for at_s, kind, subject in said:
        reason = Reason.INTENT_NOT_DURABLE if kind is EventKind.JOURNAL else Reason.RESTORE
        bench.journal.write(Event(kind, reason, subject, {}), at_s)
    orders = [Received(at_s, "device", asset, field, True) for at_s, asset, field in ordered]
    return lost_at_the_crash(bench, 0, orders)


CLOSE, UNSAVED = EventKind.ORDERED_CLOSE, EventKind.JOURNAL


@pytest.mark.parametrize(
    ("said", "ordered", "expected"),
    [
        pytest.param([(9.0, CLOSE, "phones")], [(10.0, "phones", "closed")], 0, id="its own"),
        pytest.param([(11.0, CLOSE, "phones")], [(10.0, "phones", "closed")], 1, id="afterwards"),
        pytest.param([(9.0, CLOSE, "water")], [(10.0, "phones", "closed")], 1, id="another's"),
        pytest.param([(9.0, CLOSE, "phones")], [(10.0, "phones", "closed"), (30.0, "phones", "closed")], 1, id="retry"),
        pytest.param(
            [(9.0, CLOSE, "phones"), (29.0, CLOSE, "phones")],
            [(10.0, "phones", "closed"), (30.0, "phones", "closed")],
            0,
            id="retry with its own",
        ),
        pytest.param([(10.0, CLOSE, "phones")], [(100.0, "phones", "closed")], 1, id="too old"),
        pytest.param([(10.0, CLOSE, "poi")], [(100.0, "poi", "close_permit")], 0, id="a permission lasts"),
        pytest.param([(10.0, UNSAVED, "phones")], [(10.1, "phones", "closed")], 0, id="could not be saved"),
        pytest.param([(10.0, UNSAVED, "phones")], [(100.0, "phones", "closed")], 1, id="another could not be saved"),
    ],
)
def test_each_order_wants_an_intent_of_its_own(
    said: list[tuple[float, EventKind, str]], ordered: list[tuple[float, str, str]], expected: int
) -> None:
    assert len(lost(said, ordered)) == expected
