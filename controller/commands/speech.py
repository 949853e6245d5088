"""The language of a command's output, and numbers as people write them."""

from __future__ import annotations

import os

from supervisor.words import LANGUAGES, Words, words


def language(wanted: str | None) -> str:
    """What was asked for, else of LC_ALL, LC_MESSAGES or LANG, else German."""
    if wanted is not None:
        return wanted
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        named = os.environ.get(variable, "")
        if named:
            code = named[:2].lower()
            return code if code in LANGUAGES else "de"
    return "de"


def speaker(wanted: str | None) -> Words:
    """The words of that language."""
    return words(language(wanted))


def number(say: Words, value: float, digits: int) -> str:
    """With a decimal comma where the language has one."""
    text = f"{round(value, digits) + 0.0:.{digits}f}"  # plus nothing: no "-0.0"
    return text if say.language == "en" else text.replace(".", ",")
