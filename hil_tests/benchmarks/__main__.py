"""Measure: `python -m hil_tests.benchmarks [NAME ...] [--quick] [--write]`.

Prints a table for each part with median, p99, maximum and the goal of `docs/benchmarks.md`. Everything runs on this
machine over loopback, with processes and folders that are gone afterwards, Ctrl-C included. Exit code 1: a goal was
missed. Nothing else should run meanwhile: the machine's other work is in the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Callable, Mapping

from hil_tests.benchmarks.crowd import crowd_rows
from hil_tests.benchmarks.disk import disk_rows
from hil_tests.benchmarks.fleet import fleet_rows
from hil_tests.benchmarks.islanding import islanding_rows
from hil_tests.benchmarks.judgement import judgement_rows
from hil_tests.benchmarks.opcua import opcua_rows
from hil_tests.benchmarks.overload import overload_rows
from hil_tests.benchmarks.polling import polling_rows
from hil_tests.benchmarks.restarts import restart_rows
from hil_tests.benchmarks.row import Row
from hil_tests.benchmarks.simulation import measure
from hil_tests.benchmarks.steady import steady_rows
from hil_tests.benchmarks.table import misses, text_table, write_page
from hil_tests.benchmarks.telemetry import telemetry_rows
from hil_tests.reconnections.play import played
from hil_tests.reconnections.tally import rows

Part = Callable[[bool], list[Row]]

COUNTED: Mapping[str, Callable[[int], list[Row]]] = {  # how often, by --count
    "islanding": lambda count: asyncio.run(islanding_rows(count)),
    "crowd": lambda count: asyncio.run(crowd_rows(count)),
    "overload": lambda count: asyncio.run(overload_rows(count)),
    "restarts": lambda count: asyncio.run(restart_rows(count)),
}
PARTS: Mapping[str, Part] = {
    "islanding": lambda quick: COUNTED["islanding"](5 if quick else 100),
    "crowd": lambda quick: COUNTED["crowd"](3 if quick else 20),
    "overload": lambda quick: COUNTED["overload"](5 if quick else 100),
    "restarts": lambda quick: COUNTED["restarts"](3 if quick else 20),
    "cycle": lambda quick: judgement_rows(50 if quick else 400),
    "steady": lambda quick: asyncio.run(steady_rows(30.0 if quick else 300.0)),
    "disk": lambda quick: asyncio.run(disk_rows(*((20.0, 200_000_000, 2) if quick else (300.0,)))),
    "telemetry": lambda quick: telemetry_rows(30 if quick else 1440),
    "polling": lambda quick: asyncio.run(polling_rows(5 if quick else 15)),
    "fleet": lambda quick: fleet_rows(5.0 if quick else 60.0),
    "opcua": lambda quick: asyncio.run(opcua_rows(10, 5.0 if quick else 30.0)),
    "reconnections": lambda quick: rows([each for found in played(1, 64 if quick else 2000) for each in found]),
    "simulation": lambda quick: measure(8, 5.0, 2, 21_600.0) if quick else measure(),
}


def main(arguments: list[str] | None = None) -> int:
    """Measure what is asked for, or everything."""
    parser = argparse.ArgumentParser(
        prog="python -m hil_tests.benchmarks", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(PARTS)} (default: all)")
    parser.add_argument("--quick", action="store_true", help="a few samples of each, to see that it runs")
    parser.add_argument("--count", type=int, help=f"how often, for {', '.join(COUNTED)}: 200 blackouts of each kind")
    parser.add_argument("--write", action="store_true", help="replace the tables in docs/benchmarks.md")
    asked = parser.parse_args(arguments)
    unknown = [name for name in asked.names if name not in PARTS]
    if unknown:
        parser.error(f"no part called {', '.join(unknown)}; there are: {', '.join(PARTS)}")
    if asked.count is not None and (asked.count < 1 or not set(asked.names) or set(asked.names) - set(COUNTED)):
        parser.error(f"--count N, at least 1, is for these and needs their names: {', '.join(COUNTED)}")
    results: dict[str, list[Row]] = {}
    for number in (signal.SIGTERM, signal.SIGHUP):  # a polite kill and a closed terminal clean up as Ctrl-C does
        signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        for name in asked.names or PARTS:
            results[name] = PARTS[name](asked.quick) if asked.count is None else COUNTED[name](asked.count)
            print(text_table(f"\n{name}", results[name]), flush=True)
    except KeyboardInterrupt:
        print("\nended; nothing was written", file=sys.stderr)
        return 130
    if asked.write:
        how = f" --count {asked.count}" if asked.count is not None else " --quick" if asked.quick else ""
        for name, rows in results.items():
            write_page({name: rows}, f"python -m hil_tests.benchmarks {name}{how}")
    return 1 if any(misses(rows) for rows in results.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
