"""The one catalogue of words: codes in, plain sentences out, in German, Danish and English (gettext)."""

from __future__ import annotations

import gettext
from functools import cache
from pathlib import Path

LANGUAGES = ("de", "da", "en")
DEFAULT_LANGUAGE = "de"
LOCALES = Path(__file__).parent / "locales"


class MissingTextError(KeyError):
    """A code without words: a mistake of ours, found by a test."""


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
        return text % values if values or "%%" in text else text

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
    for _, name in ranked:
        if name in LANGUAGES:
            return name
    return DEFAULT_LANGUAGE


def _quality(part: str) -> tuple[float, str]:
    """`da-DK;q=0.8` as (0.8, "da"); a broken weight counts as nothing."""
    name, _, weight = part.strip().partition(";q=")
    try:
        return float(weight or 1.0), name.strip().lower()[:2]
    except ValueError:
        return 0.0, name.strip().lower()[:2]
