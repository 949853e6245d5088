"""Faults of a real process: one that sleeps, in the controller's place. What they do to the controller is for T2."""

from __future__ import annotations

import json
import os
import resource
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.config.load import load_site
from controller.config.paths import configs_dir
from hil_tests.bench.scenario import Tier
from hil_tests.bench.t2_desk import RealDesk
from hil_tests.bench.t2_life import ProcessController
from hil_tests.faults.catalogue import CATALOGUE
from hil_tests.faults.desk import Desk
from hil_tests.faults.real_process import SPARED_BYTES, RealProcess, tear, wal_of
from hil_tests.faults.stage import Stage
from hil_tests.faults.types import CannotInjectError, Heal
from hil_tests.plant.plant import Plant
from hil_tests.servers.bench import DeviceServers
from hil_tests.servers.process import ControllerProcess


class Stub:
    """A controller that only sleeps, on a plant that somebody else steps."""

    def __init__(self, folder: Path) -> None:
        site = load_site(configs_dir() / "hubs" / "hybridhof.toml")
        self.now_s = 0.0
        servers = DeviceServers(site, Plant(site.hub), clock=lambda: self.now_s)
        self.process = ControllerProcess(folder, str(site.path))
        self.life = ProcessController(self.process, lambda at_s: at_s, has_odd_clock=False)
        self.life.start = self._start  # type: ignore[method-assign]
        self.notes: dict[str, str] = {}
        self.desk = Desk(Stage(site, servers.devices, 1), RealProcess(self.life, servers, self.notes).table())
        self.devices = servers.devices
        self._start()

    def _start(self) -> None:
        self.process.starts_count += 1
        self.process.process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        self.life.limit()

    @property
    def pid(self) -> int:
        assert self.process.process is not None
        return self.process.process.pid

    def inject(self, kind: str, **parameters: object) -> Heal:
        return self.desk.inject("", kind, parameters)

    def pass_time(self, duration_s: float) -> None:
        for _ in range(round(duration_s / 0.1)):
            self.now_s += 0.1
            self.devices.catch_up()
            self.desk.after_step()


@pytest.fixture
def stub(tmp_path: Path) -> Iterator[Stub]:
    made = Stub(tmp_path)
    yield made
    made.desk.close()
    made.process.kill()


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def until_state(pid: int, letters: str) -> None:
    until_s = time.monotonic() + 5.0
    while state(pid) not in letters:
        assert time.monotonic() < until_s, state(pid)
        time.sleep(0.01)


def test_killed_and_started_by_the_service_manager(stub: Stub) -> None:
    stub.inject("kill", down_s=1.0)
    assert not stub.process.is_alive
    assert stub.process.ends == [-9]
    stub.pass_time(1.2)
    assert stub.process.is_alive
    assert stub.process.starts_count == 2


def test_killed_at_the_second_order(stub: Stub) -> None:
    stub.inject("kill", after="orders", count=2)
    device = stub.devices.device("io_module")
    order = next(point.id for point in device.device.table.points.values() if point.writable and "feeder" in point.id)
    device.write(order, value=True)
    assert stub.process.is_alive
    device.write(order, value=True)
    assert not stub.process.is_alive


def test_stopped_in_bursts_and_asleep(stub: Stub) -> None:
    heal = stub.inject("starved", stop_s=0.5, run_s=0.5)
    until_state(stub.pid, "T")
    stub.pass_time(0.7)
    until_state(stub.pid, "SR")
    stub.pass_time(0.5)
    until_state(stub.pid, "T")
    heal()
    until_state(stub.pid, "SR")
    stub.inject("suspend", lasts_s=1.0)
    until_state(stub.pid, "T")
    assert stub.process.is_stopped
    stub.pass_time(1.2)
    until_state(stub.pid, "SR")
    assert not stub.process.is_stopped


def test_limits_hold_over_a_restart_until_healed(stub: Stub) -> None:
    usual = resource.prlimit(stub.pid, resource.RLIMIT_FSIZE)[0]
    heal = stub.inject("disk_full")
    assert resource.prlimit(stub.pid, resource.RLIMIT_FSIZE)[0] == SPARED_BYTES
    stub.inject("kill", down_s=0.2)
    stub.pass_time(0.4)
    assert resource.prlimit(stub.pid, resource.RLIMIT_FSIZE)[0] == SPARED_BYTES
    heal()
    assert resource.prlimit(stub.pid, resource.RLIMIT_FSIZE)[0] == usual


