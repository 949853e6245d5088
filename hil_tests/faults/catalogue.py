"""The catalogue of faults as data: what each is called, where it can be injected, and what it needs to know."""

from __future__ import annotations

from collections.abc import Mapping

from hil_tests.faults.rows_hub import CONTROLLER, PLANT, TIME
from hil_tests.faults.rows_links import COMMS, DATA
from hil_tests.faults.types import FaultClass, FaultType

__all__ = ["CATALOGUE", "FaultClass", "FaultType"]

CATALOGUE: Mapping[str, FaultType] = {fault.name: fault for fault in (*COMMS, *DATA, *PLANT, *TIME, *CONTROLLER)}
