"""The line and the screen hold their bounds, whatever the hub; times are understood as people type them."""

from __future__ import annotations

import contextlib
import math
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller import clock
from controller.commands import ask
from controller.commands.explaining import table
from controller.commands.frame import CommandError
from controller.commands.hubs import HubPlace
from controller.commands.instants import moment_unix_s
from controller.commands.radio_line import BYTES_MAX, ascii_upper, radio_line, ranges
from controller.commands.screen import COLUMNS, LINES, screen
from controller.commands.situation import Look
from controller.model.reasons import Reason
from controller.model.words import Authority, BreakerPosition, ClockQuality, GridVerdict, Mode
from controller.status import FeederStatus, HoursLeft, LatchStatus, Status, TierStatus
from hil_tests.tests.browser.cases import blind, doubtful
from hil_tests.tests.web.statuses import dark, islanded, on_grid
from supervisor.instants import Now
from supervisor.labels import Labels
from supervisor.reading import Reading
from supervisor.rows import sources
from supervisor.words import LANGUAGES, words

HUB = HubPlace("musterhallig", Path("/nowhere"), None)
POSITIONS = [*BreakerPosition, None]


def look(status: Status, age_s: float | None = 0.1) -> Look:
    now = Now(clock.now_s(), clock.unix_s(), status.clock)
    return Look(HUB, Reading(status, age_s), status, now)


def tiers(positions: list[list[BreakerPosition | None]]) -> tuple[TierStatus, ...]:
    return tuple(
        TierStatus(n, {}, tuple(FeederStatus(f"feeder_{n}_{i}", {}, p, None, None, None) for i, p in enumerate(row)))
        for n, row in enumerate(positions)
    )


STATUSES = st.builds(
    lambda base, mode, clock_, authority, rows, hours, hub, latched: replace(
        base(),
        hub=hub,
        mode=mode,
        clock=clock_,
        authority=authority,
        tiers=tiers(rows),
        hours_left=HoursLeft(hours, "soc_unknown"),
        latches=tuple(LatchStatus(x, Reason.EMERGENCY_OFF, 1.0) for x in latched),
    ),
    st.sampled_from([on_grid, islanded, dark]),
    st.sampled_from(Mode),
    st.sampled_from(ClockQuality),
    st.sampled_from(Authority),
    st.lists(st.lists(st.sampled_from(POSITIONS), max_size=8), max_size=12),
    st.none() | st.floats(-10.0, 1e9),
    st.text(max_size=80),
    st.lists(st.sampled_from(["emergency_off", "dso_lock", "poi_close", "other"]), max_size=6),
)


@given(status=STATUSES, age_s=st.none() | st.floats(0.0, 1e6), language=st.sampled_from(LANGUAGES))
def test_the_line_is_ascii_speakable_and_short_whatever_the_hub(
    status: Status, age_s: float | None, language: str
) -> None:
    line = radio_line(look(status, age_s), words(language))
    assert len(line.encode("ascii")) <= BYTES_MAX
    assert re.fullmatch(r"[A-Z0-9 -]+", line)
    assert "  " not in line


@given(status=STATUSES, age_s=st.none() | st.floats(0.0, 1e6), language=st.sampled_from(LANGUAGES))
def test_the_screen_is_80_by_24_whatever_the_hub(status: Status, age_s: float | None, language: str) -> None:
    lines = screen(look(status, age_s), words(language))
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= COLUMNS
    assert not any("\n" in line for line in lines)


@pytest.mark.parametrize(("language", "hours_word"), [("de", "Stunden"), ("da", "timer"), ("en", "hours")])
def test_how_long_it_lasts_is_never_cut_off(language: str, hours_word: str) -> None:
    """Just after a start, in German: "bereit für mindestens 16 …"."""
    base = replace(on_grid(), hours_left=HoursLeft(59_000.0, "soc_unknown"), is_since_at_least=True)
    now = look(base).now
    heads = (screen(look(replace(base, mode_since_s=now.mono_s - ago_s)), words(language)) for ago_s in (9.0, 3e3, 9e5))
    assert all(hours_word in " ".join(lines[:3]) for lines in heads)


