"""Certificates and pauses: what a site file may ask of a wire."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from controller import clock
from controller.config.bus_budget import (
    HOLE_MAX_RTU,
    HOLE_MAX_TCP,
    poll_wait_s,
    serial_reads,
    worth_reading,
    write_latency,
)
from controller.config.load import load_site
from controller.config.types import Device
from hil_tests.tests.config.stories import MUSTER, changed, own_table, problems_of, warnings_in
from hil_tests.tests.drivers.certificates import Authority

RELAY = 'table = "hallig_sim/poi_relay"'
TLS = 'tls = { ca = "authority.pem", certificate = "hub.pem", key = "hub.key", server_name = "relay.hub" }'
YEAR_S = 365.0 * 86400.0


def relay_of(path: Path) -> Device:
    return load_site(path).devices["poi_relay"]


def test_certificates_lie_beside_the_site_file(tmp_path: Path) -> None:
    Authority(tmp_path, "authority").give("hub")
    path, _, _ = changed(MUSTER, tmp_path, (RELAY, f"▶{RELAY}\n{TLS}"))
    tls = relay_of(path).tls
    assert tls is not None
    assert (tls.ca, tls.key, tls.server_name) == (tmp_path / "authority.pem", tmp_path / "hub.key", "relay.hub")


@pytest.mark.parametrize(
    ("spoil", "key", "found"),
    [
        (lambda folder: (folder / "hub.key").unlink(), "devices.poi_relay.tls.key", "no file"),
        (lambda folder: (folder / "hub.pem").write_text("no certificate"), "devices.poi_relay.tls", "cannot be used"),
        (lambda folder: Authority(folder, "other").give("hub2")[1].rename(folder / "hub.key"),
         "devices.poi_relay.tls", "KEY_VALUES_MISMATCH"),
    ],
    ids=["no key", "no certificate", "another's key"],
)  # fmt: skip
def test_certificates_that_cannot_be_used_are_told_of_before_anything_starts(
    tmp_path: Path, spoil: object, key: str, found: str
) -> None:
    assert callable(spoil)
    Authority(tmp_path, "authority").give("hub")
    spoil(tmp_path)
    path, line, _ = changed(MUSTER, tmp_path, (RELAY, f"{RELAY}\n▶{TLS}"))
    (problem,) = problems_of(path)
    assert (problem.key, problem.line) == (key, line)
    assert found in problem.found


@pytest.mark.parametrize(("years", "told"), [(10, ["ca", "certificate"]), (-50, [])], ids=["too old", "no clock"])
def test_dates_that_are_over_are_told_of_and_stop_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, years: int, told: list[str]
) -> None:
    Authority(tmp_path, "authority").give("hub")
    today_s = time.time() + years * YEAR_S
    monkeypatch.setattr(clock, "unix_s", lambda: today_s)
    path, line, _ = changed(MUSTER, tmp_path, (RELAY, f"{RELAY}\n▶{TLS}"))
    found = [problem for problem in warnings_in(path) if problem.line == line]
    assert [problem.key for problem in found] == [f"devices.poi_relay.tls.{key}" for key in told]


def test_units_behind_one_port_share_their_certificates(tmp_path: Path) -> None:
    Authority(tmp_path, "authority").give("hub")
    barn = 'table = "hallig_sim/sunspec_pv"\nhost = "192.0.2.14"'
    same = 'table = "hallig_sim/sunspec_pv"\nhost = "192.0.2.13"\nunit = 2\n'
    path, _, _ = changed(MUSTER, tmp_path, (barn, f"▶{same}{TLS}"))
    (problem,) = problems_of(path)
    assert (problem.key, "other certificates than 'inverter_school'" in problem.found) == (
        "devices.inverter_barn.tls",
        True,
    )


def test_a_device_that_wants_a_pause_is_not_asked_faster_than_it_can(tmp_path: Path) -> None:
    own_table(tmp_path, "slow_relay", "hallig_sim/poi_relay", ("[device]", "[device]\nmin_gap_s = 0.05"))
    path, _, _ = changed(MUSTER, tmp_path, (RELAY, '▶table = "slow_relay"'))
    problems = [problem for problem in problems_of(path) if "its pause of 0.05 s" in problem.found]
    assert [problem.key for problem in problems] == ["devices.poi_relay.fast_s"]


def test_the_pause_is_part_of_a_serial_lines_budget() -> None:
    device = load_site(MUSTER).devices["genset_panel"]
    slow = replace(device, table=replace(device.table, min_gap_s=0.1))
    for before, after in zip(serial_reads(device), serial_reads(slow), strict=True):
        assert after.time_s - before.time_s == pytest.approx(0.1)


def test_a_hole_is_read_where_another_question_would_cost_the_line_more() -> None:
    """20 characters of question, answer and silences are ten registers; a slow device makes them more."""
    assert (HOLE_MAX_RTU, HOLE_MAX_TCP) == (10, 18)
    assert [worth_reading(baud, 0.0) for baud in (1200, 9600, 19200)] == [10, 10, 10]
    assert worth_reading(115200, 0.0) > 10


def test_an_order_waits_for_a_dead_neighbour_behind_its_gateway(tmp_path: Path) -> None:
    """The contactors and the barn's inverter behind one address: one connection, one question at a time."""
    barn = 'table = "hallig_sim/sunspec_pv"\nhost = "192.0.2.14"'
    behind = 'table = "hallig_sim/sunspec_pv"\nhost = "192.0.2.15"\nunit = 2\ntimeout_s = 0.7'
    path, _, _ = changed(MUSTER, tmp_path, (barn, f"▶{behind}"))
    alone, shared = load_site(MUSTER), load_site(path)
    order = alone.bindings["desk"].writes["closed"]
    assert order.device == "io_module"
    alone_s, shared_s = (
        write_latency(order, site.devices, site.bindings.values(), site.hub.timing.cycle_s) for site in (alone, shared)
    )
    assert alone_s.busy_s == pytest.approx(0.01)
    assert shared_s.busy_s == pytest.approx(0.7)
    assert poll_wait_s(shared.devices["io_module"], shared.devices) == pytest.approx(0.02)
    assert shared.hub.feeders["desk"].write_latency_s > 0.5, "too slow to be counted on without a look at the curve"


def test_the_orders_of_a_neighbour_behind_the_same_gateway_go_before_ours() -> None:
    site = load_site(MUSTER)
    order = site.bindings["desk"].writes["closed"]
    relay = replace(site.devices["poi_relay"], host=site.devices["io_module"].host)
    shared = {**site.devices, "poi_relay": relay}
    counts = [write_latency(order, each, site.bindings.values(), 0.05).order_count for each in (site.devices, shared)]
    assert counts[0] < counts[1]
