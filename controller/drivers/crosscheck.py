"""What the instruments of a hub say of each other: contact and voltages, power and power, charge and energy.

A contradiction between two instruments does not say which of them is wrong, so nothing is taken from the image here:
judgement and guard have their own rules for a contact that lies. People are told, because somebody has to go and look.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from controller.config.types import Site
from controller.model.hub import Battery
from controller.model.image import BatterySeen, PoiSeen, ProcessImage
from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, BusSide

LOOK_S = 1.0  # these are slow: what is fast is doubted sample by sample
APART_RATIO = 0.1  # of nominal, as for judgement and guard
APART_PHASES_MIN = 2
FLOWS_A = 3.0
CONTACT_FOR_S = 2.0  # a breaker moves in a tenth of it
UNBALANCED_RATIO = 0.1  # of all power that flows: five meters of class 1 and what they do not see, from judgement
UNBALANCED_MIN_RATIO = 0.02  # of the connection's rating; a hub's own consumption has no meter
UNBALANCED_FOR_S = 30.0  # meters that are read seconds apart agree within this
SOC_APART_RATIO = 0.05  # of the capacity: what a BMS corrects at its full charge, from judgement
SOC_LOSS_RATIO = 0.15  # of the energy that went through: losses of battery and inverter
SOC_WINDOW_S = 3600.0  # after which counting begins anew, so that the meter's own error cannot add up
SOC_TOLD_S = 600.0


class Complaint(NamedTuple):
    """What contradicts what it should agree with."""

    subject: str
    reason: Reason


class CrossChecks:
    """Looks at one hub's images, once a second."""

    def __init__(self, site: Site) -> None:
        self._hub = site.hub
        self._look_at_s = 0.0
        self._since_s: dict[Complaint, float] = {}
        self._counts = {battery.id: _Counted(battery) for battery in site.hub.batteries.values()}

    def complaints(self, seen: ProcessImage, now_s: float) -> tuple[Complaint, ...]:
        """What has contradicted for so long that it is not the moment's fault."""
        if now_s >= self._look_at_s:
            self._look_at_s = now_s + LOOK_S
            self._since_s = {each: self._since_s.get(each, now_s) for each in self._contradictions(seen)}
            for battery, count in self._counts.items():
                count.add(seen.batteries.get(battery), now_s)
        lasting = [each for each, since_s in self._since_s.items() if now_s - since_s >= _PATIENCE_S[each.reason]]
        jumped = [Complaint(battery, Reason.SOC_DOUBTED) for battery, c in self._counts.items() if c.is_told(now_s)]
        return (*lasting, *jumped)

    def _contradictions(self, seen: ProcessImage) -> Iterator[Complaint]:
        if contact_contradicts(seen.poi, self._hub.nominal_voltage_v):
            yield Complaint(self._hub.poi.id, Reason.CONTACT_DOUBTED)
        residual_w, flowing_w = self._balance(seen)
        floor_w = UNBALANCED_MIN_RATIO * self._hub.poi.import_max_w
        if residual_w is not None and abs(residual_w) > UNBALANCED_RATIO * flowing_w + floor_w:
            yield Complaint("hub", Reason.POWER_UNBALANCED)

    def _balance(self, seen: ProcessImage) -> tuple[float | None, float]:
        """`grid + battery + pv + genset - load`, and the sum of their magnitudes; None while a meter is silent."""
        hub = self._hub
        powers = [seen.poi.power_w]
        powers += [seen.batteries[x.id].power_w for x in hub.batteries.values() if x.bus is BusSide.ISLAND]
        powers += [seen.pv[x.id].power_w for x in hub.pv.values() if x.bus is BusSide.ISLAND]
        powers += [seen.gensets[x.id].power_w for x in hub.gensets.values() if x.bus is BusSide.ISLAND]
        loads = [seen.feeders[x.id].power_w for x in hub.feeders.values() if x.bus is BusSide.ISLAND]
        delivered, drawn = _totals(powers), _totals(loads)
        if delivered is None or drawn is None:
            return None, 0.0
        return sum(delivered) - sum(drawn), (sum(map(abs, delivered)) + sum(map(abs, drawn))) / 2.0


def contact_contradicts(poi: PoiSeen, nominal_v: float) -> bool:
    """Closed between sides that differ, or open between sides that are one and carry current."""
    if poi.grid_voltage_v is None or poi.bus_voltage_v is None or poi.current_a is None:
        return False
    apart = [abs(difference_v) > APART_RATIO * nominal_v for difference_v in poi.grid_voltage_v - poi.bus_voltage_v]
    if poi.position is BreakerPosition.CLOSED:
        return sum(apart) >= APART_PHASES_MIN
    return poi.position is BreakerPosition.OPEN and not any(apart) and poi.current_a.maximum > FLOWS_A


class _Counted:
    """The charge of one battery beside the energy that went in and out of it."""

    def __init__(self, battery: Battery) -> None:
        self._capacity_wh = battery.capacity_wh
        self._told_at_s: float | None = None
        self._power_w = 0.0
        self._at_s: float | None = None
        self._begin(0.0, 0.0)

    def _begin(self, soc_pct: float, now_s: float) -> None:
        self._soc_pct, self._began_s = soc_pct, now_s
        self._delivered_wh = self._through_wh = 0.0

    def is_told(self, now_s: float) -> bool:
        """It has contradicted lately."""
        return self._told_at_s is not None and now_s - self._told_at_s < SOC_TOLD_S

    def add(self, seen: BatterySeen | None, now_s: float) -> None:
        """One more look. A look without charge or power begins the counting anew."""
        if seen is None or seen.soc_pct is None or seen.power_w is None:
            self._at_s = None
            return
        power_w, before_s = seen.power_w.total, self._at_s
        self._at_s = now_s
        if before_s is None or now_s - self._began_s > SOC_WINDOW_S:
            self._begin(seen.soc_pct, now_s)
        else:
            energy_wh = (power_w + self._power_w) / 2.0 * (now_s - before_s) / 3600.0
            self._delivered_wh += energy_wh
            self._through_wh += abs(energy_wh)
            self._compare(seen.soc_pct, now_s)
        self._power_w = power_w

    def _compare(self, soc_pct: float, now_s: float) -> None:
        error_wh = (soc_pct - self._soc_pct) / 100.0 * self._capacity_wh + self._delivered_wh
        if abs(error_wh) > SOC_APART_RATIO * self._capacity_wh + SOC_LOSS_RATIO * self._through_wh:
            self._told_at_s = now_s
            self._begin(soc_pct, now_s)


_PATIENCE_S = {Reason.CONTACT_DOUBTED: CONTACT_FOR_S, Reason.POWER_UNBALANCED: UNBALANCED_FOR_S}


def _totals(values: list[PhaseValues | None]) -> list[float] | None:
    known = [each.total for each in values if each is not None]
    return known if len(known) == len(values) else None
