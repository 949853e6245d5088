"""docs/add_a_device.md does what it says: its own blocks, its own commands, a real socket and the production driver."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import struct
import subprocess
import sys
import tomllib
from contextlib import suppress
from pathlib import Path

import pytest

from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.config.report import check
from controller.config.tables import load_table
from controller.config.types import ModbusWhere
from controller.drivers.blocks import Located, single
from controller.drivers.connect import open_links
from hil_tests.plant.plant import Plant
from hil_tests.servers.bench import DeviceServers
from hil_tests.tests.drivers.devices import held, now_s, until
from hil_tests.tests.servers.benches import OPCUA

ROOT = configs_dir().parent
PAGE = (ROOT / "docs" / "add_a_device.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TABLE = "devices/janitza/umg604.toml"
READ = re.compile(r"hallig read (\w+)\.(\w+) site\.toml")


def blocks(kind: str) -> list[str]:
    return [text for each, text in BLOCK.findall(PAGE) if each == kind]


def toml_block(title: str) -> str:
    (text,) = [text for text in blocks("toml") if text.startswith(f"# {title}\n")]
    return text.partition("\n")[2]


def commands() -> list[list[str]]:
    return [shlex.split(line) for text in blocks("sh") for line in text.splitlines()]


def run(command: list[str], folder: Path) -> str:
    """A line of the page, in the reader's folder; paths of the repository are the repository's."""
    words = [str(ROOT / word) if word.startswith("configs/") else word for word in command]
    if words[0] == "hallig":
        words = [sys.executable, "-m", "controller.cli", *words[1:]]
    around = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(words, cwd=folder, env=around, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The reader's folder after step 3."""
    for command in commands():
        if command[0] in {"cp", "mkdir"}:
            run(command, tmp_path)
    (tmp_path / TABLE).write_text(toml_block(TABLE), encoding="utf-8")
    site = tmp_path / "site.toml"
    text = site.read_text(encoding="utf-8")
    for section, keys in tomllib.loads(toml_block("site.toml, changed")).items():
        for key in keys:
            (line,) = [each for each in toml_block("site.toml, changed").splitlines() if each.startswith(f"{key} =")]
            head, found, rest = text.partition(f"[{section}]\n")
            assert found
            text = head + found + re.sub(rf"^{key} = .*$", line, rest, count=1, flags=re.MULTILINE)
    site.write_text(text + "\n" + toml_block("site.toml, added at its end"), encoding="utf-8")
    return tmp_path


def test_the_copied_table_differs_in_addresses_and_in_nothing_that_needs_code(folder: Path) -> None:
    theirs = tomllib.loads((ROOT / "configs/devices/janitza/umg96rm_e.toml").read_text(encoding="utf-8"))
    ours = tomllib.loads((folder / TABLE).read_text(encoding="utf-8"))
    for points in (theirs["roles"]["poi"]["points"], ours["roles"]["poi"]["points"]):
        for point in points.values():
            del point["address"]
    assert ours["roles"] == theirs["roles"]
    assert {key for key in ours["device"] if ours["device"][key] != theirs["device"][key]} == {"model", "source"}


def test_the_check_says_what_the_page_shows(folder: Path) -> None:
    (command,) = [each for each in commands() if each[:2] == ["hallig", "check"]]
    said = run(command, folder)
    for block in blocks("text"):
        for line in block.splitlines():
            assert line in said, line


async def test_the_bench_serves_the_new_device_and_the_driver_reads_it(folder: Path) -> None:
    """What the page asks `hallig read` for: the same point, the same production driver."""
    wanted = READ.search(PAGE)
    assert wanted is not None
    device, point = wanted[1], f"poi.{wanted[2]}"
    site = load_site(folder / "site.toml")
    plant = Plant(site.hub)
    servers = DeviceServers(site, plant)
    overrides = await servers.start(absent=OPCUA)
    links = open_links(load_site(folder / "site.toml", overrides), now_s, now_s)
    running = asyncio.create_task(links.run())
    try:
        link = links.links[device]
        await until(lambda: link.reading(point) is not None, f"{device} answers")
        assert held(link, point).value == pytest.approx(plant.grid_frequency_hz, abs=0.001)
        await until(lambda: link.reading("poi.power_l1_w") is not None, "power, in a block of its own")
        assert held(link, "poi.grid_voltage_l2_v").value == pytest.approx(plant.grid_voltage_v.l2, abs=0.5)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await servers.stop()


# ---- the vendors' tables --------------------------------------------------------------------------------------------

VENDORS = sorted(
    path for path in (configs_dir() / "devices").rglob("*.toml") if path.parent.name != "hallig_sim"
)  # fmt: skip


