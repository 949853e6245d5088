"""The page as HTML. Made once for everybody who asks within half a second: a crowd costs little more than one."""

from __future__ import annotations

import base64
import hashlib
import threading
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from supervisor.docs import operations, shapes
from supervisor.instants import Now
from supervisor.mirror import TOLD_COUNT, EventMirror
from supervisor.reading import StatusReader
from supervisor.steady import Steady
from supervisor.telemetry.recorder import NO_TELEMETRY, TelemetryState
from supervisor.view import age, build_view, careful, read_clocks
from supervisor.words import words

TEMPLATES = Path(__file__).parent / "templates"
FRESH_FOR_S = 0.5
LANGUAGE_NAMES = {"de": "Deutsch", "da": "Dansk", "en": "English"}


@dataclass(frozen=True, slots=True)
class Page:
    """One rendering. `version` changes with anything but the age; `age` is the line that says how old the data are."""

    html: str
    version: str
    age: str
    made_at_s: float


class Pages:
    """Renders the page of one hub."""

    def __init__(
        self,
        reader: StatusReader,
        mirror: EventMirror,
        clocks: Callable[[], Now] = read_clocks,
        telemetry: Callable[[], TelemetryState] = lambda: NO_TELEMETRY,
    ) -> None:
        self._reader, self._mirror, self._clocks, self._telemetry = reader, mirror, clocks, telemetry
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.style, self.script = _inline("page.css"), _inline("page.js")
        environment.globals |= {"names": LANGUAGE_NAMES, "style": Markup(self.style), "script": Markup(self.script)}
        self._main, self._page = environment.get_template("main.html"), environment.get_template("page.html")
        self._note, self._docs = environment.get_template("note.html"), environment.get_template("docs.html")
        self._made: dict[str, Page] = {}
        self._steady = Steady()
        self._lock = threading.Lock()

    @property
    def policy(self) -> str:
        """The content security policy: this style, this script, this origin, and nothing else."""
        return (
            f"default-src 'none'; style-src {_source(self.style)}; script-src {_source(self.script)}; "
            "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )

    def now(self, language: str) -> Page:
        """The page in this language, at most half a second old."""
        with self._lock:
            now = self._clocks()
            made = self._made.get(language)
            if made is None or now.mono_s - made.made_at_s > FRESH_FOR_S:
                made = self._made[language] = self._make(language, now)
            return made

    def note(self, language: str, key: str) -> str:
        """A small page with one sentence and the way back."""
        return self._note.render(say=words(language), text=words(language)(key))

    def docs(self, description: dict[str, Any], faults: Iterable[object]) -> str:
        """The page that describes the API, for the people who write programs."""
        parts = {"operations": operations(description), "shapes": shapes(description)}
        return self._docs.render(description=description, faults=faults, **parts)

    def _make(self, language: str, now: Now) -> Page:
        say, reading = words(language), self._steady.told(self._reader.read())
        now = careful(now, reading)
        view = build_view(reading, self._mirror.told(TOLD_COUNT), now, say, self._telemetry())
        main = self._main.render(view=view, say=say)
        version = f"{zlib.crc32(main.encode()):08x}"
        told_age = age(reading, now, say)
        html = self._page.render(view=view, say=say, main=Markup(main), version=version, age=told_age)
        return Page(html, version, told_age, now.mono_s)


def _inline(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8").strip()


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
