from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from controller import clock
from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, ClockQuality, GridVerdict, Mode
from controller.status import SCHEMA, DeviceStatus, HoursLeft, JournalStatus, LatchStatus, Status
from hil_tests.tests.web.html import LANGUAGE, NOON_UNIX_S, heading, page, text, tones, tree
from hil_tests.tests.web.journals import event
from hil_tests.tests.web.statuses import aged, as_dict, dark, in_mode, islanded, on_grid, publish
from supervisor.events import TOLD_KINDS
from supervisor.instants import Now
from supervisor.mirror import EventMirror
from supervisor.pages import Pages
from supervisor.reading import StatusReader
from supervisor.words import words

# ---- every state, every language ------------------------------------------------------------------------------------


@LANGUAGE
@pytest.mark.parametrize("mode", Mode)
def test_every_mode_is_one_word_and_a_sentence(tmp_path: Path, mode: Mode, language: str) -> None:
    html = page(tmp_path, in_mode(mode), language)
    say = words(language)
    assert heading(html) == say(f"mode.{mode.value}")
    assert tree(html).get("lang") == language
    assert say("page.events") in text(html)
    levels = [int(found) for found in re.findall(r"<h(\d)>", html)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels)), "no level is skipped"


@LANGUAGE
@pytest.mark.parametrize("status", [islanded(), on_grid(), dark(), aged(islanded(), 600.0), None])
def test_the_public_is_told_no_kilowatts_and_no_litres(tmp_path: Path, status: Status | None, language: str) -> None:
    told = text(page(tmp_path, status, language))
    assert re.search(r"\bk?Wh?\b|lit(re|er)|\b1234|\b123[.,]4", told, re.IGNORECASE) is None


# ---- how long -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "words_of_it"),
    [
        (41.9 * 3600, "at least 41 hours"),
        (300 * 3600.0, "at least 72 hours"),
        (7199.0, "at least 115 minutes"),
        (400.0, "at least 5 minutes"),
        (200.0, "less than 5 minutes"),
        (-5.0, "less than 5 minutes"),
    ],
)
def test_hours_are_rounded_down_and_never_beyond_three_days(tmp_path: Path, seconds: float, words_of_it: str) -> None:
    html = page(tmp_path, replace(islanded(), hours_left=HoursLeft(seconds, "soc_unknown")))
    assert words_of_it in text(html)


def test_a_time_of_day_needs_a_good_clock(tmp_path: Path) -> None:
    status = islanded()
    good = Now(status.written_at_s, NOON_UNIX_S, ClockQuality.HOLDOVER)
    unset = Now(status.written_at_s, 4000.0, ClockQuality.UNSET)
    assert "that is, until" in text(page(tmp_path, status, now=good))
    told = text(page(tmp_path, status, now=unset))
    assert "that is, until" not in told
    assert "for 6 h 13 min" in told.replace("\u00a0", " ")
    assert "The time of day is not certain" in told


def test_a_clock_that_the_controller_does_not_believe_is_not_shown(tmp_path: Path) -> None:
    now = Now(clock.now_s(), NOON_UNIX_S, ClockQuality.SYNCED)
    told = text(page(tmp_path, replace(islanded(), clock=ClockQuality.UNSET), now=now))
    assert "at least 41 hours" in told
    assert "that is, until" not in told
    assert "The time of day is not certain" in told


def test_on_a_normal_day_it_says_for_how_long_the_hub_is_ready(tmp_path: Path) -> None:
    assert "If the grid failed now ready for at least 46 hours" in text(page(tmp_path, on_grid()))


@pytest.mark.parametrize(
    "change",
    [
        {"authority": Authority.OBSERVE},
        {"latches": (LatchStatus("poi_close", Reason.POI_WILL_NOT_CLOSE, 0.0),)},
        {"keys_are_seen": False},
        {"grid": replace(on_grid().grid, poi_position=None)},
    ],
)
def test_a_hub_that_would_not_act_promises_nothing(tmp_path: Path, change: dict[str, object]) -> None:
    told = text(page(tmp_path, replace(on_grid(), **change)))  # type: ignore[arg-type]
    assert "ready for" not in told
    assert "would not supply itself" in told


def test_a_grid_that_nobody_measures_is_neither_there_nor_gone(tmp_path: Path) -> None:
    told = text(page(tmp_path, replace(on_grid(), grid=replace(on_grid().grid, verdict=GridVerdict.UNKNOWN))))
    assert "The grid is not being measured right now" in told
    assert "You need not do anything" not in told
    assert "ready for" not in told
    assert "is working" not in told


