"""How a battery inverter behaves, as data: which kind it is, and what it does when its battery can take no more."""

from __future__ import annotations

from dataclasses import dataclass

from hil_tests.plant.base import BASE_VA
from hil_tests.plant.storage import interpolate

TRANSFER_S = 0.015  # following to forming, once ordered; makers quote 10 to 20 ms
SHIFT_GAIN_HZ_PER_S = 2.0  # per pu of charge beyond the limit: a PV slope of 0.4 per Hz then settles in a few seconds

BDP250_DROOP = ((0.0, 0.0), (0.14, 0.2), (0.40, 0.3), (0.80, 0.3), (1.0, 0.45))
"""Load ratio and Hz below no-load, after a measured 250 kW unit (NREL MGCP information packet, section 14.3.5).

35 kW at 59.8 Hz, 100 to 200 kW at 59.7 Hz; the last point is ours: the flat part must end somewhere.
"""


@dataclass(frozen=True, slots=True)
class InverterBehaviour:
    """One kind of inverter. The defaults follow, and form when ordered, after the transfer time."""

    always_forms: bool = False  # cannot follow: an order to follow is not taken
    transfer_s: float = TRANSFER_S
    transfers_by_itself: bool = False  # opens the POI and forms when the grid goes, and comes back by itself
    trips_on_full_and_empty: bool = False  # V/f mode of NREL's simulated unit: fault bits 5 and 6 of its register map
    droop_table: tuple[tuple[float, float], ...] = ()  # load ratio and Hz below no-load, ascending; empty: the slope
    shift_max_hz: float = 0.0  # raises the island's frequency when it must charge less; SMA: 2 Hz, for a while 4 Hz
    limits_per_phase: bool = False  # its bridge is three, and the worst phase counts for the overload


class Droop:
    """How far below its no-load frequency a forming inverter is: a slope or a table, less the shift against charging.

    f = f_set - d(P_f) + s;  s' = k (-P_f - P_charge_max), 0 <= s <= s_max: PV with P(f) then gives way.

    Source: table of the NREL packet's measured unit; shift as in SMA's island systems, its gain is ours.
    """

    __slots__ = ("_loads", "_rated", "_slope_hz_per_pu", "_steps_hz", "shift_hz", "shift_max_hz")

    def __init__(self, behaviour: InverterBehaviour, droop_hz_per_w: float, rated_pu: float) -> None:
        self._rated = rated_pu
        self._slope_hz_per_pu = droop_hz_per_w * BASE_VA
        self._loads = tuple(load for load, _ in behaviour.droop_table)
        self._steps_hz = tuple(hz for _, hz in behaviour.droop_table)
        self.shift_hz, self.shift_max_hz = 0.0, behaviour.shift_max_hz

    def offset_hz(self, filtered_pu: float) -> float:
        """Against the no-load frequency; positive: above. A table holds mirrored for charging."""
        if not self._loads:
            return self.shift_hz - self._slope_hz_per_pu * filtered_pu
        drop_hz = interpolate(self._loads, self._steps_hz, abs(filtered_pu) / self._rated)
        return self.shift_hz + (drop_hz if filtered_pu < 0.0 else -drop_hz)

    def shift(self, filtered_pu: float, charge_limit_pu: float, dt_s: float) -> None:
        """Push PV back where more is charged than the battery takes; let go where there is room."""
        beyond = (-filtered_pu - charge_limit_pu) / self._rated
        self.shift_hz = max(0.0, min(self.shift_max_hz, self.shift_hz + SHIFT_GAIN_HZ_PER_S * beyond * dt_s))
