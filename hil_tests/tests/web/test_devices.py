"""The part of the page for engineers: what is not believed, since when, and how much was doubted."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.model.words import ClockQuality
from controller.status import DeviceStatus, EnvelopeStatus, Status
from hil_tests.tests.browser.cases import doubtful
from hil_tests.tests.web.html import LANGUAGE, NOON_UNIX_S, page, text, tree
from hil_tests.tests.web.statuses import aged, as_dict, on_grid
from supervisor.instants import Now
from supervisor.words import words

LONG = "seit 11 Min."
ROWS = {
    "de": (
        "poi_relay ✓ antwortet Werte aktuell",
        f"inverter_main ? nicht geglaubt in Quarantäne {LONG}, kein guter Wert {LONG}, 12 Messwerte bezweifelt",
        "inverter_second_with_a_long_name ✕ antwortet nicht kein guter Wert seit 2 Std. 30 Min.",
        "io_module ✓ antwortet Werte aktuell, 1 Messwert bezweifelt",
    ),
    "da": (
        "poi_relay ✓ svarer værdier aktuelle",
        "inverter_main ? ikke troet i karantæne i 11 min., ingen god værdi i 11 min., 12 målinger betvivlet",
        "inverter_second_with_a_long_name ✕ svarer ikke ingen god værdi i 2 t. 30 min.",
        "io_module ✓ svarer værdier aktuelle, 1 måling betvivlet",
    ),
    "en": (
        "poi_relay ✓ answers values current",
        "inverter_main ? not believed in quarantine for 11 min, no good value for 11 min, 12 readings doubted",
        "inverter_second_with_a_long_name ✕ does not answer no good value for 2 h 30 min",
        "io_module ✓ answers values current, 1 reading doubted",
    ),
}
TITLES = {
    "de": "Für Fachleute: Geräte – 2 auffällig",
    "da": "For fagfolk: enheder – 2 ikke i orden",
    "en": "For engineers: devices – 2 not well",
}


def devices_of(tmp_path: Path, status: Status | dict[str, object], language: str) -> list[str]:
    """The title and the rows; without a time of day, so that all is told in durations."""
    written_at_s = float(str(status["written_at_s"])) if isinstance(status, dict) else status.written_at_s
    now = Now(written_at_s, NOON_UNIX_S, ClockQuality.UNSET)
    part = tree(page(tmp_path, status, language, now)).find(".//details[@id='devices']")
    assert part is not None
    items = [part.find("summary"), *part.findall(".//li")]
    return [" ".join(" ".join(item.itertext()).split()).replace("\u00a0", " ") for item in items if item is not None]


@LANGUAGE
def test_each_device_tells_whether_it_is_believed_and_since_when_not(tmp_path: Path, language: str) -> None:
    assert devices_of(tmp_path, doubtful(), language) == [TITLES[language], *ROWS[language]]


def test_where_all_is_well_the_title_is_all_there_is_to_say(tmp_path: Path) -> None:
    say = words("en")
    title, *rows = devices_of(tmp_path, on_grid(), "en")
    assert title == say("page.devices")
    assert rows == ["poi_relay ✓ answers", "inverter_main ✓ answers"], "when it was last good is not known"


def test_one_that_answers_and_says_nothing_good_is_not_well(tmp_path: Path) -> None:
    status = on_grid()
    status = replace(status, devices=(DeviceStatus("meter", True, last_good_at_s=status.written_at_s - 700.0),))
    assert devices_of(tmp_path, status, "en") == [
        "For engineers: devices – 1 not well",
        "meter ? answers no good value for 11 min",
    ]


def test_a_silent_controller_takes_the_ticks_away(tmp_path: Path) -> None:
    _, first, *_ = devices_of(tmp_path, aged(doubtful(), 600.0), "en")
    assert first == "poi_relay ? answers values current"


def test_an_older_controller_that_knows_no_instants_is_read(tmp_path: Path) -> None:
    raw = as_dict(
        replace(on_grid(), devices=(DeviceStatus("meter", is_up=True, refuted_count=2, is_quarantined=True),))
    )
    for each in raw["devices"]:
        del each["quarantined_since_s"], each["last_good_at_s"]
    assert devices_of(tmp_path, raw, "en")[1] == "meter ? not believed 2 readings doubted"


def test_ages_do_not_make_every_phone_fetch_the_page_each_second(tmp_path: Path) -> None:
    status = doubtful()
    pages = [
        text(page(tmp_path, status, "en", Now(status.written_at_s + s, NOON_UNIX_S + s, ClockQuality.SYNCED)))
        for s in (1.0, 2.0)
    ]
    said = [one[one.index("For engineers") :] for one in pages]
    assert said[0] == said[1]


LIMITS = {
    "de": "Grenzen der Sicherheitsprüfung: standard, Prüfsumme 0123456789abcdef",
    "da": "Sikkerhedskontrollens grænser: standard, kontrolsum 0123456789abcdef",
    "en": "Limits of the safety guard: standard, checksum 0123456789abcdef",
}


@LANGUAGE
def test_the_guards_limits_are_told_by_name_and_checksum(tmp_path: Path, language: str) -> None:
    held = replace(on_grid(), envelope=EnvelopeStatus("standard", "0123456789abcdef" * 4))
    assert LIMITS[language] in text(page(tmp_path, held, language))


def test_the_checksum_is_that_of_the_file() -> None:
    site = load_site(configs_dir() / "hubs" / "musterhallig.toml")
    file = configs_dir() / "envelopes" / f"{site.envelope_name}.toml"
    assert site.envelope_sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