def test_unknown_charge_is_said_so(tmp_path: Path) -> None:
    told = text(page(tmp_path, replace(islanded(), hours_left=HoursLeft(None, "soc_unknown"))))
    assert "How long power lasts not known The charge of the batteries is not known right now." in told


@pytest.mark.parametrize(
    ("language", "value"),
    [
        ("de", "noch nicht bekannt Der jetzige Verbrauch ist noch nicht gemessen."),
        ("da", "endnu ikke kendt Forbruget er endnu ikke målt."),
        ("en", "not yet known What is used now has not been measured yet."),
    ],
)
def test_an_island_whose_load_is_not_measured_yet_promises_no_hours(tmp_path: Path, language: str, value: str) -> None:
    told = text(page(tmp_path, replace(islanded(), hours_left=HoursLeft(None, "load_not_measured")), language))
    assert value in told
    assert "72" not in told


def test_an_assumption_of_a_newer_controller_needs_no_words(tmp_path: Path) -> None:
    assert "A careful estimate." in text(page(tmp_path, replace(islanded(), hours_left=HoursLeft(9e4, "moonlight"))))


# ---- what must not be overlooked ------------------------------------------------------------------------------------


@LANGUAGE
def test_stale_data_are_grey_and_say_since_when(tmp_path: Path, language: str) -> None:
    html = page(tmp_path, aged(islanded(), 700.0), language)
    say, told = words(language), text(html)
    assert list(tones(html)) == ["grey"]
    assert heading(html) == say("mode.islanded")
    assert [key for key in ("page.stale", "page.last_known", "meaning.stale") if say(key) not in told] == []
    assert say("meaning.islanded") not in told, "nothing is claimed of the present"


def test_data_of_seven_seconds_are_still_the_present(tmp_path: Path) -> None:
    html = page(tmp_path, aged(islanded(), 7.0))
    assert list(tones(html)) == ["island"]
    assert "7 seconds ago" in text(html)


def test_hours_go_on_counting_while_nothing_is_heard(tmp_path: Path) -> None:
    told = text(page(tmp_path, aged(islanded(), 3 * 3600.0)))
    assert "at least 38 hours" in told


def test_before_the_first_contact_the_page_says_so(tmp_path: Path) -> None:
    html = page(tmp_path, None)
    assert heading(html) == "Unknown"
    assert "No contact with the controller yet." in text(html)


def test_after_a_restart_of_the_machine_ages_mean_nothing(tmp_path: Path) -> None:
    html = page(tmp_path, replace(islanded(), boot_id="another"))
    assert list(tones(html)) == ["grey"]
    assert "No contact with the controller since the last restart." in text(html)


def test_a_mode_that_this_page_does_not_know_is_unknown_and_the_rest_is_shown(tmp_path: Path) -> None:
    html = page(tmp_path, as_dict(islanded()) | {"mode": "levitating", "moonlight": 1})
    assert heading(html) == "Unknown"
    assert "Some things may be missing here" in text(html)
    assert "Get warm ✓ now" in text(html)


@LANGUAGE
def test_a_newer_schema_is_said_plainly_instead_of_wrong_numbers(tmp_path: Path, language: str) -> None:
    html = page(tmp_path, as_dict(islanded()) | {"schema": SCHEMA + 1}, language)
    say, told = words(language), text(html)
    assert heading(html) == say("mode.none")
    assert say("meaning.newer") in told
    assert say("hours.title_island") not in told
    assert say("page.offers") not in told


def test_an_older_controller_shows_what_it_has(tmp_path: Path) -> None:
    raw = as_dict(islanded()) | {"schema": SCHEMA - 1}
    del raw["offers"], raw["radios"]
    told = text(page(tmp_path, raw))
    assert "at least 41 hours" in told
    assert "Warm room ✓ on" in told, "no offers: the feeders are told"
    assert "Some things may be missing here" in told


def test_troubles_are_told_with_what_they_mean(tmp_path: Path) -> None:
    status = replace(
        islanded(),
        mode=Mode.LOCKED_OUT,
        reason=Reason.EMERGENCY_OFF,
        authority=Authority.MANUAL,
        latches=(LatchStatus("emergency_off", Reason.EMERGENCY_OFF, 0.0), LatchStatus("cellar", Reason.OPERATOR, 0.0)),
        journal=JournalStatus(is_ok=False, pending_count=3, lost_count=1, reason="no space left"),
        devices=(DeviceStatus("poi_relay", is_up=False), DeviceStatus("inverter_main", is_up=True)),
    )
    told = text(page(tmp_path, status))
    for sentence in (
        "Emergency-off pressed.",
        "Emergency-off was pressed Only a person at this place can release it.",
        "Locked: cellar",
        "Manual: switching back on and reconnecting wait for a person.",
        "Events are not being saved Control goes on all the same.",
        "1 device not reached For the technician: poi_relay",
    ):
        assert sentence in told
    assert "no space left" not in told, "an error text is for engineers"