def test_no_further_descriptor(stub: Stub) -> None:
    heal = stub.inject("no_descriptors")
    assert resource.prlimit(stub.pid, resource.RLIMIT_NOFILE)[0] == len([*Path(f"/proc/{stub.pid}/fd").iterdir()])
    heal()
    assert resource.prlimit(stub.pid, resource.RLIMIT_NOFILE)[0] > 100


def test_a_torn_page_costs_the_last_entry_and_no_more(tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    writer = sqlite3.connect(journal)
    writer.execute("PRAGMA journal_mode=WAL")
    writer.execute("CREATE TABLE line (number INTEGER)")
    for number in range(5):
        writer.execute("INSERT INTO line VALUES (?)", (number,))
        writer.commit()
    torn = tmp_path / "torn.db"
    torn.write_bytes(journal.read_bytes())
    wal_of(torn).write_bytes(wal_of(journal).read_bytes())
    writer.close()
    tear(torn, b"\xa5" * 4096)
    with sqlite3.connect(torn) as reader:
        assert [row[0] for row in reader.execute("SELECT number FROM line")] == [0, 1, 2, 3]


def drained(listener: socket.socket) -> bool:
    """Whoever still stands in line is let go, and nobody comes any more."""
    listener.settimeout(0.2)
    for _ in range(100):
        try:
            listener.accept()[0].close()
        except TimeoutError:
            return True
    return False


def test_a_flood_of_questions(stub: Stub) -> None:
    stub.process.run_dir.mkdir()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(stub.process.run_dir / "control.sock"))
        listener.listen(64)
        listener.settimeout(10.0)
        heal = stub.inject("flood", clients=3)
        for _ in range(20):  # each is taken and let go, and asks again
            listener.accept()[0].close()
        heal()
        assert drained(listener)


def test_what_the_catalogue_promises_for_t2_is_there() -> None:
    site = load_site(configs_dir() / "hubs" / "hybridhof.toml")
    servers = DeviceServers(site, Plant(site.hub))
    life = ProcessController(ControllerProcess(Path("nowhere"), ""), lambda at_s: at_s, has_odd_clock=False)
    desk = RealDesk(site, servers, life, 1, {})
    assert [name for name, fault in CATALOGUE.items() if Tier.T2 in fault.tiers and not desk.can(name)] == []


def test_half_a_site_file(stub: Stub) -> None:
    whole = stub.process.site
    heal = stub.inject("corrupt_config")
    assert len(Path(stub.process.site).read_bytes()) < len(Path(whole).read_bytes())
    assert stub.process.starts_count == 2
    heal()
    assert stub.process.site == whole
    assert stub.process.starts_count == 3


def test_a_shifted_wall_clock_is_told_to_the_process(stub: Stub) -> None:
    heal = stub.inject("clock_jump", by_s=-60.0)
    told = stub.process.folder / "wall_clock.json"
    assert json.loads(told.read_text()) == {"by_s": -60.0}
    heal()
    assert json.loads(told.read_text()) == {}


def test_a_process_of_roots_heeds_modes_only_when_it_is_told_to(tmp_path: Path) -> None:
    for heeds_modes in (False, True):
        process = ControllerProcess(tmp_path, "", heeds_modes=heeds_modes)
        process.start("http.server")
        try:
            assert process.writes_past_modes is (os.geteuid() == 0 and not heeds_modes)
        finally:
            process.kill()
    assert not process.writes_past_modes, "nobody is there"


def test_read_only_files(stub: Stub) -> None:
    stub.process.data_dir.mkdir()
    stub.process.journal.touch()
    if os.geteuid() == 0:
        with pytest.raises(CannotInjectError, match="root"):
            stub.inject("read_only")
        return
    heal = stub.inject("read_only")
    with pytest.raises(PermissionError):
        stub.process.journal.open("ab")
    heal()
    stub.process.journal.open("ab").close()


def test_the_odd_clock_is_the_controllers_own_command_line(tmp_path: Path) -> None:
    shift = tmp_path / "wall_clock.json"
    shift.write_text(json.dumps({"at_unix_s": 2.0**31, "zone": "BENCH-2"}))
    code = (
        "import time, sys; sys.argv = ['hallig', '--version'];"
        "from hil_tests.faults import odd_clock; from controller import clock; odd_clock.odd_main();"
        "print(clock.unix_s() - 2.0**31, time.localtime(0).tm_gmtoff)"
    )
    environment = {**os.environ, "HALLIG_ODD_CLOCK": str(shift)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    past_s, offset_s = done.stdout.split()[-2:]
    assert 0.0 <= float(past_s) < 5.0
    assert offset_s == "7200"
