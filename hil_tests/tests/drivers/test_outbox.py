"""The outbox alone, in virtual time: what is sent, what is not sent again, what is unknown."""

from __future__ import annotations

from controller.drivers.link import Value
from controller.drivers.outbox import Outbox, Wish


def sent(outbox: Outbox, now_s: float) -> list[tuple[str, Value]]:
    """Take everything there is to send, and let the device accept it."""
    wishes: list[tuple[str, Value]] = []
    while (wish := outbox.take(now_s)) is not None:
        outbox.sending(wish, now_s)
        outbox.answered(wish)
        wishes.append((wish.point, wish.value))
    return wishes


def taken(outbox: Outbox, now_s: float) -> Wish:
    wish = outbox.take(now_s)
    assert wish is not None
    return wish


def test_the_newest_wish_counts() -> None:
    outbox = Outbox(frozenset())
    outbox.put("limit", 1.0, 0.0)
    outbox.put("limit", 2.0, 0.1)
    assert sent(outbox, 0.1) == [("limit", 2.0)]


def test_a_level_is_sent_once_and_restated_each_second() -> None:
    outbox = Outbox(frozenset())
    times: list[float] = []
    for cycle in range(61):
        now_s = cycle * 0.05
        outbox.put("open", True, now_s)
        times += [now_s for _ in sent(outbox, now_s)]
    assert times == [0.0, 1.0, 2.0, 3.0]


def test_a_change_is_sent_at_once_and_back_again() -> None:
    outbox = Outbox(frozenset())
    assert [outbox.put("open", value, 0.0) and sent(outbox, 0.0) for value in (True, False, True)] == [
        [("open", True)],
        [("open", False)],
        [("open", True)],
    ]


def test_a_wish_overtaken_before_it_was_sent_never_leaves() -> None:
    outbox = Outbox(frozenset())
    outbox.put("closed", False, 0.0)
    sent(outbox, 0.0)
    outbox.put("closed", True, 0.1)
    outbox.put("closed", False, 0.1)
    assert sent(outbox, 0.1) == []


def test_a_wish_that_nobody_restates_dies() -> None:
    outbox = Outbox(frozenset())
    outbox.put("close", True, 0.0)
    assert outbox.take(0.6) is None
    assert not outbox.has_wish()


def test_an_accepted_write_is_read_back_where_it_can_be() -> None:
    outbox = Outbox(frozenset({"limit"}))
    outbox.put("limit", 5.0, 0.0)
    outbox.put("close", True, 0.0)
    assert sent(outbox, 0.0) == [("close", True), ("limit", 5.0)]
    assert outbox.take_check() == ("limit", 5.0)
    assert outbox.take_check() is None


def test_a_lost_answer_makes_the_point_unknown_and_only_the_same_value_is_asked_for_first() -> None:
    outbox = Outbox(frozenset({"limit"}))
    outbox.put("limit", 5.0, 0.0)
    wish = taken(outbox, 0.0)
    outbox.sending(wish, 0.0)
    assert not outbox.put("limit", 5.0, 0.05), "while it is under way, restating sends nothing"
    outbox.lost(wish)
    assert outbox.put("limit", 5.0, 0.1)
    again = taken(outbox, 0.1)
    assert outbox.must_check_first(again)
    outbox.has(again, 0.1)
    assert not outbox.put("limit", 5.0, 0.15)
    outbox.lost(again)
    outbox.put("limit", 6.0, 0.2)
    assert not outbox.must_check_first(taken(outbox, 0.2))


def test_what_a_busy_device_was_told_is_asked_for_after_a_second() -> None:
    outbox = Outbox(frozenset({"limit"}))
    outbox.put("limit", 5.0, 0.0)
    outbox.doubted(sending(outbox))
    assert not outbox.put("limit", 5.0, 0.95)
    assert outbox.put("limit", 5.0, 1.05)
    assert outbox.must_check_first(taken(outbox, 1.05))
    assert outbox.put("limit", 6.0, 0.5), "something else is not kept waiting"
    assert not outbox.must_check_first(taken(outbox, 0.5))


def test_what_cannot_be_read_is_sent_again_after_a_lost_answer() -> None:
    outbox = Outbox(frozenset())
    outbox.put("open", True, 0.0)
    wish = taken(outbox, 0.0)
    outbox.sending(wish, 0.0)
    outbox.lost(wish)
    outbox.put("open", True, 0.05)
    assert not outbox.must_check_first(taken(outbox, 0.05))


def test_after_the_device_was_away_everything_is_unknown() -> None:
    outbox = Outbox(frozenset({"limit"}))
    outbox.put("limit", 5.0, 0.0)
    sent(outbox, 0.0)
    outbox.forget()
    assert outbox.take_check() is None
    assert outbox.put("limit", 5.0, 0.05)
    assert outbox.must_check_first(taken(outbox, 0.05))


def asked_about(outbox: Outbox, value: Value) -> Wish:
    """A wish whose first write was lost, taken to be looked for in the device at 0.1 s."""
    outbox.put("closed", value, 0.0)
    outbox.lost(sending(outbox))
    outbox.put("closed", value, 0.1)
    wish = taken(outbox, 0.1)
    assert outbox.must_check_first(wish)
    return wish


def sending(outbox: Outbox) -> Wish:
    wish = taken(outbox, 0.0)
    outbox.sending(wish, 0.0)
    return wish


def test_while_the_device_is_asked_the_newest_wish_overtakes_the_one_it_is_asked_about() -> None:
    outbox = Outbox(frozenset({"closed"}))
    wish = asked_about(outbox, value=True)
    assert not outbox.is_overtaken(wish, 0.2)
    assert outbox.is_overtaken(wish, 0.7), "nobody has restated it"
    outbox.put("closed", True, 0.6)
    assert not outbox.is_overtaken(wish, 0.7), "restated"
    outbox.put("closed", False, 0.65)
    assert outbox.is_overtaken(wish, 0.7), "taken back"


def test_what_was_restated_while_the_device_was_asked_is_not_sent_twice() -> None:
    outbox = Outbox(frozenset({"closed"}))
    wish = asked_about(outbox, value=True)
    outbox.put("closed", True, 0.2)
    outbox.has(wish, 0.3)
    assert outbox.take(0.3) is None
    outbox.put("closed", False, 0.4)
    outbox.sending(wish, 0.4)
    assert sent(outbox, 0.4) == [("closed", False)], "and another value is"
