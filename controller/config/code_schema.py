"""The shape of grid codes and envelopes: numbers, each with its source and how sure we are."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from controller.config.shapes import Part, Positive

Confidence = Literal["high", "medium", "low"]


class Sourced(Part):
    """A number with the place it comes from and how sure we are."""

    value: float
    source: str = Field(min_length=3)
    confidence: Confidence


class LossBandEntry(Part):
    """One limit of the grid code."""

    reason: str
    quantity: Literal["voltage_ratio", "frequency_hz"]
    below: float | None = None
    above: float | None = None
    hold_s: Positive
    source: str = Field(min_length=3)
    confidence: Confidence


class GridCodeFile(Part):
    """A whole grid code."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("name", "automatic_reconnection", "values", "loss_bands")

    name: str | None = None
    note: str = ""
    automatic_reconnection: bool | None = None
    for_bench_only: bool = False  # a site with real addresses may not use it
    values: dict[str, Sourced] = Field(default_factory=dict)
    loss_bands: list[LossBandEntry] = Field(default_factory=list)


class EnvelopeFile(Part):
    """The guard's limits."""

    REQUIRED: ClassVar[tuple[str, ...]] = ("name", "values")

    name: str | None = None
    values: dict[str, Sourced] = Field(default_factory=dict)
