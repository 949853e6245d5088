"""Days in seconds: the closed loop on a quasi-steady plant, with a decision at the end of each stride of ten seconds.

While something happens (a mode changes, an order is out, a contact moves, a person asks) it is the bench as always,
10 ms of plant and 50 ms of cycle; strides begin again when plant and commands have stood still for a while.
"""

from __future__ import annotations

from collections.abc import Iterator

from controller.core.decide import Decision
from controller.model.words import Mode
from hil_tests.plant.quasi_steady import QuasiSteady
from hil_tests.simulation.bench import Bench
from hil_tests.simulation.seasons import Sky, apply

STRIDE_S = 10.0
CALM_S = 5.0  # longer than any order lives that is not restated
FINE_S = 0.05
SKY_S = 60.0
STEADY = frozenset({Mode.GRID_CONNECTED, Mode.ISLANDED, Mode.DARK, Mode.LOCKED_OUT})


class Endurance:
    """Drives a bench. What the story does to the plant between two calls of `run_for` is seen at once."""

    def __init__(self, bench: Bench, sky: Sky | None = None, stride_s: float = STRIDE_S) -> None:
        self.bench, self.stride_s = bench, stride_s
        self.quasi = QuasiSteady(bench.plant, stride_s)
        self.strides_count = 0
        self._sky, self._sky_at_s = sky, bench.plant.now_s
        self._calm_at_s = bench.plant.now_s + CALM_S
        self._seen: tuple[object, ...] = ()
        self._decision: Decision | None = None

    def run_for(self, duration_s: float) -> None:
        """Let time pass."""
        bench, plant = self.bench, self.bench.plant
        until_s = plant.now_s + duration_s
        self._calm_at_s = plant.now_s + CALM_S
        while (left_s := until_s - plant.now_s) > 1e-9:
            self._follow_sky()
            stride_s = min(self.stride_s, left_s, self._sky_at_s - plant.now_s)
            is_striding = plant.now_s >= self._calm_at_s and self._stride(stride_s)
            if not is_striding:
                bench.run_for(min(FINE_S, left_s))
            self._look(is_striding=is_striding)

    def _stride(self, stride_s: float) -> bool:
        """Orders arrive first: a set-point that is on its way is not ten seconds old when it gets there."""
        news = [link.hurry() for link in self.bench.links.values()]
        if any(news):
            self.bench.look_at_orders()
        if not self.quasi.jump(stride_s):
            return False
        self.bench.after_step()
        self.strides_count += 1
        return True

    def _follow_sky(self) -> None:
        now_s = self.bench.plant.now_s
        if self._sky is not None and now_s >= self._sky_at_s - 1e-9:
            apply(self._sky(now_s), self.bench.plant)
            self._sky_at_s = now_s + SKY_S
        elif self._sky is None:
            self._sky_at_s = now_s + SKY_S

    def _look(self, *, is_striding: bool) -> None:
        """Whatever is not as it was, or is on its way, puts the calm off. A stride asks the plant by itself."""
        bench = self.bench
        seen = (bench.mode, len(bench.events), bench.is_running, bench.durable.authority, self._switching())
        if seen != self._seen or bench.mode not in STEADY or not (is_striding or self.quasi.may_jump):
            self._seen = seen
            self._calm_at_s = bench.plant.now_s + CALM_S

    def _switching(self) -> tuple[object, ...]:
        """What is asked of contacts and machines; set-points may move as they like."""
        decision = self.bench.decision
        return () if decision is None else tuple(_orders(decision))


def _orders(decision: Decision) -> Iterator[object]:
    commands = decision.commands
    if commands.poi is not None:
        yield commands.poi.open, commands.poi.close, commands.poi.settings_group
    for battery, command in commands.batteries.items():
        yield battery, command.stop, command.form, command.follow
    for genset, crank in commands.gensets.items():
        yield genset, crank.stop, crank.crank
    for feeder, switch in commands.feeders.items():
        yield feeder, switch.open, switch.close
