"""The faults that the fuzzer draws from: those that a hub of today's controller must survive.

A fault of the catalogue that is not here is one whose answer the controller does not have yet; the scenario files name
each of those gaps, and the list of fuzzed faults grows as they close.
"""

from __future__ import annotations

from typing import Any

from controller.config.types import Site

Choice = tuple[str, str, dict[str, Any]]


def faults_of(site: Site) -> list[Choice]:
    """Kind, unit and parameters of everything that may break on this hub."""
    found: list[Choice] = [("silent", name, {}) for name in site.devices]
    found += [("fails_to_close", "poi", {})] * 2
    return found
