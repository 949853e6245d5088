"""The one catalogue of words: keys in, plain sentences out, in German, Danish and English (gettext)."""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path

LANGUAGES = ("de", "da", "en")
DEFAULT_LANGUAGE = "de"
LOCALES = Path(__file__).parent / "locales"


class MissingTextError(KeyError):
    """A key without words: a mistake of ours, found by a test."""


class Words:
    """The texts of one language, by key."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._catalogue = gettext.translation("hallig", LOCALES, [language])

    def __call__(self, key: str, **values: object) -> str:
        """The text of a key, with its values filled in. Raises MissingTextError for an unknown key."""
        text = self._catalogue.gettext(key)
        if text == key:
            raise MissingTextError(key)
        return text % values if values else text

    def count(self, key: str, n: int) -> str:
        """The text of a key for this many of something, with `n` filled in. Raises MissingTextError."""
        text = self._catalogue.ngettext(key, key, n)
        if text == key:
            raise MissingTextError(key)
        return text % {"n": n}

    def has(self, key: str) -> bool:
        """Whether the catalogue knows this key."""
        return self._catalogue.gettext(key) != key


@cache
def words(language: str) -> Words:
    """The words of a language, loaded once."""
    return Words(language)


def choose_language(wanted: str | None, accept: str) -> str:
    """The reader's choice, else the browser's, else German."""
    if wanted in LANGUAGES:
        return str(wanted)
    ranked = sorted((_quality(part) for part in accept.split(",") if part.strip()), key=lambda item: -item[0])
    return next((name for quality, name in ranked if quality > 0 and name in LANGUAGES), DEFAULT_LANGUAGE)


def _quality(part: str) -> tuple[float, str]:
    """`da-DK;q=0.8` as (0.8, "da"); a broken weight counts as nothing."""
    name, _, weight = part.strip().partition(";")
    language = name.strip().lower().partition("-")[0]
    try:
        return float(weight.strip().removeprefix("q=") or 1.0), language
    except ValueError:
        return 0.0, language
