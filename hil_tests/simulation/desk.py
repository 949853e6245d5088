"""Faults in T0: on the links without a wire, on the loop's process that is none, and on a clock that only labels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from hil_tests.faults.data import empty
from hil_tests.faults.desk import Desk
from hil_tests.faults.lives import once
from hil_tests.faults.stage import Inject, Injection, Stage, all_of
from hil_tests.faults.types import CannotInjectError, Heal
from hil_tests.faults.wall_clock import WALL_CLOCK_FAULTS
from hil_tests.simulation.direct import DirectLink
from hil_tests.simulation.life import life_faults
from hil_tests.simulation.trouble import Trouble

if TYPE_CHECKING:
    from hil_tests.simulation.bench import Bench


class DirectDesk:
    """Puts faults into a hub in virtual time."""

    def __init__(self, bench: Bench) -> None:
        stage = Stage(bench.site, bench.devices, bench.seed)
        links = LinkFaults(bench.links)
        own: Mapping[str, Inject] = {**links.table(), **life_faults(bench), **WALL_CLOCK_FAULTS}
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


class LinkFaults:
    """Faults of links without bytes: frames that are slow, lost or refused, and devices that are away."""

    def __init__(self, links: Mapping[str, DirectLink]) -> None:
        self._links = links
        self._cuts: dict[str, int] = {}  # how many faults keep a device silent

    def table(self) -> dict[str, Inject]:
        """By the names of the catalogue."""
        return {
            "silent": self._silent,
            "slow": self._slow,
            "drop": lambda i: self._troubled(i, Trouble(i.rng, drop_ratio=i.values["ratio"])),
            "exception": lambda i: self._troubled(i, Trouble(i.rng, refused=i.values["what"])),
            "empty_restart": self._empty_restart,
        }

    def _silent(self, injection: Injection) -> Heal:
        unit = injection.unit
        link = self._links.get(unit)
        if link is None:
            raise CannotInjectError(f"no device {unit!r} at this hub")
        self._cuts[unit] = self._cuts.get(unit, 0) + 1
        link.is_cut = True

        def heal() -> None:
            self._cuts[unit] -= 1
            if not self._cuts[unit]:
                link.is_cut = False

        return heal

    def _slow(self, injection: Injection) -> Heal:
        values = injection.values
        trouble = Trouble(injection.rng, steady_s=values["delay_s"], jitter_s=values["jitter_s"])
        return self._troubled(injection, trouble)

    def _troubled(self, injection: Injection, trouble: Trouble) -> Heal:
        troubles = self._links[injection.unit].troubles
        troubles.append(trouble)
        return lambda: troubles.remove(trouble)

    def _empty_restart(self, injection: Injection) -> Heal:
        """Away, then there and knowing nothing, then itself again."""
        stage, now_s = injection.stage, injection.plant.now_s
        device, values = injection.device, injection.values
        ends = [once(self._silent(injection)), once(empty(device))]
        device.written.clear()
        back_s = now_s + values["down_s"]
        forget = [stage.timers.at(back_s, ends[0]), stage.timers.at(back_s + values["empty_s"], ends[1])]
        return all_of([*forget, *ends])
