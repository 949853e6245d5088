"""A plant whose numbers end: the run proves nothing, and its last good state is kept to look for the cause."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import pytest

from controller.cli import main
from controller.commands.frame import INVALID
from hil_tests.bench import verbs
from hil_tests.bench.loading import load_scenario
from hil_tests.bench.runner import run
from hil_tests.bench.scenario import Scenario, Tier
from hil_tests.bench.scene import Scene
from hil_tests.bench.verdict import Result, Verdict
from hil_tests.plant.plant import Plant
from hil_tests.tests.checkers.stage import the_site


@pytest.fixture(autouse=True)
def _poison(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def poison(scene: Scene, factor: float, feeder: str | None = None) -> None:
        del factor, feeder
        scene.plant.grid.voltage_ratio = math.nan

    monkeypatch.setitem(verbs.VERBS, "load.scale", poison)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def played(tier: Tier, at: str = "3 s") -> Result:
    timeline = [{"at": at, "do": "load.scale", "factor": 1.0}]
    told = Scenario.model_validate({"id": "TST-007", "title": "poison", "until": "6 s", "timeline": timeline})
    return run(told, the_site(), 5, tier)


@pytest.mark.parametrize("tier", [Tier.T0, Tier.T1])
def test_it_is_invalid_and_the_last_good_state_can_be_read(tier: Tier, tmp_path: Path) -> None:
    result = played(tier)
    assert result.verdict is Verdict.INVALID
    (finding,) = result.findings
    path = tmp_path / f"hallig-TST-007-seed5-{tier.value}.plant"
    assert "the plant's numbers ended at 3.0" in finding.detail
    assert str(path) in finding.detail
    plant = Plant(the_site().hub)
    plant.restore(path.read_bytes())
    assert abs(plant.bus) == pytest.approx(1.0, abs=0.1)


def test_in_real_time_it_is_invalid_as_well_and_so_says_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With sockets and the controller's own process, through the command."""
    path = tmp_path / "poison.toml"
    head = 'id = "TST-007"\ntitle = "poison"\nhub = "small"\nseed = 5\nuntil = "4 s"\n'
    path.write_text(head + '[[timeline]]\nat = "2 s"\ndo = "load.scale"\nfactor = 1.0\n')
    assert main(["bench", "run", str(path), "--tier", "t2"]) == INVALID
    told, kept = capsys.readouterr().out, tmp_path / "hallig-TST-007-seed5-t2.plant"
    assert "the plant's numbers ended at 2.0" in told
    assert f"is in {kept}: `Plant.restore` reads it" in told
    assert "1 run: 1 invalid" in told
    plant = Plant(load_scenario(path).site.hub)
    plant.restore(kept.read_bytes())
    assert abs(plant.bus) == pytest.approx(1.0, abs=0.1)


def test_a_full_disk_is_said_and_the_verdict_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: Path, __: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    result = played(Tier.T0)
    assert result.verdict is Verdict.INVALID
    assert "could not be kept: no space left on device" in result.findings[0].detail


def test_a_quantity_that_the_bus_does_not_show_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And the state that is kept is one from before, not the broken one."""

    def poison(scene: Scene, factor: float, feeder: str | None = None) -> None:
        del factor, feeder
        scene.plant.gensets["genset"].fuel_l = math.nan

    monkeypatch.setitem(verbs.VERBS, "load.scale", poison)
    result = played(Tier.T0)
    assert result.verdict is Verdict.INVALID
    assert "genset.genset.fuel_l is nan; its last good state, of 0." in result.findings[0].detail
    plant = Plant(the_site().hub)
    plant.restore((tmp_path / "hallig-TST-007-seed5-t0.plant").read_bytes())
    assert plant.gensets["genset"].fuel_l > 0.0
