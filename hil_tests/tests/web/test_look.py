from __future__ import annotations

import gzip
import re
from dataclasses import replace
from pathlib import Path

import pytest

from controller.model.words import ClockQuality, Mode
from hil_tests.tests.browser.cases import cases
from hil_tests.tests.web.html import LANGUAGE, NOON_UNIX_S, page, tree
from hil_tests.tests.web.statuses import as_dict, islanded, publish
from supervisor.events import TOLD_KINDS
from supervisor.instants import Now
from supervisor.mirror import EventMirror
from supervisor.pages import TEMPLATES, Pages
from supervisor.reading import StatusReader


def test_nothing_comes_from_elsewhere(tmp_path: Path) -> None:
    html = page(tmp_path, islanded())
    assert re.findall(r"https?://|//\w+\.|@import|url\(", html) == []
    assert {link for link in re.findall(r'(?:href|src)="([^"]*)"', html) if not link.startswith(("/", "#"))} == {
        "data:,"
    }


@LANGUAGE
@pytest.mark.parametrize("name", cases())
def test_no_state_makes_the_page_big(tmp_path: Path, name: str, language: str) -> None:
    html = page(tmp_path, cases()[name], language)
    assert len(gzip.compress(html.encode(), 6)) <= PAGE_MAX_BYTES


def test_without_scripts_the_page_reloads_itself(tmp_path: Path) -> None:
    assert '<noscript><meta http-equiv="refresh" content="10" /></noscript>' in page(tmp_path, islanded())
    assert len((TEMPLATES / "page.js").read_bytes()) < 1100


def test_a_reader_can_skip_to_the_content_and_knows_the_language_of_each_link(tmp_path: Path) -> None:
    root = tree(page(tmp_path, islanded(), "da"))
    first = root.find(".//a")
    assert first is not None
    assert (first.get("class"), first.get("href")) == ("skip", "#main")
    assert [(a.get("lang"), a.get("aria-current")) for a in root.findall(".//nav/a")] == [
        ("de", None), ("da", "true"), ("en", None),
    ]  # fmt: skip


def test_the_version_changes_with_the_content_and_not_with_the_age(tmp_path: Path) -> None:
    status = islanded()
    publish(tmp_path, status)
    clocks = iter([Now(status.written_at_s + s, NOON_UNIX_S + s, ClockQuality.SYNCED) for s in (1, 1.2, 3, 5, 7)])
    pages = Pages(StatusReader(tmp_path), EventMirror(None, TOLD_KINDS), lambda: next(clocks))
    first, same, later = pages.now("en"), pages.now("en"), pages.now("en")
    assert first is same, "made once for everybody within half a second"
    assert first.version == later.version
    publish(tmp_path, replace(status, mode=Mode.RECONNECTION))
    assert pages.now("en").version != first.version


PAGE_MAX_BYTES = 8 * 1024
NONSENSE: list[object] = [None, "nonsense", -1, [], [None], {}, {"x": [1]}]


def test_no_status_however_broken_breaks_the_page(tmp_path: Path) -> None:
    sound = as_dict(islanded())
    seconds = iter(range(10_000))
    clocks = lambda: Now(sound["written_at_s"] + next(seconds), NOON_UNIX_S, ClockQuality.SYNCED)  # noqa: E731
    pages = Pages(StatusReader(tmp_path), EventMirror(None, TOLD_KINDS), clocks)
    for name in sound:
        for nonsense in NONSENSE:
            publish(tmp_path, sound | {name: nonsense})
            assert "<h1>" in pages.now("da").html, (name, nonsense)


# ---- contrast (WCAG 2.2, 1.4.6: at least 7 to 1) --------------------------------------------------------------------

PAIRS = [
    ("ink", "paper"), ("quiet", "paper"), ("ink", "soft"), ("quiet", "soft"), ("grey", "paper"), ("grey", "soft"),
    ("calm", "calm-paper"), ("island", "island-paper"), ("bad", "bad-paper"), ("grey", "grey-paper"),
    ("ink", "calm-paper"), ("ink", "island-paper"), ("ink", "bad-paper"), ("ink", "grey-paper"),
    ("on", "on-paper"), ("off", "off-paper"), ("unsure", "unsure-paper"),
]  # fmt: skip


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "paper"), PAIRS)
def test_contrast_is_seven_to_one(scheme: int, ink: str, paper: str) -> None:
    css = (TEMPLATES / "page.css").read_text()
    palette = dict(re.findall(r"--([\w-]+):(#\w+)", css.split(":root{")[scheme + 1].split("}")[0]))
    lighter, darker = sorted((luminance(palette[ink]), luminance(palette[paper])), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 7.0


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
