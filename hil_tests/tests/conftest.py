"""For all tests."""

from __future__ import annotations

import logging
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadScopeScheduling

# Some tests press Ctrl-C. A shell that runs the suite in the background has it, and all that it starts, ignore that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _nobody_stays_silent() -> Iterator[None]:
    """A test that hushes the log for good would take the words from those after it in the same process."""
    log = logging.getLogger("hallig")
    level = log.level
    yield
    assert log.level == level, "the log's level is another one than before"


HERE = "hil_tests/tests/"
REAL_TIME = ("benchmarks/", "browser/", "commands/", "drivers/", "e2e/", "servers/", "shell/", "web/")
"""Folders of processes, sockets and browsers that wait for each other."""
REAL_TIME_TOO = (
    "/test_t2.py", "/test_t2_flood.py", "/test_t2_hardware.py", "/test_to_the_end.py", "/test_real_process.py",
    "/test_wire.py", "/test_opcua.py", "/test_serving.py", "/test_pool.py",
)  # fmt: skip


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """With `-n`: one process plays all that takes its real time, the others take whole files."""
    from xdist.scheduler import LoadScopeScheduling

    class OneWaits(LoadScopeScheduling):  # type: ignore[misc]  # which tells no types
        def _split_scope(self, nodeid: str) -> str:
            return scope_of(nodeid)

    return OneWaits(config, log)


def scope_of(nodeid: str) -> str:
    """What must stay together and in its order: a file, or everything that waits for real time."""
    file = nodeid.partition("::")[0]
    waits = file.removeprefix(HERE).startswith(REAL_TIME) or file.endswith(REAL_TIME_TOO)
    return "real time" if waits and file.startswith(HERE) else file
