"""The picture of a report in docs/bench.md: one real run, as its page shows it."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from hil_tests.bench.loading import SCENARIOS, load_scenario
from hil_tests.bench.scenario import Tier
from hil_tests.bench_cli.playing import play
from hil_tests.reports.directory import write
from hil_tests.tests.reports.results import ABOUT

NAME = "bench-report.png"
SCENARIO = "ISL-003"
PICTURE_MAX_BYTES = 200_000
WIDTH_PX = 1180
MARGIN_PX = 16.0


def take_report(browser: Browser, folder: Path, work: Path) -> Path:
    """Play, write, look. Raises ValueError when the picture is too big for a page."""
    loaded = load_scenario(SCENARIOS / f"{SCENARIO}.toml")
    write(work, [play(loaded, loaded.scenario.seed[0], Tier.T0)], ABOUT)
    context = browser.new_context(viewport={"width": WIDTH_PX, "height": 900}, color_scheme="light")
    page = context.new_page()
    page.goto((work / "report.html").as_uri())
    target = folder / NAME
    article, chart = (page.locator(part).first.bounding_box() for part in (f"#{SCENARIO}", f"#{SCENARIO} .chart"))
    assert article is not None
    assert chart is not None
    height_px = chart["y"] + chart["height"] - article["y"] + MARGIN_PX  # down to the end of the whole run
    page.screenshot(path=target, full_page=True, clip={**article, "height": height_px})
    context.close()
    size_bytes = target.stat().st_size
    if size_bytes > PICTURE_MAX_BYTES:
        raise ValueError(f"{target.name} has {size_bytes} bytes, more than {PICTURE_MAX_BYTES}")
    return target
