"""Transients by ANDES: classical machines (GENCLS) with a governor of two lags (TGOV1), loads of constant power.

`PQ.config.p2p = 1, p2z = 0` or the loads become impedances in the time domain; a load step is an `Alter` on `Ppf`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import andes

from hil_tests.plant.base import NOMINAL_HZ
from hil_tests.verification.own import ALONE, LINE_PU, LOAD_PU, PAIR, SAMPLE_S, SPAN_S, STEP_PU, Machine

TOOL_STEP_S = 0.001
STEP_AT_S = 1.0
BASE_MVA = 100.0
VOLTS_KV = 0.4


def tool() -> str:
    """Name and version."""
    return f"ANDES {andes.__version__}"


def v6() -> tuple[dict[str, Any], dict[str, Any]]:
    """One machine, ten per cent more load."""
    system = _run((ALONE,))
    given = {"load_pu": LOAD_PU, "step_pu": STEP_PU, "sample_s": SAMPLE_S, "tool_step_s": TOOL_STEP_S}
    return given, {"hz": _sampled(system, _speeds(system)[0])}


def v7() -> tuple[dict[str, Any], dict[str, Any]]:
    """Two machines on one bus."""
    system = _run(PAIR)
    found = {f"hz_{name}": _sampled(system, speed) for name, speed in zip("ab", _speeds(system), strict=True)}
    for name, address in zip("ab", system.GENCLS.Pe.a, strict=True):
        powers = system.dae.ts.y[:, address]
        found[f"power_{name}"] = [float(powers[index]) for index in _indices(system)]
    given = {"load_pu": LOAD_PU, "step_pu": STEP_PU, "sample_s": SAMPLE_S, "tool_step_s": TOOL_STEP_S}
    return given, found


def _run(machines: Sequence[Machine]) -> Any:
    """Each machine behind a line on the bus of the load; a flat start by the tool's own power flow."""
    andes.config_logger(stream_level=40)
    system = andes.System(no_output=True, default_config=True)
    system.config.mva, system.config.freq = BASE_MVA, NOMINAL_HZ
    system.add("Bus", idx=0, name="load", Vn=VOLTS_KV)
    for number, machine in enumerate(machines, start=1):
        _add_machine(system, number, machine)
    system.add("PQ", idx="load", bus=0, Vn=VOLTS_KV, p0=LOAD_PU, q0=0.0)
    system.add("Alter", model="PQ", dev="load", src="Ppf", attr="v", t=STEP_AT_S, method="+", amount=STEP_PU)
    system.PQ.config.p2p, system.PQ.config.p2z = 1, 0
    system.PQ.config.q2q, system.PQ.config.q2z = 1, 0
    system.setup()
    if not system.PFlow.run():
        raise ArithmeticError("the tool finds no power flow")
    control = system.TDS.config
    control.fixt, control.tstep, control.tf, control.no_tqdm = 1, TOOL_STEP_S, STEP_AT_S + SPAN_S + 0.1, 1
    control.criteria = 0
    if not system.TDS.run():
        raise ArithmeticError("the tool's time domain stopped")
    return system


def _add_machine(system: Any, number: int, machine: Machine) -> None:
    rating = {"Sn": machine.rated_pu * BASE_MVA, "Vn": VOLTS_KV}
    system.add("Bus", idx=number, name=f"machine {number}", Vn=VOLTS_KV)
    system.add("Line", bus1=number, bus2=0, r=0.0, x=LINE_PU.imag, b=0.0, Vn1=VOLTS_KV, Vn2=VOLTS_KV)
    kind = "Slack" if number == 1 else "PV"
    system.add(kind, idx=f"static {number}", bus=number, Vn=VOLTS_KV, v0=1.0, p0=machine.rated_pu * LOAD_PU)
    system.add(
        "GENCLS", idx=f"machine {number}", bus=number, gen=f"static {number}", **rating, fn=NOMINAL_HZ,
        M=2.0 * machine.inertia_s, D=machine.damping, ra=0.0, xd1=machine.reactance_pu,
    )  # fmt: skip
    system.add(
        "TGOV1", syn=f"machine {number}", R=machine.droop, VMAX=5.0, VMIN=0.0,
        T1=machine.governor_s, T2=0.0, T3=machine.engine_s, Dt=0.0,
    )  # fmt: skip


def _speeds(system: Any) -> list[Any]:
    return [(system.dae.ts.x[:, address] - 1.0) * NOMINAL_HZ for address in system.GENCLS.omega.a]


def _sampled(system: Any, values: Any) -> list[float]:
    return [round(float(values[index]), 7) for index in _indices(system)]


def _indices(system: Any) -> list[int]:
    """Where the samples lie; of several points at one instant the last."""
    times = system.dae.ts.t
    count = round(SPAN_S / SAMPLE_S)
    return [int(times.searchsorted(STEP_AT_S + (k + 1) * SAMPLE_S + TOOL_STEP_S / 4.0)) - 1 for k in range(count)]