# ---- the grid -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "reason", "sentence"),
    [
        (GridVerdict.LOST, Reason.GRID_DEAD, "Power grid ✕ failed No voltage in the grid, since"),
        (GridVerdict.REJECTED, Reason.GRID_UNDERFREQUENCY, "Power grid ✕ disturbed Grid frequency too low, since"),
        (GridVerdict.UNKNOWN, Reason.GRID_NOT_MEASURED, "Power grid ? unknown Not measured"),
        (GridVerdict.OK, Reason.GRID_OK, "Power grid ✓ working Main battery"),
    ],
)
def test_the_grid_is_judged_in_words(tmp_path: Path, verdict: GridVerdict, reason: Reason, sentence: str) -> None:
    status = islanded()
    assert sentence in text(page(tmp_path, replace(status, grid=replace(status.grid, verdict=verdict, reason=reason))))


@pytest.mark.parametrize(
    ("in_s", "sentence"),
    [
        (580.0, "Back on grid in about 10 minutes."),
        (118.0, "Back on grid in about 120 seconds."),
        (41.0, "Back on grid in about 45 seconds."),
        (2.0, "Back on grid shortly."),
        (-9.0, "Back on grid shortly."),
    ],
)
def test_the_return_is_announced_in_steps(tmp_path: Path, in_s: float, sentence: str) -> None:
    status = islanded()
    grid = replace(
        status.grid, verdict=GridVerdict.OK, reason=Reason.GRID_OK, reconnect_at_s=status.written_at_s + in_s
    )
    now = Now(status.written_at_s, NOON_UNIX_S, ClockQuality.SYNCED)
    assert sentence in text(page(tmp_path, replace(status, grid=grid), now=now))


# ---- events ---------------------------------------------------------------------------------------------------------


WHEN = re.compile(r"^(?:\w+ \d+/\d+, )?\d\d:\d\d ")  # with its date in the first hour of a day: they are an hour old


def test_events_are_told_newest_first_and_one_act_is_one_line(tmp_path: Path) -> None:
    lines = [" ".join(" ".join(li.itertext()).split()) for li in tree(page(tmp_path, islanded())).findall(".//ol/li")]
    assert [WHEN.sub("", line) for line in lines] == [
        "Island – own supply is up",
        "Off: Car chargers, Charging of phones – so that power lasts for what matters most",
        "Switching over – no voltage in the grid",
        "Power grid failed – no voltage in the grid",
    ]


@LANGUAGE
@pytest.mark.parametrize("kind", sorted(TOLD_KINDS))
def test_every_kind_that_is_told_becomes_a_sentence(tmp_path: Path, kind: str, language: str) -> None:
    publish(tmp_path, islanded())
    mirror = EventMirror(None, TOLD_KINDS)
    mirror.keep(1, [event(1, EventKind(kind), Reason.OPERATOR, "water", to="new_mode", verdict="odd", what="dance")])
    html = Pages(StatusReader(tmp_path), mirror).now(language).html
    assert len(tree(html).findall(".//ol/li")) == 1
    assert "%(" not in text(html)


def test_an_event_without_a_clock_is_told_by_its_age(tmp_path: Path) -> None:
    publish(tmp_path, islanded())
    mirror = EventMirror(None, TOLD_KINDS)
    old = event(1, EventKind.STARTED, Reason.STARTED) | {"clock": "unset", "unix_s": 90.0}
    mirror.keep(1, [old | {"boot": "another"}, old | {"seq": 2}])
    pages = Pages(StatusReader(tmp_path), mirror, lambda: Now(clock.now_s(), 4000.0, ClockQuality.UNSET))
    told = text(pages.now("en").html)
    assert "59 minutes ago Controller started" in told
    assert "earlier Controller started" in told


def test_markup_in_a_label_stays_text(tmp_path: Path) -> None:
    html = page(tmp_path, replace(islanded(), label={"en": "<script>alert(1)</script>"}))
    assert "<script>alert" not in html
