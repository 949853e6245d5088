"""How a plant starts and what it is made of, as data. Whatever is not named is as plain as can be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import BeforeValidator

from controller.model.hub import AssetId
from hil_tests.plant.behaviour import InverterBehaviour
from hil_tests.plant.breaker import PoiBehaviour
from hil_tests.plant.cold_chain import FridgeGroup
from hil_tests.plant.engine import GensetBehaviour
from hil_tests.plant.loads import LoadShape
from hil_tests.plant.meters import InstrumentErrors
from hil_tests.plant.motor import Motor
from hil_tests.plant.pv_codes import VDE4105_2018, PvCode, code_named
from hil_tests.plant.weather import Sky

Code = Annotated[PvCode, BeforeValidator(code_named)]
"""In data, by its name."""


@dataclass(frozen=True, slots=True)
class PlantOptions:
    """How the plant starts. Mappings go by asset; `instruments` by "device.point"."""

    soc_pct: float = 85.0
    temperature_c: float = 12.0
    irradiance_w_per_m2: float = 450.0
    demand_ratio: float = 0.6
    relay_enabled: bool = True
    soh_pct: float = 100.0
    inverters: Mapping[AssetId, InverterBehaviour] = field(default_factory=dict)
    pv_code: Code = VDE4105_2018
    pv_codes: Mapping[AssetId, Code] = field(default_factory=dict)
    gensets: Mapping[AssetId, GensetBehaviour] = field(default_factory=dict)
    poi: PoiBehaviour = field(default_factory=PoiBehaviour)
    load_shape: LoadShape = field(default_factory=LoadShape)
    motors: Mapping[AssetId, Motor] = field(default_factory=dict)
    fridges: Mapping[AssetId, FridgeGroup] = field(default_factory=dict)
    sky: Sky | None = None
    demand_profile: tuple[tuple[float, float], ...] = ()  # hour and share of demand, ascending, linear between
    phases_are_even: bool = False  # single-phase loads and sources count as three-phase ones
    instruments: Mapping[str, InstrumentErrors] = field(default_factory=dict)
    village: Mapping[AssetId, str] = field(default_factory=dict)  # feeders at nodes of the CIGRE network; empty: none
    roofs_w: Mapping[str, float] = field(default_factory=dict)  # PV with volt-watt and volt-var at its nodes
