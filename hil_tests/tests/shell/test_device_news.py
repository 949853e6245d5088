"""What is told of links that go and come: losses, not hiccups."""

from __future__ import annotations

from controller.device_news import DeviceNews
from controller.model.reasons import Reason


def told(news: DeviceNews, now_s: float, *lost: str) -> list[tuple[Reason | None, str | None]]:
    return [(event.reason, event.subject) for event in news.of_links(lost, now_s, may_be_away=False)]


def test_a_link_that_stays_away_is_told_once_and_so_is_its_return() -> None:
    news = DeviceNews()
    assert [told(news, 0.0), told(news, 1.0, "relay"), told(news, 1.7, "relay")] == [[], [], []]
    assert told(news, 2.0, "relay") == [(Reason.DEVICE_LOST, "relay")]
    assert told(news, 3.0, "relay") == []
    assert told(news, 4.0) == [(Reason.DEVICE_BACK, "relay")]


def test_two_hiccups_an_hour_apart_are_no_loss_of_an_hour() -> None:
    news = DeviceNews()
    told(news, 0.0)
    assert told(news, 10.0, "relay") == []
    assert told(news, 10.1) == []
    assert told(news, 3610.0, "relay") == []
    assert told(news, 3611.0, "relay") == [(Reason.DEVICE_LOST, "relay")]
