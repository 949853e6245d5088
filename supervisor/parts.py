"""What the template shows: nothing but words that are ready to read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum


class Tone(Enum):
    """How much a thing wants to be noticed; the words say it too. The value is the class in the style sheet."""

    CALM = "calm"
    ISLAND = "island"
    BAD = "bad"
    GREY = "grey"


class Mark(Enum):
    """A sign before a state, for eyes that do not see colours. Screen readers leave it out."""

    ON = "✓"
    OFF = "✕"
    UNSURE = "?"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One thing, its state in a word, and a note. `share_pct` draws a bar."""

    name: str
    state: str
    mark: Mark
    note: str = ""
    share_pct: int | None = None

    @property
    def css(self) -> str:
        """The class of its tag."""
        return {Mark.ON: "on", Mark.OFF: "off", Mark.UNSURE: "unsure", Mark.NONE: "plain"}[self.mark]


def unsure_if(is_stale: bool, rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """What was so may be so no longer: no row keeps its tick."""
    return tuple(replace(row, mark=Mark.UNSURE if row.mark.value else row.mark) for row in rows) if is_stale else rows


@dataclass(frozen=True, slots=True)
class Group:
    """Rows under a heading."""

    title: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Banner:
    """Something that must not be overlooked."""

    title: str
    text: str
    is_bad: bool = True


@dataclass(frozen=True, slots=True)
class Headline:
    """What is going on: one word, since when, what that means, and what to do now."""

    word: str
    since: str
    meaning: tuple[str, ...]
    tone: Tone
    what_to_do: str  # one sentence
    is_last_known: bool = False


@dataclass(frozen=True, slots=True)
class HoursView:
    """How long, and on what ground."""

    title: str
    value: str
    until: str
    assumption: str


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event in plain words."""

    time: str
    text: str


@dataclass(frozen=True, slots=True)
class DevicesView:
    """Every connection, for engineers; folded away until somebody wants to know."""

    title: str
    rows: tuple[Row, ...]
    limits: str  # which file of limits the guard holds, and its checksum; empty: not told


@dataclass(frozen=True, slots=True)
class View:
    """The whole page but the age of its data."""

    place: str
    headline: Headline
    banners: tuple[Banner, ...] = ()
    notes: tuple[Banner, ...] = ()
    hours: HoursView | None = None
    offers: tuple[Row, ...] = ()
    feeders: tuple[Group, ...] = ()  # only where the site names no offers
    radios: tuple[Row, ...] = ()
    sources: tuple[Row, ...] = ()
    events: tuple[EventLine, ...] = ()
    devices: DevicesView | None = None
    has_details: bool = True  # False: nothing is known but the headline
