"""T0: virtual time, direct links. The fastest tier, and the one in which every scenario runs."""

from __future__ import annotations

from collections.abc import Callable

from controller.config.types import Site
from controller.model.advice import RequestKind
from controller.model.decision import Event
from controller.model.words import Authority, Mode
from hil_tests.bench.director import Director
from hil_tests.bench.outcome import Played, played
from hil_tests.bench.scenario import Scenario
from hil_tests.bench.scene import Scene
from hil_tests.plant.plant import PlantOptions
from hil_tests.simulation.bench import Bench
from hil_tests.simulation.desk import DirectDesk


class BenchController:
    """The controller inside a bench of virtual time."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    @property
    def is_running(self) -> bool:
        """Its process would live."""
        return self._bench.is_running

    @property
    def mode(self) -> Mode | None:
        """What it believes."""
        return self._bench.mode if self._bench.is_running else None

    @property
    def authority(self) -> Authority:
        """How far it may act."""
        return self._bench.durable.authority

    @property
    def events(self) -> list[tuple[float, Event]]:
        """Its log, over all its lives."""
        return self._bench.events

    def request(self, kind: RequestKind, subject: str | None, *, at_the_hub: bool) -> None:
        """A person asks for something."""
        self._bench.request(kind, subject, at_the_hub=at_the_hub)

    def kill(self) -> None:
        """As kill -9."""
        self._bench.stop_controller()

    def start(self) -> None:
        """A new process."""
        self._bench.start_controller()


def run_t0(scenario: Scenario, site: Site, seed: int, on_progress: Callable[[float], None] | None = None) -> Played:
    """Play one scenario with one seed. Raises PlantBrokenError when the plant is no number any more."""
    bench = Bench.of(site, seed, options_of(scenario))
    bench.watches = False
    desk = DirectDesk(bench)
    scene = Scene(site, bench.plant, bench.devices, BenchController(bench), desk, seed)
    director = Director(scenario, scene)

    def after_step() -> None:
        desk.after_step()
        director.after_step()

    bench.on_step = after_step
    try:
        while bench.plant.now_s < scenario.until - 1e-9:
            bench.run_for(min(10.0, scenario.until - bench.plant.now_s))
            if on_progress is not None:
                on_progress(bench.plant.now_s / scenario.until)
    finally:
        desk.close()
    return played(director, scene, bench.trace_hash())


def options_of(scenario: Scenario) -> PlantOptions:
    """How the plant starts."""
    start = scenario.start
    return PlantOptions(
        soc_pct=start.soc_pct,
        temperature_c=start.temperature_c,
        irradiance_w_per_m2=start.irradiance_w_per_m2,
        demand_ratio=start.demand_ratio,
        relay_enabled=start.relay_enabled,
        **start.plant,
    )
