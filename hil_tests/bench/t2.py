"""T2: real time, real sockets, serial lines and OPC UA, and the controller as the process that a hub would run.

A bench that was late saw another plant than the controller: such a run is invalid, whatever came out of it. Nothing of
a run is left behind: no process, no port, no file.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from dataclasses import replace

from controller import clock
from controller.config.types import Site
from hil_tests.bench.director import Director
from hil_tests.bench.hardware import addresses
from hil_tests.bench.outcome import Played, played
from hil_tests.bench.plant_options import options_of
from hil_tests.bench.scenario import Scenario
from hil_tests.bench.scene import Scene
from hil_tests.bench.t2_desk import RealDesk
from hil_tests.bench.t2_life import ProcessController
from hil_tests.bench.verdict import Finding
from hil_tests.faults.catalogue import CATALOGUE, FaultClass
from hil_tests.faults.types import CannotInjectError
from hil_tests.plant.plant import Plant
from hil_tests.servers.bench import DeviceServers, Overrides, Wiring
from hil_tests.servers.lateness import LATE_S, Lateness
from hil_tests.servers.owned_folder import OwnedFolder
from hil_tests.servers.process import ControllerProcess, last_words

START_PATIENCE_S = 20.0
LOG_LAG_S = 0.4  # a journal group, the bench's own pause between two looks, and a busy machine
LINKS_PATIENCE_S = 2.0  # from its first snapshot on: what is polled every five seconds is not waited for
END_PATIENCE_S = 5.0
PATIENCE_RATIO = 1.5
LATE_RATIO_MAX = 0.01  # of the wakings may be later than LATE_S
LATENESS = "cycle_lateness_p99_s"
SECURED = Wiring(secures=lambda _: True)  # as on a site that takes our advice
LATE_MAX_S = 0.1  # and none later than this: two cycles of the controller


class InvalidError(Exception):
    """The run says nothing about the controller."""


class GateClock:
    """Stands still before the run begins, and again when it is over: the plant rests meanwhile."""

    def __init__(self) -> None:
        self._begun_at_s: float | None = None
        self._ended_at_s: float | None = None

    def __call__(self) -> float:
        """Seconds since the beginning."""
        return self.of(clock.now_s())

    def of(self, boot_s: float) -> float:
        """The same for another instant of the machine's clock."""
        if self._begun_at_s is None:
            return 0.0
        last_s = boot_s if self._ended_at_s is None else min(boot_s, self._ended_at_s)
        return max(0.0, last_s - self._begun_at_s)

    def begin(self) -> None:
        """Time runs."""
        self._begun_at_s = clock.now_s()

    def end(self) -> None:
        """Time stands."""
        self._ended_at_s = clock.now_s()


def run_t2(scenario: Scenario, site: Site, seed: int) -> Played:
    """Play one scenario with one seed, as long as it says. Raises ConfigError when a real device is not there."""
    return asyncio.run(_until_told(scenario, site, seed))


async def _until_told(scenario: Scenario, site: Site, seed: int) -> Played:
    """A polite kill ends the run as Ctrl-C does: in order."""
    playing = asyncio.ensure_future(_play(scenario, site, seed))
    loop = asyncio.get_running_loop()
    with contextlib.suppress(RuntimeError, ValueError):  # not in the main thread: whoever runs us sees to it
        loop.add_signal_handler(signal.SIGTERM, playing.cancel)
    try:
        return await playing
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


async def _play(scenario: Scenario, site: Site, seed: int) -> Played:
    run = _Run(scenario, site, seed, addresses(scenario, site))
    invalid = ""
    try:
        await run.begin()
        await run.play()
    except (InvalidError, CannotInjectError) as error:
        invalid = str(error)
    finally:
        await run.end()
    return run.result(invalid)


