"""A recording becomes a scenario that loads, plays, and comes to the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.blackbox.reading import UnreadableError
from controller.model.advice import RequestKind
from controller.model.words import Mode
from hil_tests.bench.loading import load_scenario
from hil_tests.bench.recorded import write_scenario
from hil_tests.bench.runner import run
from hil_tests.bench.scenario import Scenario, Tier
from hil_tests.bench.verdict import Verdict
from hil_tests.tests.blackbox.recordings import Recorded


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """Much that happens: a swell, a blackout, hands, a wish, a silent device, the grid back and taken again."""
    recorded = Recorded(tmp_path_factory.mktemp("box"))
    bench = recorded.bench
    bench.run_for(62.0)
    bench.plant.grid.voltage_ratio = 1.06
    bench.plant.grid.drift(50.1, 0.1)
    bench.run_for(4.0)
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED)
    bench.run_for(12.0)
    bench.plant.feeders["warm_room"].demand_ratio = 0.2
    bench.plant.feeders["water"].set_closed(False)
    bench.run_for(8.0)
    bench.request(RequestKind.OPEN_FEEDER, "ev_posts")
    bench.run_for(3.0)
    bench.cut("inverter_barn")
    bench.run_for(6.0)
    bench.restore("inverter_barn")
    bench.plant.safety.local_control = True
    bench.run_for(3.0)
    bench.plant.safety.local_control = False
    bench.plant.grid.returns(0.98, 49.95)
    bench.run_to(Mode.RECONNECTION, 300.0)
    bench.run_to(Mode.GRID_CONNECTED, 300.0)
    bench.run_for(3.0)
    recorded.box.end(bench.plant.now_s)
    return recorded


def made(file: Path, folder: Path) -> Scenario:
    out = folder / "made.toml"
    write_scenario(file, out)
    return load_scenario(out).scenario


def told(scenario: Scenario, verb: str) -> list[tuple[float, dict[str, object]]]:
    return [(action.at, action.parameters) for action in scenario.timeline if action.do == verb]


def test_what_happened_stands_in_the_timeline(story: Recorded, tmp_path: Path) -> None:
    scenario = made(story.files[1], tmp_path)
    ((_, stepped),) = told(scenario, "grid.voltage")
    assert stepped["voltage_ratio"] == pytest.approx(1.06, abs=0.01)
    assert told(scenario, "grid.drift")[-1][1]["frequency_hz"] == pytest.approx(50.1, abs=0.06)
    ((dark_s, _),) = told(scenario, "grid.blackout")
    (lit_s, back) = told(scenario, "grid.return")[0]
    assert lit_s - dark_s == pytest.approx(32.3, abs=1.0)
    assert back["voltage_ratio"] == pytest.approx(0.98, abs=0.01)
    assert [each["closed"] for _, each in told(scenario, "feeder.by_hand") if each["feeder"] == "water"] == [False]
    ((_, wish),) = told(scenario, "operator")
    assert (wish["request"], wish["subject"]) == ("open_feeder", "ev_posts")
    assert [each["on"] for _, each in told(scenario, "local_control")] == [True, False]
    silent = {str(each["unit"]) for _, each in told(scenario, "fault")}
    assert silent == {"inverter_barn"}
    rooms = [each["demand_ratio"] for _, each in told(scenario, "load.set") if each["feeder"] == "warm_room"]
    assert rooms[0] == pytest.approx(0.6, abs=0.05)
    assert min(float(str(ratio)) for ratio in rooms) == pytest.approx(0.2, abs=0.05)
    assert len(told(scenario, "battery.set")) == 2


def test_played_it_comes_to_the_same(story: Recorded, tmp_path: Path) -> None:
    out = tmp_path / "made.toml"
    left_out = write_scenario(story.files[1], out)
    loaded = load_scenario(out)
    assert len(loaded.scenario.expect) >= 1
    result = run(loaded.scenario, loaded.site, 1, Tier.T0)
    assert result.verdict is Verdict.PASS, result
    assert all(f"# {line}" in out.read_text() for line in left_out)


def test_a_recording_that_begins_in_the_island_gets_a_blackout_before_it(story: Recorded, tmp_path: Path) -> None:
    bench = Recorded(tmp_path / "second")
    bench.bench.plant.grid.blackout()
    bench.bench.run_to(Mode.ISLANDED)
    bench.bench.run_for(130.0)
    bench.bench.plant.grid.returns()
    bench.bench.run_to(Mode.RECONNECTION, 300.0)
    bench.bench.run_for(1.0)
    bench.box.end(bench.bench.plant.now_s)
    scenario = made(bench.files[-1], tmp_path)
    assert scenario.timeline[-1].do in {"grid.return", "load.set", "weather.set"}
    assert [at_s for at_s, _ in told(scenario, "grid.blackout")] == [5.0]
    assert told(scenario, "grid.return")[0][0] > 40.0


def test_a_hub_that_is_not_here_is_rebuilt_from_its_own_site_file(tmp_path: Path) -> None:
    """As from another machine: the site file is changed, and gone since."""
    text = (Path("configs/hubs") / "hybridhof.toml").read_text()
    site = tmp_path / "far.toml"
    site.write_text(text.replace('name = "hybridhof"', 'name = "far_away"', 1))
    recorded = Recorded(tmp_path / "box", str(site))
    recorded.bench.run_for(3.0)
    recorded.box.end(recorded.bench.plant.now_s)
    site.unlink()
    scenario = made(recorded.files[0], tmp_path)
    assert scenario.hub == "made-site.toml"
    (tmp_path / "broken").mkdir()
    recorded.box._site_text = "nothing of use"
    recorded.bench.run_for(0.1)
    other = Recorded(tmp_path / "other", "hybridhof")
    other.box._site_text, other.box._site = "name = 1", recorded.bench.site
    other.bench.run_for(2.0)
    with pytest.raises(UnreadableError, match="is not here"):
        write_scenario(other.files[0], tmp_path / "broken" / "made.toml")
    assert list((tmp_path / "broken").iterdir()) == []
