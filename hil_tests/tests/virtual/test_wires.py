"""A hub in virtual time with its wires: what the production drivers make of faulty bytes, and what kills leave."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil_tests.bench.loading import SCENARIOS, load_scenario
from hil_tests.bench.runner import run
from hil_tests.bench.scenario import Scenario, Tier
from hil_tests.bench.verdict import Result, Verdict
from hil_tests.faults.catalogue import CATALOGUE
from hil_tests.plant.plant import Plant
from hil_tests.tests.checkers.stage import the_site
from hil_tests.virtual.bench import WireBench, is_on_a_wire
from hil_tests.virtual.desk import WireDesk
from hil_tests.virtual.loop import VirtualLoop

HEAD = """
id = "COM-990"
title = "A fault on a wire"
hub = "{hub}"
until = "20 s"
tiers = ["t1"]
"""
WATCHED = """
[[expect]]
never = "not poi.closed"
"""


def played(folder: Path, text: str, hub: str = "musterhallig", seed: int = 1) -> Result:
    path = folder / "COM-990.toml"
    path.write_text(HEAD.format(hub=hub) + text)
    loaded = load_scenario(path)
    return run(loaded.scenario, loaded.site, seed, Tier.T1)


def fault(unit: str, kind: str, more: str = "") -> str:
    return f'[[timeline]]\nat = "5 s"\ndo = "fault"\nunit = "{unit}"\ntype = "{kind}"\n{more}\n'


def reasons(result: Result) -> list[str]:
    return [event.reason.value for _, event in result.events if event.reason is not None]


def test_what_the_catalogue_promises_for_t1_is_there() -> None:
    site, loop = the_site(), VirtualLoop()
    desk = WireDesk(WireBench(site, Plant(site.hub, 1), 1, loop))
    loop.close()
    assert [name for name, kind in CATALOGUE.items() if Tier.T1 in kind.tiers and not desk.can(name)] == []


ON_TCP = ("duplicate", "late_reply", "wrong_transaction", "truncate", "reset", "trickle", "bit_flip", "exception")
ON_A_LINE = ("duplicate", "truncate", "bit_flip", "exception", "slow", "drop")
LIVED_THROUGH = [("inverter_school", kind) for kind in ON_TCP] + [("contactor_water", kind) for kind in ON_A_LINE]


@pytest.mark.parametrize(("device", "kind"), LIVED_THROUGH)
def test_a_faulty_wire_to_one_device_moves_no_breaker(device: str, kind: str, tmp_path: Path) -> None:
    result = played(tmp_path, fault(device, kind) + WATCHED)
    assert result.verdict is Verdict.PASS, result.findings
    assert result.trace_hash


def test_a_device_that_only_trickles_is_lost_and_said(tmp_path: Path) -> None:
    assert "device_lost" in reasons(played(tmp_path, fault("inverter_school", "trickle")))


def test_a_refused_connection_is_lost_and_comes_back(tmp_path: Path) -> None:
    said = reasons(played(tmp_path, fault("inverter_school", "connection_limit", 'max = 0\nfor = "5 s"')))
    assert said.index("device_lost") < said.index("device_back")


def test_noise_on_a_serial_line(tmp_path: Path) -> None:
    site = the_site()
    lines = [name for name, device in site.devices.items() if device.table.protocol.value == "modbus_rtu"]
    assert lines, "the demo hub has a serial line"
    result = played(tmp_path, fault(lines[0], "line_noise", "ratio = 1.0"))
    assert result.verdict is Verdict.PASS, result.findings
    assert "device_lost" in reasons(result)


def test_an_opc_ua_device_has_no_bytes_here_and_can_still_fall_silent(tmp_path: Path) -> None:
    assert not is_on_a_wire(the_site().devices["radio_mesh_node"])
    assert "device_lost" in reasons(played(tmp_path, fault("radio_mesh_node", "silent")))


def test_killed_in_the_island_and_back_without_a_move() -> None:
    loaded = load_scenario(SCENARIOS / "CTL-050.toml")
    here = run(loaded.scenario, loaded.site, 1, Tier.T1)
    there = run(loaded.scenario, loaded.site, 1, Tier.T0)
    assert (here.verdict, there.verdict) == (Verdict.PASS, Verdict.PASS), here.findings
    assert here.trace_hash != there.trace_hash, "bytes take their time"


@pytest.mark.parametrize("name", ["ISL-003", "REC-001"])
def test_modes_follow_each_other_as_without_wires(name: str) -> None:
    loaded = load_scenario(SCENARIOS / f"{name}.toml")
    seed = loaded.scenario.seed[0]
    assert modes(loaded.scenario, seed, Tier.T1) == modes(loaded.scenario, seed, Tier.T0)


def modes(scenario: Scenario, seed: int, tier: Tier) -> list[str]:
    result = run(scenario, load_scenario(scenario.path).site, seed, tier)
    return [event.reason.value for _, event in result.events if event.kind.value == "mode_changed" and event.reason]
