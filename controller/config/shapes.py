"""What the shapes of all our files share: how strict they are, and the kinds of numbers they hold."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Percent = Annotated[float, Field(ge=0, le=100)]
NODE_PATTERN = r"^(ns=[0-9]+;)?(i=[0-9]+|s=.+|g=[0-9A-Fa-f-]{36}|b=[A-Za-z0-9+/]+=*)$"  # OPC 10000-6, 5.3.1.10
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Part(BaseModel):
    """No unknown keys, nothing converted: `"5"` is no number, `1` is no truth, and infinity is no limit."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    REQUIRED: ClassVar[tuple[str, ...]] = ()
    """Keys of a whole file that are optional in its type, so that the rest of it can be checked without them."""


class ShortTimeEntry(Part):
    """A point of an inverter's overload curve: so much of its rating for so long."""

    load_ratio: Annotated[float, Field(ge=1)]
    hold_s: Positive
