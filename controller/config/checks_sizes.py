"""Sizes outside any village's hub: most often kW was meant where W is wanted. Odd is not impossible: warnings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from controller.config.draft import Draft
from controller.config.errors import Problem

FACTORS = (1e3, 1e6)  # kilo, mega: written with the number, or left away


@dataclass(frozen=True, slots=True)
class Usual:
    """What a quantity of one device in a village may be; outside it a factor of a thousand is likely."""

    bounds: tuple[float, float]
    unit: str

    def has(self, value: float) -> bool:
        """Within them."""
        low, high = self.bounds
        return low <= value <= high


# From one balcony's inverter to the largest that still stands behind a low-voltage transformer: 630 kVA feed a village,
# and 2 MVA are beyond any of them.
_POWER_VA = Usual((300.0, 2_000_000.0), "VA")
_POWER_W = Usual((300.0, 2_000_000.0), "W")
# From one module of 48 V and 20 Ah to a container and a half; the largest of these hold 6 MWh.
_ENERGY_WH = Usual((900.0, 10_000_000.0), "Wh")
# A single lamp's feeder is lawful, and so is its 5 W; a whole transformer's is not one contactor's.
_LOAD_W = Usual((1.0, 1_000_000.0), "W")

USUAL: Mapping[str, Mapping[str, Usual]] = {
    "batteries": {"rating_va": _POWER_VA, "capacity_wh": _ENERGY_WH},
    "gensets": {"rating_va": _POWER_VA},
    "pv": {"rating_w": _POWER_W},
    "feeders": {"rated_w": _LOAD_W},
}


def _sizes(draft: Draft) -> Iterator[Problem]:
    for section, keys in USUAL.items():
        for name, entry in getattr(draft.site, section).items():
            for key, usual in keys.items():
                value = getattr(entry, key)
                if not usual.has(value):
                    low, high = usual.bounds
                    wanted = f"{low:_.0f} to {high:_.0f} {usual.unit}, as in any village"
                    yield draft.file.warning((section, name, key), _said(value, usual), wanted, _meant(value, usual))


def _meant(value: float, usual: Usual) -> str:
    """A thousand or a million times more or less, where that is usual; else nothing that we know of."""
    is_small = value < usual.bounds[0]
    likely = (value * factor if is_small else value / factor for factor in FACTORS)
    return next((_said(meant, usual) for meant in likely if usual.has(meant)), "")


def _said(value: float, usual: Usual) -> str:
    number = f"{value:_.0f}" if float(value).is_integer() else f"{value:g}"
    return f"{number} {usual.unit}"


CHECKS: tuple[Callable[[Draft], Iterator[Problem]], ...] = (_sizes,)
