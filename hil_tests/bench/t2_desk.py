"""Faults in T2: on sockets, lines and servers, and on a real process; data and plant as in every tier."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from controller.config.types import Site
from hil_tests.bench.t2_life import ProcessController
from hil_tests.faults.desk import Desk
from hil_tests.faults.real_links import RealLinks
from hil_tests.faults.real_process import RealProcess
from hil_tests.faults.stage import Stage
from hil_tests.servers.bench import DeviceServers


class RealDesk:
    """Puts faults into a hub in real time."""

    def __init__(
        self, site: Site, servers: DeviceServers, controller: ProcessController, seed: int, notes: dict[str, str]
    ) -> None:
        own = {**RealLinks(servers).table(), **RealProcess(controller, servers, notes).table()}
        self._desk = Desk(Stage(site, servers.devices, seed), own)
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
