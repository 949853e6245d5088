"""Where faults are put in. Data and plant are the same in every tier; links, time and process are the tier's own."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

from hil_tests.faults.catalogue import CATALOGUE
from hil_tests.faults.data import DATA_FAULTS
from hil_tests.faults.drift import DRIFT_FAULTS
from hil_tests.faults.plant import PLANT_FAULTS
from hil_tests.faults.stage import Inject, Injection, Stage
from hil_tests.faults.types import CannotInjectError, Heal, values_of
from hil_tests.plant.base import forked

COMMON: Mapping[str, Inject] = {**DATA_FAULTS, **DRIFT_FAULTS, **PLANT_FAULTS}


@dataclass(slots=True)
class Desk:
    """`own` is what the tier does in its own way; it comes before what all tiers do alike."""

    stage: Stage
    own: Mapping[str, Inject]
    _active: dict[int, Heal] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def can(self, kind: str) -> bool:
        """Whether this tier has it at all."""
        return kind in self.own or kind in COMMON

    def inject(self, unit: str, kind: str, parameters: Mapping[str, object]) -> Heal:
        """Begin a fault; the answer ends it, once. Raises CannotInjectError where this tier cannot."""
        fault = CATALOGUE.get(kind)
        begin = self.own.get(kind) or COMMON.get(kind)
        if fault is None:
            raise CannotInjectError(f"no fault {kind!r} in the catalogue")
        if begin is None:
            where = ", ".join(sorted(tier.value for tier in fault.tiers))
            why = f"{kind!r} can be injected only in {where}" if where else f"{kind!r} can be injected {fault.note}"
            raise CannotInjectError(why)
        number = next(self._numbers)
        rng = forked(self.stage.seed, f"fault/{kind}/{unit}/{number}")
        heal = begin(Injection(kind, unit, values_of(fault, parameters), rng, self.stage))
        self._active[number] = heal

        def end() -> None:
            if self._active.pop(number, None) is not None:
                heal()

        return end

    def after_step(self) -> None:
        """The plant has made a step."""
        self.stage.timers.do_what_is_due(self.stage.plant.now_s)

    def close(self) -> None:
        """The run is over: nothing of a fault may outlive it."""
        for number in list(self._active):
            self._active.pop(number)()
