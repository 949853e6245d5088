"""Faults in T1: bytes on wires in memory as in real time, the process and the clock as in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hil_tests.bench.scenario import Tier
from hil_tests.faults.catalogue import CATALOGUE
from hil_tests.faults.desk import Desk
from hil_tests.faults.real_links import RealLinks
from hil_tests.faults.stage import Inject, Injection, Stage
from hil_tests.faults.types import CannotInjectError, Heal
from hil_tests.faults.wall_clock import WALL_CLOCK_FAULTS
from hil_tests.simulation.desk import LinkFaults
from hil_tests.simulation.life import life_faults
from hil_tests.virtual.bench import WireBench

NEEDS_A_PROCESS = ("starved", "suspend")  # nobody can stop the controller's tasks and not the devices'


class WireDesk:
    """Puts faults into a hub in virtual time with wires."""

    def __init__(self, bench: WireBench) -> None:
        stage = Stage(bench.site, bench.devices, bench.seed)
        life = {name: inject for name, inject in life_faults(bench).items() if name not in NEEDS_A_PROCESS}
        own = {**_links(bench), **life, **WALL_CLOCK_FAULTS, "core_hangs": lambda _: _hung(bench)}
        self._desk = Desk(stage, own)
        self.can = self._desk.can

    def inject(self, unit: str, kind: str, parameters: Mapping[str, object]) -> Callable[[], None]:
        """Begin a fault; the answer ends it. Raises CannotInjectError where this tier cannot."""
        return self._desk.inject(unit, kind, parameters)

    def after_step(self) -> None:
        """The plant has made a step."""
        self._desk.after_step()

    def close(self) -> None:
        """End what is still going on."""
        self._desk.close()


def _hung(bench: WireBench) -> Heal:
    bench.hang_core()

    def start_anew() -> None:
        bench.stop_controller()
        bench.start_controller()

    return start_anew


def _links(bench: WireBench) -> dict[str, Inject]:
    """On the wire where there is one; OPC UA devices have what links without bytes can have."""
    wired, direct = RealLinks(bench.servers).table(), LinkFaults(bench.direct).table()

    def inject(injection: Injection) -> Heal:
        table = direct if injection.unit in bench.direct else wired
        if injection.name not in table:
            raise CannotInjectError(f"{injection.unit} has no wire in this tier: no {injection.name} here")
        return table[injection.name](injection)

    return dict.fromkeys([name for name in {**wired, **direct} if Tier.T1 in CATALOGUE[name].tiers], inject)
