"""Power flows by pandapower. PV has a bus of its own: the tool applies a bus's ZIP shares to the net of all on it."""

from __future__ import annotations

from typing import Any

import pandapower
from pandapower.networks import create_cigre_network_lv
from pandapower.toolbox import select_subnet

from hil_tests.plant.base import BASE_VA
from hil_tests.plant.feeder import TAN_PHI
from hil_tests.plant.grid import IMPEDANCE_PU
from hil_tests.plant.loads import LoadShape
from hil_tests.verification.own import hub_load_w, hub_plant

BASE_MVA = BASE_VA / 1e6
VOLTS_KV = 0.4
BESIDE_PU = 1e-5  # between the hub's bus and that of its PV: a lossless crumb, less would drown in rounding
ISLAND_LOAD_RATIO = 0.3
HUBS = {"day": (500.0, 0.6), "night": (0.0, 0.9)}  # W/m2 and demand ratio


def tool() -> str:
    """Name and version."""
    return f"pandapower {pandapower.__version__}"


def v8() -> tuple[dict[str, Any], dict[str, Any]]:
    """The hub's bus on its grid, by day and by night."""
    given, found = {}, {}
    for name, (irradiance_w_per_m2, demand_ratio) in HUBS.items():
        plant = hub_plant(irradiance_w_per_m2, demand_ratio)
        pv_w = sum(inverter.power_w.total for inverter in plant.pv.values())
        given[name] = {
            "irradiance_w_per_m2": irradiance_w_per_m2,
            "demand_ratio": demand_ratio,
            "load_w": hub_load_w(plant),
            "pv_w": pv_w,
        }
        found[name] = _hub(hub_load_w(plant), pv_w)
    return given, found


def v9() -> tuple[dict[str, Any], dict[str, Any]]:
    """The residential part of the CIGRE network: fed at R1 at a third of its peak, and through its transformer."""
    given = {"island_load_ratio": ISLAND_LOAD_RATIO}
    return given, {"island": _village("R1", ISLAND_LOAD_RATIO), "grid": _village("R0", 1.0)}


def _hub(load_w: float, pv_w: float) -> dict[str, float]:
    net = pandapower.create_empty_network(f_hz=50.0, sn_mva=BASE_MVA)
    far, bus, roof = (pandapower.create_bus(net, vn_kv=VOLTS_KV) for _ in range(3))
    pandapower.create_ext_grid(net, far)
    for one, other, z in ((far, bus, IMPEDANCE_PU), (bus, roof, complex(0.0, BESIDE_PU))):
        pandapower.create_impedance(net, one, other, rft_pu=z.real, xft_pu=z.imag, sn_mva=BASE_MVA)
    shape = LoadShape()
    shares = {f"const_{kind}_{power}_percent": 100.0 * share
              for kind, share in (("z", shape.impedance), ("i", shape.current)) for power in "pq"}  # fmt: skip
    pandapower.create_load(net, bus, p_mw=load_w / 1e6, q_mvar=load_w * TAN_PHI / 1e6, **shares)
    pandapower.create_sgen(net, roof, p_mw=pv_w / 1e6)
    pandapower.runpp(net, tolerance_mva=1e-10, max_iteration=50, init="flat", numba=False)
    return {
        "volts_ratio": float(net.res_bus.vm_pu[bus]),
        "angle_deg": float(net.res_bus.va_degree[bus]),
        "power_w": -float(net.res_impedance.p_to_mw[0]) * 1e6,
    }


def _village(source: str, load_ratio: float) -> dict[str, Any]:
    """Magnitudes, and angles against R1."""
    net = create_cigre_network_lv()
    names = {index: name.removeprefix("Bus ") for index, name in net.bus.name.items()}
    kept = [index for index, name in names.items() if name.startswith("R") and (name != "R0" or source == "R0")]
    net = select_subnet(net, kept, include_switch_buses=False)
    net.load.scaling = load_ratio
    net.ext_grid = net.ext_grid.iloc[0:0]
    pandapower.create_ext_grid(net, next(index for index in kept if names[index] == source))
    pandapower.runpp(
        net, tolerance_mva=1e-13, max_iteration=50, init="flat", calculate_voltage_angles=True, numba=False
    )
    root_deg = float(net.res_bus.va_degree[next(index for index in kept if names[index] == "R1")])
    low = [index for index in kept if names[index] != "R0"]
    return {
        "volts_ratio": {names[index]: float(net.res_bus.vm_pu[index]) for index in low},
        "angle_deg": {names[index]: float(net.res_bus.va_degree[index]) - root_deg for index in low},
    }
