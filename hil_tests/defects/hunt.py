"""Plant each defect in a copy of the controller, play scenarios on it, and say who caught it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import controller
from controller.config.paths import configs_dir
from hil_tests.defects.patching import Defect, apply

PATIENCE_S = 600.0
PACKAGE = Path(controller.__file__).parent
REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Caught:
    """What came of one defect. `by` is empty when none of those that it is meant for noticed it."""

    defect: str
    title: str
    scenario: str
    by: str
    detail: str


def hunt(defects: Iterable[Defect], jobs: int, scenarios: tuple[str, ...] = ()) -> Iterator[Caught]:
    """Each defect in its own scenarios, or in those that are given; in their order."""
    with ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(lambda defect: catch(defect, scenarios or defect.scenarios), defects)


def catch(defect: Defect, scenarios: tuple[str, ...]) -> Caught:
    """Who of those that it is meant for catches it first; what others notice is said, and does not count."""
    others: list[str] = []
    with tempfile.TemporaryDirectory(prefix="hallig-defect-") as temporary:
        root = Path(temporary)
        copy_controller(root)
        apply(defect, root)
        for run in play(root, scenarios):
            if run["outcome"] == "fail":
                others += [f"{source} in {run['scenario']}" for source in run["found"]]
                for by, detail in run["found"].items():
                    if is_meant(defect, by):
                        return Caught(defect.id, defect.title, run["scenario"], by, detail)
    return Caught(defect.id, defect.title, "", "", f"missed; noticed by {', '.join(others) or 'nobody'}")


def is_meant(defect: Defect, source: str) -> bool:
    """This source of a finding is one of those that the defect names: `I5`, `expect.2`, or `expect` for any of them."""
    return source in defect.by or source.partition(".")[0] in defect.by


def sound(scenarios: Iterable[str]) -> list[str]:
    """What the controller as it is does wrong in these scenarios: a hunt that begins with a fault proves nothing."""
    with tempfile.TemporaryDirectory(prefix="hallig-defect-") as temporary:
        copy_controller(Path(temporary))
        runs = play(Path(temporary), tuple(dict.fromkeys(scenarios)))
        return [f"{run['scenario']}: {run['outcome']} {run['found']}" for run in runs if run["outcome"] != "pass"]


def copy_controller(root: Path) -> None:
    """The package, and the data that it finds beside itself."""
    shutil.copytree(PACKAGE, root / "controller", ignore=shutil.ignore_patterns("_configs"))
    (root / "configs").symlink_to(configs_dir())


def play(root: Path, scenarios: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Results as they come; the process ends with the caller's interest."""
    path = os.pathsep.join((str(root), str(REPOSITORY)))
    with subprocess.Popen(
        [sys.executable, "-m", "hil_tests.defects.plant_one", *scenarios],
        cwd=root,
        env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        seen = False
        try:
            for line in child.stdout:
                seen = True
                yield json.loads(line)
        finally:
            child.kill()
        if not seen:
            words = child.stderr.read() if child.stderr is not None else ""
            yield {"scenario": scenarios[0], "outcome": "fail", "found": {"crash": words.strip()[-200:]}}