class _Run:
    """One run: what it has started, and what it must end."""

    def __init__(self, scenario: Scenario, site: Site, seed: int, elsewhere: Overrides) -> None:
        self._scenario, self._elsewhere = scenario, elsewhere
        self._clock = GateClock()
        self._plant = Plant(site.hub, seed, options_of(scenario))
        self._servers = DeviceServers(site, self._plant, self._after_step, self._clock, SECURED)
        self._folder = OwnedFolder("hallig-bench-")
        devices, notes = self._servers.devices, dict[str, str]()
        self._controller = ProcessController(
            ControllerProcess(self._folder.path, str(site.path), heeds_modes=_has_read_only_files(scenario)),
            lambda boot_s: devices.instant_of(self._clock.of(boot_s)),
            has_odd_clock=_bends_the_wall_clock(scenario),
        )
        self._notes = notes
        self._desk = RealDesk(site, self._servers, self._controller, seed, notes)
        self._scene = Scene(site, self._plant, devices, self._controller, self._desk, seed, LOG_LAG_S)
        self._director = Director(scenario, self._scene)
        self._is_over = asyncio.Event()
        self._failure: Exception | None = None
        self._watch: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Servers, controller, and time only when it is there. Raises InvalidError when it never is."""
        self._controller.process.connect_to(await self._servers.start(elsewhere=self._elsewhere))
        self._controller.start()
        self._watch = asyncio.create_task(self._controller.watch(self._now_s), name="watch")
        await self._until_it_is_there()
        self._servers.lateness = Lateness()
        self._clock.begin()

    async def _until_it_is_there(self) -> None:
        began_s, seen_at_s = clock.now_s(), None
        while clock.now_s() - began_s < START_PATIENCE_S:
            if self._controller.unasked_ends:
                words = last_words(self._controller.process.log)
                raise InvalidError(f"the controller ended with code {self._controller.unasked_ends[0][1]}:\n{words}")
            status = self._controller.status
            if status and seen_at_s is None:
                seen_at_s = clock.now_s()
            is_patient = seen_at_s is None or clock.now_s() - seen_at_s < LINKS_PATIENCE_S
            if status and (not is_patient or all(device["is_up"] for device in status["devices"])):
                return
            await asyncio.sleep(0.05)
        raise InvalidError(f"the controller was not there within {START_PATIENCE_S:.0f} s")

    async def play(self) -> None:
        """Until the scenario is over. Raises what a step raised, and InvalidError when the bench did not keep step."""
        patience_s = PATIENCE_RATIO * self._scenario.until + END_PATIENCE_S
        try:
            async with asyncio.timeout(patience_s):
                await self._is_over.wait()
        except TimeoutError:
            raise InvalidError(f"the plant had not made {self._scenario.until:g} s within {patience_s:.0f} s") from None
        finally:
            self._clock.end()
        if self._failure is not None:
            raise self._failure
        self._notes |= notes_on(self._servers.lateness)
        late = lateness_mistake(self._servers.lateness, self._servers.devices.skipped_s)
        if late:
            raise InvalidError(late)

    async def end(self) -> None:
        """Everything that was started: ended, and nothing left."""
        self._clock.end()
        self._is_over.set()
        try:
            if self._watch is not None:
                self._watch.cancel()
                await asyncio.gather(self._watch, return_exceptions=True)
            await self._controller.stop_watching()
            self._desk.close()
            await asyncio.to_thread(self._controller.process.end, END_PATIENCE_S)
            self._controller.read_the_rest()
        finally:
            self._controller.process.kill()
            await self._servers.stop()
            self._folder.remove()

    def result(self, invalid: str) -> Played:
        """The verdict on what was seen, with the log complete."""
        events = self._controller.events
        events[:] = sorted((pair for pair in events if pair[0] <= self._plant.now_s), key=lambda pair: pair[0])
        self._director.after_step()
        what = played(self._director, self._scene, "", invalid)
        notes = {**self._notes, "controller_starts": str(self._controller.process.starts_count)}
        late_s = self._controller.lateness_p99_s
        metrics = what.metrics if late_s is None else {**what.metrics, LATENESS: late_s}
        late = late_cycles(late_s, self._plant.hub.timing.cycle_s, self._plant.now_s, self._has_process_faults())
        findings = (*what.findings, *self._ends(), *late)
        return replace(what, findings=findings, metrics=metrics, properties=notes)

    def _now_s(self) -> float:
        return self._plant.now_s

    def _has_process_faults(self) -> bool:
        return any(_fault_class(action.parameters) is FaultClass.CONTROLLER for action in self._scenario.timeline)

    def _ends(self) -> list[Finding]:
        """A process that ends without being asked is a finding, unless a fault of processes made it."""
        is_hard = not self._has_process_faults()
        return [
            Finding("controller", at_s, f"its process ended by itself with code {code}", is_hard)
            for at_s, code in self._controller.unasked_ends
        ]

    def _after_step(self) -> None:
        """In whichever task stepped the plant: what is raised here must reach the run, not a server."""
        if self._is_over.is_set():
            return
        try:
            self._desk.after_step()
            self._director.after_step()
            if self._plant.now_s >= self._scenario.until - 1e-9 or self._director.is_over:
                self._director.look_last()
                self._clock.end()
                self._is_over.set()
        except Exception as error:
            self._failure = error
            self._is_over.set()


def _fault_class(parameters: dict[str, object]) -> FaultClass | None:
    fault = CATALOGUE.get(str(parameters.get("type")))
    return fault.fault_class if fault is not None else None


def _bends_the_wall_clock(scenario: Scenario) -> bool:
    return any(_fault_class(action.parameters) is FaultClass.TIME for action in scenario.timeline)


def _has_read_only_files(scenario: Scenario) -> bool:
    return any(action.parameters.get("type") == "read_only" for action in scenario.timeline)


def lateness_mistake(lateness: Lateness, skipped_s: float) -> str:
    """Why a bench that was so late proves nothing; nothing when it was well in time."""
    if skipped_s > 0.0 or lateness.max_s > LATE_MAX_S:
        lost = f", and the plant lost {skipped_s:.2f} s" if skipped_s > 0.0 else ""
        return f"the bench was too slow: one step came {lateness.max_s * 1000:.0f} ms late{lost}"
    if lateness.late_count > LATE_RATIO_MAX * max(50, lateness.count):
        share_pct = 100.0 * lateness.late_count / lateness.count
        return f"the bench was too slow: {share_pct:.1f} % of its steps came more than {LATE_S * 1000:.0f} ms late"
    return ""


def late_cycles(late_s: float | None, cycle_s: float, now_s: float, is_troubled: bool) -> list[Finding]:
    """I21: what comes a whole cycle late is a cycle missed. Soft where a fault has taken the process's time."""
    if late_s is None or late_s <= cycle_s:
        return []
    detail = f"one cycle in a hundred comes {late_s * 1000:.0f} ms late or later"
    return [Finding("I21", now_s, detail, is_hard=not is_troubled)]


def notes_on(lateness: Lateness) -> dict[str, str]:
    """How well the plant kept step."""
    return {
        "lateness_p99_ms": f"{lateness.p99_s * 1000:.1f}",
        "lateness_max_ms": f"{lateness.max_s * 1000:.1f}",
        "late_steps": f"{lateness.late_count} of {lateness.count}",
    }
