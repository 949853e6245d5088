"""Durations as people write them in a scenario: "200 ms", "10 s", "15 min", "72 h"."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

UNITS_S = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
LONGEST_S = 30 * 86400.0
_FORM = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*")


def seconds(text: object) -> float:
    """The duration in seconds. Raises ValueError with what is wanted."""
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError('a duration with its unit, like "200 ms", "10 s", "15 min" or "72 h"')
    number, unit = match.groups()
    if unit not in UNITS_S:
        raise ValueError(f"a duration in {', '.join(UNITS_S)}; {unit!r} is no unit of time here")
    value_s = float(number) * UNITS_S[unit]
    if value_s > LONGEST_S:
        raise ValueError("a duration of at most 30 d")
    return value_s


def spoken(duration_s: float) -> str:
    """The same, the other way round: the largest unit that needs at most three decimals."""
    for unit in ("d", "h", "min", "s"):
        number = duration_s / UNITS_S[unit]
        if number >= 1.0 and abs(number - round(number, 3)) < 1e-9:
            return f"{number:g} {unit}"
    return f"{duration_s / UNITS_S['ms']:g} ms"


Seconds = Annotated[float, BeforeValidator(seconds), Field(ge=0.0)]
"""A field of a scenario: text in the file, seconds in the model."""
