"""The real commands beside a real controller: on grid, in a blackout, observing, and when it is gone.

One village for all: the tests tell one story and run in the order of the page.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller import clock
from controller.commands import check, events, explain, observe, read, status
from controller.commands.event_keys import EVENT_KEYS
from controller.socket_client import SocketClient
from hil_tests.tests.commands.terminal import Terminal
from hil_tests.tests.commands.village import HALLIG, Village


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Village]:
    a_village = Village(tmp_path_factory.mktemp("village"))
    a_village.start_controller()
    yield a_village
    a_village.stop()


@pytest.fixture(scope="module")
def islanded(village: Village) -> Village:
    """The same village, in a blackout."""
    village.tell("blackout")
    village.until_mode("islanded")
    return village


# ---- on grid ---------------------------------------------------------------------------------------------------------


def test_the_only_hub_here_need_not_be_named(village: Village) -> None:
    for words in ((), ("musterhallig",), ("configs/hubs/musterhallig.toml",)):
        done = village.hallig("status", *words)
        assert (done.returncode, "(musterhallig)" in done.stdout) == (0, True), words


def test_status_is_one_screen_and_all_of_it_is_a_document(village: Village) -> None:
    done = village.hallig("status")
    lines = done.stdout.splitlines()
    assert (done.returncode, len(lines) <= 24, max(map(len, lines)) <= 80) == (0, True, True)
    for word in ("ON GRID at least since", "Grid connection", "50.0", "battery_main", "pv_barn", "■ desk", "p99"):
        assert word in done.stdout
    document = village.json("status")
    assert set(document) <= set(status.ABOUT.keys)
    assert (document["has_contact"], document["status"]["mode"], document["problems"]) == (True, "grid_connected", [])


def test_the_line_for_the_radio(village: Village) -> None:
    said = village.hallig("status", "--line", "--lang", "de").stdout.strip()
    assert re.fullmatch(r"MUSTERHALLIG \d{6} NETZ BEREIT \d+H FUNK OK ALLES AN", said)
    assert village.hallig("status", "--line", LANG="da_DK.UTF-8").stdout.startswith("MUSTERHALLIG")
    assert "NET KLAR" in village.hallig("status", "--line", LANG="da_DK.UTF-8").stdout
    assert "NETZ BEREIT" in village.hallig("status", "--line", LANG="C").stdout
    document = village.json("status", "--line")
    assert document["bytes_count"] == len(document["line"].encode()) <= 140


def test_a_value_comes_with_its_age_its_source_and_its_raw_number(village: Village) -> None:
    document = village.json("read", "poi.grid_voltage_v")
    assert set(document) == set(read.ABOUT.keys)
    assert document["through"] == "controller"
    assert 225.0 < document["value"]["l1"] < 235.0
    source = document["sources"][0]
    assert (source["device"], source["raw"]) == ("poi_relay", round(source["value"] * 10))
    assert 0.0 <= document["age_s"] < 1.0
    done = village.hallig("read", "inverter_main.soc_pct")
    assert (done.returncode, "raw 850" in done.stdout) == (0, True)
    assert village.json("read", "feeder.position")["error"]["code"] == "unknown_point"
    assert village.hallig("read", "desk.position").stdout.startswith("desk.position = closed, ")


def test_unknown_names_get_a_proposal(village: Village) -> None:
    for name, meant in (
        ("poi.grid_voltag_v", "did you mean poi.grid_voltage_v"),
        ("poi_relay.frequency_hz", "poi_relay.poi.grid_frequency_hz"),
        ("poi_relai.grid_frequency_hz", "did you mean 'poi_relay.grid_frequency_hz'?"),
        ("battery.soc_pct", "battery_main, battery_second"),
    ):
        done = village.hallig("read", name)
        assert (done.returncode, meant in done.stderr) == (2, True), done.stderr


def test_a_stream_of_values_ends_with_its_reader_or_with_ctrl_c(village: Village) -> None:
    command = [*HALLIG, "read", "poi.grid_frequency_hz", "--watch", "--json"]
    environment = {**os.environ, "HALLIG_RUN_ROOT": str(village.root)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    first, second = json.loads(process.stdout.readline()), json.loads(process.stdout.readline())
    assert first["field"] == second["field"] == "grid_frequency_hz"
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 0
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stdout.close()
    process.stderr.close()


# ---- in a blackout ---------------------------------------------------------------------------------------------------


def test_events_are_told_in_order_with_words_and_uncertainty(islanded: Village) -> None:
    done = islanded.hallig("events", "--since", "1h")
    text = done.stdout
    assert done.returncode == 0
    assert text.index("Controller started") < text.index("Power grid failed") < text.index("Island – own supply")
    assert re.search(r"± 0\.\d\d s  Power grid failed – no voltage in the grid", text)
    lines = [json.loads(line) for line in islanded.hallig("events", "--json", "--lang", "da").stdout.splitlines()]
    assert all(set(line) == set(EVENT_KEYS) for line in lines)
    assert [line["id"] for line in lines] == sorted(line["id"] for line in lines)
    moved = next(line for line in lines if line["kind"] == "position_changed" and line["subject"] == "poi")
    assert 0.02 < moved["uncertainty_s"] < 1.0
    assert next(line for line in lines if line["kind"] == "mode_changed")["uncertainty_s"] is None
    assert islanded.hallig("events", "--since", "0s").stdout == ""


def test_a_broken_pipe_is_no_accident(islanded: Village) -> None:
    environment = {**os.environ, "HALLIG_RUN_ROOT": str(islanded.root)}
    for words in ("events --since 1h", "events --json", "status --watch --json", "status", "--help"):
        line = f"{' '.join(HALLIG)} {words} | head -c 5"
        piped = ["bash", "-o", "pipefail", "-c", line]
        done = subprocess.run(piped, capture_output=True, text=True, check=False, env=environment, timeout=20)
        assert (done.returncode, done.stderr) == (0, ""), words


def test_why_is_told_by_the_rule_and_its_inputs(islanded: Village) -> None:
    changed = [json.loads(line) for line in islanded.hallig("events", "--since", "1h", "--json").stdout.splitlines()]
    lost = next(line for line in changed if line["rule"].endswith(": grid_lost") or "poi_opened" in line["rule"])
    for wanted in (f"#{lost['id']}", str(lost["id"])):
        document = islanded.json("explain", wanted)
        assert set(document) == set(explain.ABOUT.keys)
        assert document["rule"].startswith("grid_connected -> unplanned_islanding: ")
        inputs = document["inputs"]
        assert inputs["grid_voltage_l1_v"] < 46.0
        assert inputs["grid_voltage_below_v"] == 46.0
        assert (inputs["former"], inputs["former_rating_va"]) == ("battery_main", 60_000.0)
        assert inputs["load_w"] > 5_000.0, "as it was before, not what dead meters show"
        assert {"net_import_l1_w", "shed_set", "soc_pct"} <= set(inputs)
    german = islanded.hallig("explain", f"#{lost['id']}", "--lang", "de").stdout
    assert "Warum: " in german
    assert re.search(r"Grenze: Netzspannung unter +46,0 V", german)
    assert re.search(r"ihre Nennleistung +60000 VA", german)


def test_the_last_decision_and_times_of_all_kinds(islanded: Village) -> None:
    last = islanded.json("explain")
    assert last["rule"]
    minute = time.strftime("%H:%M", time.localtime(last["unix_s"]))
    second = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(last["unix_s"]))
    for when in (minute, second, "-0s", f"#{last['id']}"):
        assert islanded.json("explain", when)["id"] == last["id"], when
    nothing = islanded.hallig("explain", "-30d")
    assert (nothing.returncode, "nothing was decided then" in nothing.stderr) == (1, True)
    assert islanded.hallig("explain", "#999999").returncode == 1
    assert islanded.json("explain", "musterhallig")["id"] == last["id"], "a first word that is no time is the hub"


# ---- observing -------------------------------------------------------------------------------------------------------


def test_while_observing_nothing_is_written_not_even_a_heartbeat(islanded: Village) -> None:
    document = islanded.json("observe", "on")
    assert set(document) == set(observe.ABOUT.keys)
    assert (document["authority_before"], document["authority"], document["took_effect"]) == ("auto", "observe", True)
    assert {device["device"] for device in document["devices"]} >= {"poi_relay", "inverter_main"}
    islanded.tell("written")  # whatever was on its way has arrived
    time.sleep(0.5)
    before = islanded.written()
    time.sleep(2.2)  # two heartbeats of the slowest
    assert islanded.written() == before
    assert "OBSERVING ONLY" in islanded.hallig("status", "--line").stdout
    said = islanded.hallig("observe", "on").stdout
    assert "It was so already." in said
    assert "inverter_main: without a heartbeat, after 10 s on grid: holds; islanded: keeps forming" in said
    asked = [json.loads(line) for line in islanded.hallig("events", "--json").stdout.splitlines()]
    request = next(line for line in asked if line["kind"] == "requested")
    assert request["values"]["what"] == "observe_on"
    assert "@" in request["inputs"]["who"]


def test_observing_survives_kill_minus_nine_and_ends_when_told(islanded: Village) -> None:
    islanded.kill_controller()
    islanded.start_controller("islanded")
    assert islanded.status["authority"] == "observe"
    done = islanded.hallig("observe", "off")
    assert (done.returncode, "acts by itself again" in done.stdout) == (0, True)
    before = islanded.written()
    islanded.until(lambda: islanded.written() != before, 5.0)
    assert islanded.json("status")["status"]["authority"] == "auto"


def test_what_does_not_take_effect_ends_with_1(islanded: Village) -> None:
    client = SocketClient(islanded.root / "musterhallig")
    client.ask(method="request", kind="manual_on", who="duty")
    islanded.until(lambda: islanded.status.get("authority") == "manual")
    done = islanded.hallig("observe", "off")
    assert (done.returncode, "does not make it automatic" in done.stderr) == (1, True), done.stderr
    assert islanded.status["authority"] == "manual"
    client.ask(method="request", kind="manual_off", who="duty")
    islanded.until(lambda: islanded.status.get("authority") == "auto")


def test_a_second_controller_is_refused_in_json_too(islanded: Village) -> None:
    data = str(islanded.folder / "second")
    document = json.loads(islanded.hallig("run", "musterhallig", "--data-dir", data, "--json").stdout)
    assert document["error"]["code"] == "already_running"


# ---- when it is gone -------------------------------------------------------------------------------------------------


def test_the_watch_and_the_followers_survive_the_controller(islanded: Village) -> None:
    watch, follow = Terminal(islanded.root, "status", "--watch"), Terminal(islanded.root, "events", "--follow")
    watch.until("ISLAND since")
    follow.until("Island")
    islanded.kill_controller()
    watch.until("No contact with the controller")
    follow.until("no contact for now")
    for terminal in (watch, follow):
        terminal.forget()
    islanded.start_controller("islanded")
    watch.until("ISLAND since")
    follow.until("Found after the start: Island")
    assert (watch.close(), follow.close()) == (0, 0)


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file of a folder, with its time."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*") if path.is_file()}


def test_a_dead_controller_still_tells_its_story_and_its_file_is_not_touched(islanded: Village) -> None:
    islanded.kill_controller()
    data = islanded.folder / "data"
    before = contents(data)
    assert "journal.db-wal" in before, "killed: the last events are in the log"
    dead = islanded.hallig("events", "--since", "1h")
    assert (dead.returncode, "Power grid failed" in dead.stdout) == (0, True)
    assert islanded.hallig("explain").returncode == 0
    assert contents(data) == before
    elsewhere = islanded.folder / "card"
    shutil.copytree(data, elsewhere)
    by_card = islanded.hallig("events", "--data-dir", str(elsewhere), HALLIG_RUN_ROOT=str(islanded.folder / "none"))
    assert "Power grid failed" in by_card.stdout


def test_without_a_controller_status_says_so_and_requests_go_nowhere(islanded: Village) -> None:
    written_at_s = islanded.status["written_at_s"]
    islanded.until(lambda: clock.now_s() - written_at_s > 2.1)
    done = islanded.hallig("status")
    assert "No contact with the controller since" in done.stdout
    assert "last known: ISLAND" in done.stdout
    assert "NO CONTACT SINCE" in islanded.hallig("status", "--line").stdout
    refused = islanded.hallig("observe", "on")
    assert (refused.returncode, "is not running" in refused.stderr) == (3, True)


def test_without_a_controller_the_device_itself_is_asked_and_nothing_is_written(islanded: Village) -> None:
    before = islanded.written()
    done = islanded.hallig("read", "poi_relay.grid_frequency_hz", "--overrides", islanded.overrides, "--json")
    assert json.loads(done.stdout)["through"] == "device"
    phases = islanded.hallig("read", "poi.bus_voltage_v", "musterhallig", "--overrides", islanded.overrides)
    assert (phases.returncode, " V, " in phases.stdout) == (0, True), phases.stderr
    over_ua = islanded.hallig("read", "battery_second.soc_pct", "--overrides", islanded.overrides)
    assert (over_ua.returncode, "inverter_second" in over_ua.stdout) == (0, True), over_ua.stderr
    assert islanded.written() == before


def test_a_device_that_does_not_answer_is_named_with_what_was_tried(islanded: Village, tmp_path: Path) -> None:
    (tmp_path / "overrides.json").write_text('{"poi_relay": {"host": "127.0.0.1", "port": 1}}')
    done = islanded.hallig("read", "poi.position", "--overrides", str(tmp_path / "overrides.json"))
    assert done.returncode == 3
    assert "tried poi_relay at 127.0.0.1:1 (Modbus TCP, unit 1)" in done.stderr


def test_check_tells_programs_what_it_tells_people(village: Village) -> None:
    document = village.json("check", "musterhallig")
    assert set(document) == set(check.ABOUT.keys)
    assert document["ok"] is True
    assert events.ABOUT.keys
