"""What `hallig check` says of a site: errors, warnings, what the hub can do, caveats. For people and as JSON."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from controller.config.abilities import Ability, abilities
from controller.config.errors import ConfigError, Problem, errors_of, warnings_of
from controller.config.load import Overrides, examine
from controller.config.types import Site


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a check. Warnings change nothing: a hub without errors may run."""

    path: Path
    site: Site | None  # None when there are errors
    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    abilities: tuple[Ability, ...]  # as far as they can be known; told only of a hub that may run
    took_s: float

    @property
    def is_ok(self) -> bool:
        """The hub may run."""
        return self.site is not None

    def lines(self) -> Iterator[str]:
        """For people: what is wrong, what to know, what the hub can do."""
        yield from (str(problem) for problem in (*self.errors, *self.warnings))
        yield from self._table()
        yield from self._caveats()
        yield self._summary()

    def as_json(self) -> dict[str, object]:
        """For editors and scripts."""
        return {
            "ok": self.is_ok,
            "file": str(self.path),
            "errors": [problem.as_json() for problem in self.errors],
            "warnings": [problem.as_json() for problem in self.warnings],
            "transitions": [
                {"name": each.name, "can": each.can.value, "reason": each.reason}
                for each in (self.abilities if self.is_ok else ())
            ],
            "took_s": round(self.took_s, 4),
        }

    def _table(self) -> Iterator[str]:
        if not self.is_ok:
            return
        width = max((len(each.name) for each in self.abilities), default=0)
        for each in self.abilities:
            yield f"  {each.name:<{width}}  {each.can.value:<7}  {each.reason}"

    def _caveats(self) -> Iterator[str]:
        for device in self.site.devices.values() if self.site is not None else ():
            for caveat in device.table.caveats:
                yield f"  note: {device.name}: {caveat}"

    def _summary(self) -> str:
        known = f"{_counted(len(self.warnings), 'warning')}. Checked in {self.took_s * 1000:.0f} ms."
        if self.site is None:
            left_out = "What this hub can do is told when nothing is wrong any more."
            return f"{_counted(len(self.errors), 'problem')}, {known} {left_out} Nothing was sent to any device."
        hub = self.site.hub
        return (
            f"{hub.name}: ok. {len(self.site.devices)} devices, {len(hub.feeders)} feeders in {len(hub.tiers)} tiers, "
            f"{len(hub.batteries)} batteries, grid code '{hub.grid_code.name}', {known}"
        )


def check(path: Path, overrides: Overrides | None = None) -> Report:
    """Check a site file and all that it refers to. Raises nothing: an unreadable file is an error in the report."""
    started_s = time.perf_counter()
    try:
        examined = examine(path, overrides)
    except ConfigError as error:
        return Report(path, None, error.problems, (), (), time.perf_counter() - started_s)
    can = abilities(examined.draft) if examined.draft is not None else ()
    errors, warnings = tuple(errors_of(examined.problems)), tuple(warnings_of(examined.problems))
    return Report(path, examined.site, errors, warnings, can, time.perf_counter() - started_s)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count != 1)}"
