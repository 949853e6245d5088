"""What `hallig check` knows beyond the shape of a file: whether the hub described can do what it promises.

Each kind of mistake is one small generator in one of the tuples below. A new kind is a new generator, a new row, and a
new story among the tests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from controller.config import (
    abilities,
    checks_capacity,
    checks_devices,
    checks_instruments,
    checks_latency,
    checks_loads,
    checks_opcua,
    checks_orders,
    checks_poi,
    checks_sources,
    checks_trust,
    checks_wires,
)
from controller.config.checks_sizes import with_sizes
from controller.config.draft import Draft
from controller.config.errors import Problem

Check = Callable[[Draft], Iterator[Problem]]

CHECKS: tuple[Check, ...] = (
    *checks_devices.CHECKS,
    *checks_wires.CHECKS,
    *checks_poi.CHECKS,
    *checks_instruments.CHECKS,
    *checks_sources.CHECKS,
    *checks_loads.CHECKS,
    *checks_latency.CHECKS,
    *checks_orders.CHECKS,
    *checks_capacity.CHECKS,
    *checks_opcua.CHECKS,
    *checks_trust.CHECKS,
    *abilities.CHECKS,
)


def check_draft(draft: Draft) -> list[Problem]:
    """Everything that is wrong with what could be read."""
    return with_sizes(draft, (problem for check in CHECKS for problem in check(draft)))
