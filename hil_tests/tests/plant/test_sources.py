"""Every equation of the plant says in its docstring where it is from, and docs/plant.md names what it points to."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from hil_tests import plant

FOLDER = Path(plant.__file__).parent
PAGE = (FOLDER.parents[1] / "docs" / "plant.md").read_text(encoding="utf-8")
EQUATION = re.compile(r"[\w|)'^] = [^=]*[-+*/^(|]")
CITED = re.compile(r"([A-Z][A-Za-z]+) ((?:19|20)\d\d)\b")  # the last name before the year
WITH_EQUATIONS = {
    "base.curve_hold_s", "behaviour.Droop", "bridge.Bridge", "cold_chain.Fridges", "engine.end_slow_step",
    "feeder.warm", "generator.carry", "impact.impact_of", "inverter.carry", "loads.step", "meters.InstrumentErrors",
    "motor.step", "network.solve", "phase_book.of_former", "plant._measure_frequency", "poi_view._without_neutral",
    "power_flow", "radial", "small.step", "solar.settled_pu", "solar.step", "solar._follow_voltage", "storage.step",
    "swing.Swing", "village.volt_var_ratio", "village.volt_watt_ratio", "weather.yield_ratio",
    "weather.irradiance_w_per_m2", "zoh.zero_order_hold",
}  # fmt: skip


def docstrings() -> Iterator[tuple[str, str]]:
    """Name and text; what is in backticks is code."""
    for path in sorted(FOLDER.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
                name = path.stem if isinstance(node, ast.Module) else f"{path.stem}.{node.name}"
                yield name, re.sub(r"`[^`]*`", "", text)


def test_an_equation_says_where_it_is_from() -> None:
    bare = [name for name, text in docstrings() if EQUATION.search(text) and "Source:" not in text]
    assert bare == []


def test_the_models_state_their_equations() -> None:
    stated = {name for name, text in docstrings() if EQUATION.search(text)}
    assert stated >= WITH_EQUATIONS


def test_what_is_cited_is_listed() -> None:
    cited = {match.group() for _, text in docstrings() for match in CITED.finditer(text)}
    assert len(cited) > 10
    assert [work for work in sorted(cited) if f"{work} |" not in PAGE] == []
