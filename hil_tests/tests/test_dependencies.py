"""What is declared in pyproject.toml is what is imported: an installed package must not miss what our machines have."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

from hil_tests.tests import tree

PROJECT = tomllib.loads((tree.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
TOOLS = {
    "babel": "compiles the translations in supervisor/catalogue.py",
    "coverage": "run by its command",
    "import-linter": "run by its command",
    "mypy": "run by its command",
    "ruff": "run by its command",
    "pytest-asyncio": "a plugin",
    "pytest-timeout": "a plugin",
    "pytest-xdist": "a plugin",
    "types-greenlet": "read by mypy alone",
    "types-pyserial": "read by mypy alone",
}
WORKSHOP_ONLY = {
    "supervisor/catalogue.py": "what it writes is committed; nobody runs it on a hub",
    "hil_tests/pytest_plugin.py": "pytest itself loads it",
    "hil_tests/pytest_stories.py": "a part of it",
}
PARTS = {"pydantic_core": "pydantic", "starlette": "fastapi"}
"""Packages that are the inside of a declared one, pinned by it."""


def declared(*extras: str) -> set[str]:
    wanted = [*PROJECT["dependencies"], *(one for extra in extras for one in PROJECT["optional-dependencies"][extra])]
    return {re.split(r"[<>=!~\[; ]", one)[0].lower() for one in wanted}


def imported(*folders: str, without: tuple[str, ...] = ()) -> dict[str, str]:
    """Distributions that the code below these folders imports, each with a file that does."""
    owners = packages_distributions()
    found: dict[str, str] = {}
    for path in tree.python_files():
        name = tree.relative(path)
        if not name.startswith(folders) or name.startswith(without) or name in WORKSHOP_ONLY:
            continue
        for module in {module.split(".")[0] for module in tree.imports(path)}:
            if module not in sys.stdlib_module_names and module not in tree.PACKAGES and module != "__future__":
                found.update({PARTS.get(owner, owner).lower(): name for owner in owners.get(module, [module])})
    return found


@pytest.mark.parametrize(
    ("folders", "without", "extras"),
    [
        (("controller/", "supervisor/"), (), ("fast",)),
        (("hil_tests/",), ("hil_tests/tests/", "hil_tests/verification/"), ("bench",)),
        (("hil_tests/verification/",), (), ("verify",)),
        (("hil_tests/tests/",), (), ("bench", "test")),
    ],
    ids=["to run", "for the bench", "for the frozen answers", "for the tests"],
)
def test_what_is_imported_is_declared(
    folders: tuple[str, ...], without: tuple[str, ...], extras: tuple[str, ...]
) -> None:
    missing = {owner: by for owner, by in imported(*folders, without=without).items() if owner not in declared(*extras)}
    assert missing == {}


def test_what_is_declared_is_needed() -> None:
    everything = set(imported("controller/", "supervisor/", "hil_tests/"))
    assert declared("bench", "fast", "test", "verify") - everything - set(TOOLS) == set()


def test_every_dependency_has_its_reason_and_licence() -> None:
    page = (tree.ROOT / "docs" / "decisions" / "0002-dependencies.md").read_text(encoding="utf-8")
    assert [name for name in sorted(declared("bench", "fast", "test", "verify")) if name not in page] == []
