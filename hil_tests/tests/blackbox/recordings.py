"""A village in virtual time with a black box that works as its thread would, look by look."""

from __future__ import annotations

from pathlib import Path

from controller.blackbox.box import LOOK_S, BlackBox
from controller.blackbox.reading import BoxFile, open_box
from controller.blackbox.replaying import Judges, Replay, replay
from hil_tests.simulation.bench import Bench


class Recorded:
    """A bench whose cycles go into a box; its files are in a folder."""

    def __init__(self, folder: Path, hub: str = "musterhallig") -> None:
        self.folder = folder
        self.bench = Bench.of(hub)
        self.bench.watches = False
        self.box = BlackBox(self.bench.site, folder, "boot")
        self.bench.loop.record = self.box.take
        self.bench.on_step = self._look
        self._next_s = 0.0

    def _look(self) -> None:
        now_s, is_urgent = self.bench.plant.now_s, self.box.is_woken
        if is_urgent or now_s >= self._next_s:
            self._next_s = now_s + LOOK_S
            self.box.look(now_s)

    @property
    def files(self) -> list[Path]:
        return sorted(self.folder.iterdir()) if self.folder.exists() else []

    def replayed(self, path: Path, judges: Judges | None = None) -> tuple[BoxFile, Replay]:
        return replayed(path, judges)


def replayed(path: Path, judges: Judges | None = None) -> tuple[BoxFile, Replay]:
    """A file and what came of it."""
    box = open_box(path)
    return box, replay(box.cycles(), box.head.hub, box.head.envelope, judges)
