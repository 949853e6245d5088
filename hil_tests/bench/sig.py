"""Shapes of a signal for scenarios in Python, by the names of the files; instants are the plant's, in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hil_tests.bench.scenario import Expectation

Span = tuple[float, float]
"""From and to, in seconds of the plant's time."""


@dataclass(frozen=True, slots=True)
class sig:  # noqa: N801  (reads as the verb that it is: sig("bus.frequency_hz").is_constant(...))
    """A signal of the hub, by its name. Each method says what must be so, for `bench.check`."""

    name: str

    def is_constant(self, between: tuple[float, float], during: Span, because: str = "") -> Expectation:
        """It stays between two values."""
        return self._shaped(during, because, is_constant=between)

    def is_step(  # noqa: PLR0913  (a step has two values, an instant, a time and a tolerance)
        self,
        from_value: float,
        to_value: float,
        at_t: float,
        *,
        during: Span,
        tolerance: float,
        within_s: float = 0.1,
        because: str = "",
    ) -> Expectation:
        """Until `at_t` it is at one value, from `within_s` after on at the other."""
        step = {"from_value": from_value, "to_value": to_value, "at_s": at_t - during[0]}
        return self._shaped(during, because, is_step={**step, "within_s": within_s, "tolerance": tolerance})

    def is_ramp(
        self, from_value: float, slope_per_s: float, *, during: Span, tolerance: float, because: str = ""
    ) -> Expectation:
        """It follows a straight line from the window's start."""
        ramp = {"from_value": from_value, "slope_per_s": slope_per_s, "tolerance": tolerance}
        return self._shaped(during, because, is_ramp=ramp)

    def is_first_order(  # noqa: PLR0913  (as a step, and a time constant)
        self,
        from_value: float,
        to_value: float,
        time_constant_s: float,
        *,
        at_t: float,
        during: Span,
        tolerance: float,
        because: str = "",
    ) -> Expectation:
        """It settles from one value to the other, beginning at `at_t`."""
        shape = {"from_value": from_value, "to_value": to_value, "time_constant_s": time_constant_s}
        return self._shaped(during, because, is_first_order={**shape, "at_s": at_t - during[0], "tolerance": tolerance})

    def _shaped(self, during: Span, because: str, **shape: Any) -> Expectation:
        window = [f"{instant_s:.6f} s" for instant_s in during]
        return Expectation.model_validate({"signal": self.name, "during": window, "because": because, **shape})
