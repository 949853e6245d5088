"""A journal that was found damaged: set aside, control goes on, and the page says so to everybody."""

from __future__ import annotations

import json
import urllib.request
from functools import partial
from typing import Any

from hil_tests.benchmarks.village import Village
from hil_tests.plant.plant import PlantOptions
from hil_tests.servers.ports import free_port
from hil_tests.tests.web.html import text

PAGE_BYTES = 4096
ASIDE = "journal.db.broken-0"
SENTENCES = {
    "de": f"Das Ereignisprotokoll war beschädigt Ein neues ist begonnen; das alte liegt als {ASIDE} daneben.",
    "da": f"Hændelsesloggen var beskadiget En ny er begyndt; den gamle ligger ved siden af som {ASIDE}.",
    "en": f"The event log was damaged A new one was begun; the old one is kept beside it as {ASIDE}.",
}
EVENT = {
    "de": "Ereignisprotokoll beschädigt: beiseitegelegt, ein neues begonnen",
    "da": "hændelseslog beskadiget: lagt til side, en ny begyndt",
    "en": "event log damaged: set aside, a new one begun",
}


async def test_a_damaged_journal_is_set_aside_and_the_page_says_so_in_three_languages() -> None:
    port = free_port()
    async with Village("musterhallig", PlantOptions(irradiance_w_per_m2=0.0)) as village:
        village.start_controller()
        await village.until_mode("grid_connected")
        village.plant.grid.blackout()
        await village.until_mode("islanded")
        await village.end_controller()
        damaged = _damage(village)
        village.start_controller()
        await village.until_mode("islanded")
        village.start_page(port)
        await village.until(lambda: _page(port, "en") is not None, "the page")
        await village.until(lambda: "journal_set_aside" in _told(port), "the event")
        status = _api(port, "status")["status"]
        assert (status["journal"]["is_ok"], status["journal"]["broken_files"]) == (True, [ASIDE])
        for language, sentence in SENTENCES.items():
            await village.until(partial(_event_is_on_page, port, language), "in the list of events, too")
            assert sentence in text(_page(port, language) or "")
        assert (village.process.data_dir / ASIDE).read_bytes() == damaged, "nothing of it is touched"
        assert status["mode"] == "islanded"


def _damage(village: Village) -> bytes:
    """Every page but the first is garbage. The copy of the memory beside it is whole."""
    path = village.process.journal
    content = path.read_bytes()
    path.write_bytes(content[:PAGE_BYTES] + b"\xa5" * (len(content) - PAGE_BYTES))
    return path.read_bytes()


def _page(port: int, language: str) -> str | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/?lang={language}", timeout=5.0) as answer:
            return str(answer.read().decode())
    except OSError:
        return None


def _event_is_on_page(port: int, language: str) -> bool:
    """Asked again: a page is made for everybody who asks within half a second, and may be older than its event."""
    return EVENT[language].casefold() in text(_page(port, language) or "").casefold()


def _api(port: int, what: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{what}", timeout=5.0) as answer:
        return dict(json.loads(answer.read()))


def _told(port: int) -> set[str]:
    return {str(event["reason"]) for event in _api(port, "events")["events"]}
