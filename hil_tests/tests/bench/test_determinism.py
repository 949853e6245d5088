"""The same seed gives the same run, to the bit, in another process as well: no order of a set or a dict of objects."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from hil_tests.bench.loading import SCENARIOS as SCENARIOS_DIR
from hil_tests.bench.loading import load_scenario
from hil_tests.bench.runner import RUNNERS, run
from hil_tests.bench.scenario import Tier

VIRTUAL = [tier for tier in (Tier.T0, Tier.T1) if tier in RUNNERS]
SCENARIOS = ("ISL-003", "COM-004", "CTL-050")  # with OPC UA; faults of a link; with OPC UA and a killed controller
ON_WIRES = ("COM-002",)  # bit flips in bytes: only where there are bytes
UNTIL_S = 27.0  # all that happens in them has begun
FUZZED = (17, 30)  # one of each aim, with several kinds of faults
PLAY = """
import hashlib, json, sys, tempfile
from pathlib import Path
from hil_tests.bench.loading import SCENARIOS, load_scenario
from hil_tests.bench.runner import run
from hil_tests.bench.scenario import Tier
from hil_tests.fuzz.hubs import random_hub
from hil_tests.fuzz.stories import Aim, random_scenario

def said(result):
    rest = repr((result.events, result.marks, result.findings, sorted(result.metrics.items())))
    return [result.trace_hash, hashlib.sha256(rest.encode()).hexdigest()]

wanted, found = json.loads(sys.argv[1]), {}
tier = Tier(wanted["tier"])
for name in wanted["scenarios"]:
    loaded = load_scenario(SCENARIOS / f"{name}.toml")
    begun = loaded.scenario.model_copy(update={"until": min(loaded.scenario.until, wanted["until"]), "expect": ()})
    found[name] = said(run(begun, loaded.site, 7, tier))
for seed in wanted["fuzzed"]:
    with tempfile.TemporaryDirectory() as folder:
        path, site = random_hub(seed, Path(folder))
        story = random_scenario(seed, site, path.name, Aim.SAFETY if seed % 2 else Aim.LIVENESS)
        found[str(seed)] = [*said(run(story, site, seed, tier)), story.model_dump_json()]
print(json.dumps(found))
"""


@pytest.mark.parametrize("tier", VIRTUAL, ids=lambda tier: tier.value)
def test_two_processes_with_different_hash_seeds_play_the_same(tier: Tier) -> None:
    scenarios, fuzzed = (SCENARIOS, FUZZED) if tier is Tier.T0 else ((*SCENARIOS, *ON_WIRES), ())
    wanted = json.dumps({"tier": tier.value, "scenarios": scenarios, "fuzzed": fuzzed, "until": UNTIL_S})
    playing = [_started(wanted, hash_seed) for hash_seed in ("1", "4242")]
    first, second = (_answer(process) for process in playing)
    assert len(first) >= len(SCENARIOS)
    assert all(hashes[0] for hashes in first.values()), "a run without a trace proves nothing"
    assert first == second


@pytest.mark.parametrize("tier", VIRTUAL, ids=lambda tier: tier.value)
def test_a_switch_that_needs_a_hundredth_of_a_second_longer_is_another_run(tier: Tier) -> None:
    loaded = load_scenario(SCENARIOS_DIR / "ISL-003.toml")
    short = loaded.scenario.model_copy(update={"until": 7.0, "expect": ()})
    first, second, again = (run(short, loaded.site, seed, tier) for seed in (1, 2, 1))
    assert 0.0 < abs(first.metrics["t_open_s"] - second.metrics["t_open_s"]) < 0.05, "within one cycle"
    assert first.trace_hash != second.trace_hash
    assert first.trace_hash == again.trace_hash


def _started(wanted: str, hash_seed: str) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    root = Path(__file__).parents[3]
    return subprocess.Popen(
        [sys.executable, "-c", PLAY, wanted], stdout=subprocess.PIPE, text=True, env=environment, cwd=root
    )


def _answer(process: subprocess.Popen[str]) -> Mapping[str, list[str]]:
    out, _ = process.communicate()
    assert process.returncode == 0
    found: Mapping[str, list[str]] = json.loads(out)
    return found