@pytest.mark.parametrize("path", VENDORS, ids=lambda path: path.stem)
def test_a_vendors_table_says_how_little_is_known(path: Path) -> None:
    table, problems = load_table(path, path.stem)
    assert table is not None, problems
    assert table.evidence.value == "simulated"
    assert "never compared with a real" in table.source
    assert any("sign" in caveat for caveat in table.caveats)


@pytest.mark.parametrize(("name", "point", "words", "value"), [
    ("carlo_gavazzi/em24", "poi.grid_voltage_l1_v", (2312, 0), 231.2),  # low word first
    ("carlo_gavazzi/em24", "poi.power_l1_w", (0xFFFF - 12_344, 0xFFFF), -1234.5),
    ("carlo_gavazzi/em24", "poi.power_l2_w", (34_464, 1), 10_000.0),
    ("carlo_gavazzi/em24", "poi.grid_frequency_hz", (500,), 50.0),
    ("eastron/sdm630", "poi.grid_voltage_l1_v", (0x4367, 0x3333), 231.2),  # IEEE 754, high word first
    ("janitza/umg96rm_e", "poi.grid_frequency_hz", (0x4248, 0x0000), 50.0),
])  # fmt: skip
def test_words_off_the_wire_become_our_units(name: str, point: str, words: tuple[int, ...], value: float) -> None:
    """Registers written by hand from the meters' types, through the production codec: word order, scale, sign."""
    table, _ = load_table(configs_dir() / "devices" / f"{name}.toml", name)
    assert table is not None
    where = table.points[point].where
    assert isinstance(where, ModbusWhere)
    block = single(Located(table.points[point], where))
    (read,) = block.decode(struct.pack(f">{len(words)}H", *words))
    assert read == pytest.approx(value, abs=0.001)


def with_meter(folder: Path, table: str, sources: str, protocol: str = 'host = "192.0.2.20"') -> Path:
    """Musterhallig with a vendor's meter at its grid connection."""
    text = (configs_dir() / "hubs" / "musterhallig.toml").read_text(encoding="utf-8")
    text = text.replace('from = "poi_relay"', f"from = {sources}")
    path = folder / "site.toml"
    path.write_text(f'{text}\n[devices.meter]\ntable = "{table}"\n{protocol}\nfast_s = 0.05\n', encoding="utf-8")
    return path


def test_the_em24_is_no_source_for_loss_or_sync(tmp_path: Path) -> None:
    """Beside a finer one its frequency is left out and the rest of it is used; the finer one alone judges."""
    path = with_meter(tmp_path, "carlo_gavazzi/em24", '["poi_relay", "meter"]')
    report = check(path)
    assert report.site is not None
    (warning,) = [problem for problem in report.warnings if problem.key == "poi.from"]
    assert warning.found == "'meter' with a resolution of 0.1 Hz in 'grid_frequency_hz'"
    assert warning.wanted == "0.05 Hz or finer: its frequency is used for neither loss nor sync"
    poi = report.site.bindings["poi"]
    assert [ref.device for ref in poi.reads["grid_frequency_hz"]] == ["poi_relay"]
    assert [ref.device for ref in poi.reads["grid_voltage_l1_v"]] == ["poi_relay", "meter"]


def test_the_em24_alone_is_refused(tmp_path: Path) -> None:
    """The relay's own frequency taken away, the meter's is all there is."""
    relay = (configs_dir() / "devices" / "hallig_sim" / "poi_relay.toml").read_text(encoding="utf-8")
    blind = re.sub(r"^grid_frequency_hz.*\n", "", relay, flags=re.MULTILINE)
    (tmp_path / "devices").mkdir()
    (tmp_path / "devices" / "blind.toml").write_text(blind, encoding="utf-8")
    path = with_meter(tmp_path, "carlo_gavazzi/em24", '["poi_relay", "meter"]')
    path.write_text(path.read_text().replace('table = "hallig_sim/poi_relay"', 'table = "blind"'), encoding="utf-8")
    told = [problem.found for problem in check(path).errors if problem.key == "poi.from"]
    assert "'meter' with a resolution of 0.1 Hz in 'grid_frequency_hz'" in told


def test_a_meter_on_a_slow_line_may_stand_in_but_not_judge_first(tmp_path: Path) -> None:
    line = 'serial_port = "/dev/ttyAMA1"\nbaudrate = 9600'
    first = check(with_meter(tmp_path, "eastron/sdm630", '["meter", "poi_relay"]', line))
    assert "devices.meter.normal_s" in {problem.key for problem in first.errors}
    second = check(with_meter(tmp_path, "eastron/sdm630", '["poi_relay", "meter"]', line))
    assert second.errors == ()
