"""The mechanics of a generator set: swing equation, governor and engine as one linear block, exact per step."""

from __future__ import annotations

from dataclasses import dataclass, field

from hil_tests.plant.zoh import Matrix, zero_order_hold


@dataclass(slots=True)
class Swing:
    """2H w' = Pm - Pe - D w;  T1 x' = Pref - w/R - x;  T3 Pm' = x - Pm. All per unit, w relative to nominal.

    Anderson and Mirheydar's low-order model with an engine lag; discretised by a zero-order hold of Pe and Pref.
    """

    inertia_s: float = 0.6
    droop: float = 0.04
    governor_s: float = 0.05
    engine_s: float = 0.2
    damping: float = 15.0
    speed: float = 0.0
    governor: float = 0.0
    mechanical: float = 0.0
    _blocks: dict[float, tuple[Matrix, Matrix]] = field(default_factory=dict)

    def step(self, electrical: float, reference: float, dt_s: float) -> float:
        """Relative speed deviation after one step."""
        if dt_s not in self._blocks:
            self._blocks[dt_s] = self._discretise(dt_s)
        ad, bd = self._blocks[dt_s]
        w, x, p = self.speed, self.governor, self.mechanical
        self.speed, self.governor, self.mechanical = (
            a0 * w + a1 * x + a2 * p + b0 * electrical + b1 * reference
            for (a0, a1, a2), (b0, b1) in zip(ad, bd, strict=True)
        )
        return self.speed

    def rest(self) -> None:
        """At nominal speed, unloaded."""
        self.speed = self.governor = self.mechanical = 0.0

    def _discretise(self, dt_s: float) -> tuple[Matrix, Matrix]:
        two_h = 2.0 * self.inertia_s
        a = (
            (-self.damping / two_h, 0.0, 1.0 / two_h),
            (-1.0 / (self.droop * self.governor_s), -1.0 / self.governor_s, 0.0),
            (0.0, 1.0 / self.engine_s, -1.0 / self.engine_s),
        )
        b = ((-1.0 / two_h, 0.0), (0.0, 1.0 / self.governor_s), (0.0, 0.0))
        return zero_order_hold(a, b, dt_s)
