"""How long `hallig check` takes, also for a hub with 30 devices: `python -m hil_tests.benchmarks.check`."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from controller.config.paths import configs_dir
from controller.config.report import check

RUNS_COUNT = 50
GOAL_S = 0.1
MUSTER = configs_dir() / "hubs" / "musterhallig.toml"
DEVICES_COUNT = 30

PV_PLANT = """
[pv.pv_{n}]
label = {{ de = "Solar {n}", da = "Sol {n}", en = "Solar {n}" }}
from = "inverter_{n}"
rating_w = 10_000

[devices.inverter_{n}]
table = "hallig_sim/pv_inverter"
host = "192.0.2.{host}"
"""
FEEDER = """
[feeders.house_{n}]
label = {{ de = "Haus {n}", da = "Hus {n}", en = "House {n}" }}
from = "contactor_{n}"
tier = 3
phases = ["l3"]
rated_w = 200
carries_control = false

[devices.contactor_{n}]
table = "hallig_sim/contactor_rtu"
serial_port = "/dev/ttyAMA{line}"
baudrate = 19200
unit = {unit}
normal_s = 0.4
timeout_s = 0.1
"""
MISTAKES = ("rating_va = 60_000", "rating_kva = 60"), ("unit = 12", "unit = 11"), ('"contactor_phones"', '"contactor"')


def big_hub() -> str:
    """Musterhallig with more roofs and more houses: a site file with 30 devices on the network and three lines."""
    text = MUSTER.read_text(encoding="utf-8")
    more = DEVICES_COUNT - text.count("[devices.")
    parts = [PV_PLANT.format(n=n, host=100 + n) for n in range(more // 2)]
    parts += [FEEDER.format(n=n, line=1 + n % 2, unit=1 + n) for n in range(more - more // 2)]
    return text + "".join(parts)


def wrong_hub() -> str:
    """The same, with mistakes: complaining needs the places of all keys."""
    text = big_hub()
    for right, wrong in MISTAKES:
        text = text.replace(right, wrong)
    return text


def rows(runs_count: int = RUNS_COUNT) -> Iterator[str]:
    """One line for each file; the first run, which fills caches, counts with the others."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("musterhallig", MUSTER.read_text(encoding="utf-8")), ("30 devices", big_hub()),
                           ("30 devices, with mistakes", wrong_hub())):  # fmt: skip
            path = Path(folder) / "site.toml"
            path.write_text(text, encoding="utf-8")
            took_ms = [_took_s(path) * 1000.0 for _ in range(runs_count)]
            report = check(path)
            told = f"{len(report.errors)} errors, {len(report.warnings)} warnings"
            yield (
                f"{name}: median {statistics.median(took_ms):.1f} ms, worst {max(took_ms):.1f} ms of {runs_count} runs"
                f" (goal {GOAL_S * 1000:.0f} ms; {told})"
            )


def _took_s(path: Path) -> float:
    begin_s = time.perf_counter()
    check(path)
    return time.perf_counter() - begin_s


if __name__ == "__main__":
    for row in rows():
        print(row)