@pytest.mark.parametrize(
    ("language", "words_of_grid"),
    [("de", "NETZ NICHT GEMESSEN"), ("da", "NET IKKE MAALT"), ("en", "GRID NOT MEASURED")],
)
def test_a_grid_that_nobody_measures_is_not_called_ready(language: str, words_of_grid: str) -> None:
    unseen = replace(on_grid(), grid=replace(on_grid().grid, verdict=GridVerdict.UNKNOWN))
    line = radio_line(look(unseen), words(language))
    assert f" {words_of_grid} " in line
    assert "NOT READY" in radio_line(look(replace(on_grid(), keys_are_seen=False)), words("en"))


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("de", "MUSTERHALLIG 231114 INSEL 41H FUNK OK T3 AUS"),
        ("da", "MUSTERHALLIG 231114 OE 41T RADIO OK T3 AFBRUDT"),
        ("en", "MUSTERHALLIG 231114 ISLAND 41H RADIO OK T3 OFF"),
    ],
)
def test_the_line_of_a_blackout(language: str, line: str) -> None:
    unix_s = time.mktime((2026, 11, 23, 11, 14, 0, 0, 0, -1))
    status = islanded()
    seen = Look(HUB, Reading(status, 0.1), status, Now(status.written_at_s, unix_s, ClockQuality.SYNCED))
    assert radio_line(seen, words(language)) == line


def test_what_nobody_knows_is_not_on() -> None:
    line = radio_line(look(blind()), words("en"))
    assert "ALL ON" not in line
    assert line.endswith("T0-3 UNKNOWN")


def test_a_closed_contact_without_power_supplies_nobody() -> None:
    assert "ON" not in radio_line(look(replace(on_grid(), mode=Mode.DARK)), words("en")).split()


def test_a_device_that_is_not_believed_is_named_and_is_a_problem() -> None:
    text = " ".join(" ".join(screen(look(doubtful()), words("en"))).split())
    assert "silent: inverter_second_with_a_long_name; not believed: inverter_main" in text
    assert look(doubtful()).problems == ("device:inverter_second_with_a_long_name", "quarantine:inverter_main")


def test_names_are_told_in_letters_that_every_radio_has() -> None:
    assert ascii_upper("Ørsted Straße, Süd-Ål") == "OERSTED STRASSE SUED AAL"
    assert ranges([0, 3, 4, 5]) == "T0 T3-5"


def test_what_waits_for_a_person_says_what_clears_it() -> None:
    status = replace(islanded(), latches=(LatchStatus("emergency_off", Reason.EMERGENCY_OFF, 1.0),))
    text = " ".join(" ".join(screen(look(status), words("en"))).split())
    assert "Emergency-off was pressed" in text
    assert "Cleared at the hub once the button is pulled out. 'hallig ask release emergency_off --at-the-hub'" in text
    assert look(status).problems == ("latch:emergency_off",)


NOON = time.mktime((2026, 11, 23, 12, 0, 30, 0, 0, -1))


@pytest.mark.parametrize(
    ("text", "ago_s", "lasts_s"),
    [
        ("-10m", 600.0, 0.0),
        ("24h", 86_400.0, 0.0),
        ("1.5h", 5_400.0, 0.0),
        ("11:59", 90.0, 60.0),
        ("11:59:30", 60.0, 1.0),
        ("12:01", 86_400.0 - 30.0, 60.0),
        ("2026-11-23T11:59", 90.0, 60.0),
        ("2026-11-23T11:59:30", 60.0, 1.0),
        ("2026-11-23 11:59:30", 60.0, 1.0),
        ("2026-11-23", 43_230.0, 86_400.0),
    ],
)
def test_times_as_people_type_them(text: str, ago_s: float, lasts_s: float) -> None:
    at_s, lasts = moment_unix_s(text, NOON)
    assert (round(NOON - at_s, 3), lasts) == (ago_s, lasts_s)


@given(text=st.text(max_size=30))
def test_anything_else_is_refused_in_one_way(text: str) -> None:
    with contextlib.suppress(CommandError):  # and nothing else
        at_s, lasts_s = moment_unix_s(text, NOON)
        assert math.isfinite(at_s)
        assert lasts_s >= 0.0


def test_what_never_was_is_not_told_as_not_measured() -> None:
    say = words("en")
    inputs = {"newest_attempt_s": None, "former": None}
    rows = [" ".join(row.split()) for row in table(inputs, Labels(islanded(), say), say)]
    assert rows == ["newest attempt, ago –", "Forming source nothing"]


def test_a_lock_out_by_a_poi_that_did_not_open_can_be_released() -> None:
    of = ask.WISHES["release"].subjects
    assert of is not None
    stuck = replace(islanded(), mode=Mode.LOCKED_OUT, reason=Reason.POI_STUCK)
    assert ["lockout" in of(status) for status in (stuck, islanded())] == [True, False]


def test_page_and_screen_tell_the_same_charge_and_neither_rounds_up() -> None:
    status = on_grid()
    status = replace(status, batteries=tuple(replace(battery, soc_pct=79.96) for battery in status.batteries))
    seen, say = look(status), words("en")
    on_the_page = [row.share_pct for row in sources(status, seen.now, say) if row.share_pct is not None]
    assert on_the_page == [79] * len(status.batteries)
    assert "\n".join(screen(seen, say)).count("79 %") == len(status.batteries)
