"""How far the plant is from each frozen answer, for the table of docs/plant.md."""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterator

from hil_tests.plant.radial import load_network
from hil_tests.verification import own
from hil_tests.verification.golden import greatest_difference, load

STEPS_S = (0.02, 0.01, 0.005)
JUMPS_S = (1.0, 10.0, 60.0)


def distances() -> Iterator[str]:
    """One line for each case and step."""
    theirs = load("v6").found["hz"]
    for dt_s in STEPS_S:
        ours = own.one_machine(dt_s)
        yield f"v6, {dt_s * 1000:g} ms: {greatest_difference(ours, theirs) * 1000:.2f} mHz; nadir {min(ours):.4f} Hz"
    for dt_s in STEPS_S[1:]:
        found, pair = load("v7").found, own.two_machines(dt_s)
        hz, pu = (
            max(greatest_difference(pair[f"{name}_{k}"], found[f"{name}_{k}"]) for k in "ab")
            for name in ("hz", "power")
        )
        yield f"v7, {dt_s * 1000:g} ms: {hz * 1000:.2f} mHz, {pu:.1e} pu"
    yield from _hub()
    yield from _village()
    for dt_s in JUMPS_S:
        yield f"v10, jumps of {dt_s:g} s: {_day(dt_s)}"


def _hub() -> Iterator[str]:
    golden = load("v8")
    for name, given in golden.given.items():
        found, plant = golden.found[name], own.hub_plant(given["irradiance_w_per_m2"], given["demand_ratio"])
        volts, angle_deg = (
            abs(plant.bus) - found["volts_ratio"],
            math.degrees(cmath.phase(plant.bus)) - found["angle_deg"],
        )
        power_w = plant.poi_power_w.total - found["power_w"]
        yield f"v8, {name}: {abs(volts):.1e} pu, {abs(angle_deg):.1e} deg, {abs(power_w) / 1000.0:.1e} kW"


def _village() -> Iterator[str]:
    golden, network = load("v9"), load_network()
    ratios = {"island": (network, golden.given["island_load_ratio"]), "grid": (network.behind_transformer(), 1.0)}
    for name, (lines, ratio) in ratios.items():
        taken = {node: ratio * power for node, power in lines.loads.items()}
        volts = {node: abs(volt) for node, volt in lines.everywhere(taken, lines.solve(taken)).items()}
        difference = greatest_difference(volts, golden.found[name]["volts_ratio"])
        yield f"v9, {name}: {difference:.1e} pu; lowest voltage {min(volts.values()):.3f} pu"


def _day(dt_s: float) -> str:
    found, ours = load("v10").found, own.jumped_day(dt_s)
    ppm = [(one / other - 1.0) * 1e6 for one, other in zip(ours["soc_pct"], found["soc_pct"], strict=True)]
    rest = {name: greatest_difference(ours[name], found[name]) for name in ("temperature_c", "hz", "volts_ratio")}
    return (
        f"charge {max(map(abs, ppm)):.0f} ppm at most, {ppm[-1]:+.1f} ppm at the end; {rest['temperature_c']:.1e} K, "
        f"{rest['hz']:.0e} Hz, {rest['volts_ratio']:.0e} pu"
    )
