"""The mechanics of a generator set: swing equation, governor and engine as one linear block, exact per step."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from hil_tests.plant.zoh import Matrix, zero_order_hold

STALLING_DAMPING = 1.0  # a lone engine at its limit has the loads' own self-regulation, and no grid to lean on


@dataclass(slots=True)
class Swing:
    """2H w' = Pm - Pe - D w;  T1 x' = sat(Pref + x_i - w/R) - x;  T3 Pm' = x - Pm;  x_i' = -k_i w.

    Source: Anderson and Mirheydar 1990, with an engine lag; as GENCLS and TGOV1 of ANDES have it. The cut of the
    governor's path at a limit is ours. Discretised by a zero-order hold of Pe and Pref. At a
    limit of `sat` the governor's path is cut, which is another linear block. All per unit, w relative to nominal.
    """

    inertia_s: float = 0.6
    droop: float = 0.04
    governor_s: float = 0.05
    engine_s: float = 0.2
    damping: float = 15.0
    power_min: float = -math.inf
    power_max: float = math.inf
    isochronous_gain: float = 0.0  # k_i, pu of power per second and pu of speed; 0: droop alone
    speed: float = 0.0
    governor: float = 0.0
    mechanical: float = 0.0
    integral: float = 0.0
    _blocks: dict[tuple[float, int], tuple[Matrix, Matrix]] = field(default_factory=dict)

    def step(self, electrical: float, reference: float, dt_s: float) -> float:
        """Relative speed deviation after one step."""
        if self.isochronous_gain:
            self.integral -= self.isochronous_gain * self.speed * dt_s
            self.integral = max(-1.2, min(1.2, self.integral))
            reference += self.integral
        side = 0
        demand = reference - self.speed / self.droop
        if demand > self.power_max:
            side, reference = 1, self.power_max
        elif demand < self.power_min:
            side, reference = -1, self.power_min
        key = (dt_s, side)
        if key not in self._blocks:
            self._blocks[key] = self._discretise(dt_s, side)
        ad, bd = self._blocks[key]
        w, x, p = self.speed, self.governor, self.mechanical
        self.speed, self.governor, self.mechanical = (
            a0 * w + a1 * x + a2 * p + b0 * electrical + b1 * reference
            for (a0, a1, a2), (b0, b1) in zip(ad, bd, strict=True)
        )
        return self.speed

    def rest(self) -> None:
        """At nominal speed, unloaded."""
        self.speed = self.governor = self.mechanical = self.integral = 0.0

    def _discretise(self, dt_s: float, side: int) -> tuple[Matrix, Matrix]:
        two_h = 2.0 * self.inertia_s
        damping = min(self.damping, STALLING_DAMPING) if side > 0 else self.damping
        feedback = 0.0 if side else -1.0 / (self.droop * self.governor_s)
        a = (
            (-damping / two_h, 0.0, 1.0 / two_h),
            (feedback, -1.0 / self.governor_s, 0.0),
            (0.0, 1.0 / self.engine_s, -1.0 / self.engine_s),
        )
        b = ((-1.0 / two_h, 0.0), (0.0, 1.0 / self.governor_s), (0.0, 0.0))
        return zero_order_hold(a, b, dt_s)
