"""For all tests."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

# Some tests press Ctrl-C. A shell that runs the suite in the background has it, and all that it starts, ignore that.
signal.signal(signal.SIGINT, signal.default_int_handler)

HERE = Path(__file__).parent
IN_REAL_TIME = frozenset(
    {"benchmarks", "browser", "commands", "drivers", "e2e", "servers", "shell", "web"}
)  # folders: processes, sockets and browsers that wait for each other
IN_REAL_TIME_TOO = frozenset(
    {"test_t2.py", "test_t2_flood.py", "test_real_process.py", "test_wire.py", "test_opcua.py"}
)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """For `--dist loadgroup`: one process plays all that takes its real time, the others take whole files."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        if HERE in item.path.parents:
            place = item.path.relative_to(HERE)
            waits = place.parts[0] in IN_REAL_TIME or place.name in IN_REAL_TIME_TOO
            item.add_marker(pytest.mark.xdist_group("real-time" if waits else place.with_suffix("").as_posix()))
