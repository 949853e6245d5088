"""Is the guard tested? Every small wrongness in its code must make a test fail: `python -m hil_tests.tests.mutation`.

Own and in-process, because the ready-made tools start a test runner per mutant (0.6 to 30 mutants a second) and do not
mutate constants of modules. Families: comparisons, and/or, not, arithmetic, numbers, True/False, deleted conditions.
First the guard's tests must cover each branch; then each mutant is compiled in a forked child and the tests run there.
"""

from __future__ import annotations

import ast
import copy
import importlib.abc
import importlib.machinery
import io
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType

import hypothesis  # noqa: F401  (loaded once here, so that no child loads it again)
import pytest

import hil_tests.tests.core.hubs  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]
GUARD = ROOT / "controller" / "guard"
TESTS = ROOT / "hil_tests" / "tests" / "guard"
SWAPS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}  # fmt: skip
# Mutants that no test can tell from the guard, each with its reason.
EQUIVALENT: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One small wrongness."""

    module: str
    number: int
    line: int
    what: str

    @property
    def key(self) -> str:
        """How the list of equivalents names it: stable while the line's text is."""
        return f"{self.module.rpartition('.')[2]}: {self.what}"


def mutants(path: Path) -> list[Mutant]:
    """All mutants of a module."""
    module = f"controller.guard.{path.stem}"
    source = path.read_text().splitlines()
    found = []
    for number, (_, _, what, line) in enumerate(_sites(ast.parse("\n".join(source)))):
        text = source[line - 1].strip() if line else ""
        found.append(Mutant(module, number, line, f"{what} in `{text}`"))
    return found


def _sites(tree: ast.Module) -> Iterator[tuple[int, Callable[[ast.AST], None], str, int]]:
    """Each place and way to go wrong: the node's number, the change, what it is, and its line."""
    decoration = {id(part) for node in ast.walk(tree) for root in _decorators(node) for part in ast.walk(root)}
    for index, node in enumerate(ast.walk(tree)):
        if id(node) not in decoration:  # frozen and slots guard against us, not against the world
            for change, what in _changes(node):
                yield index, change, what, getattr(node, "lineno", 0)


def _decorators(node: ast.AST) -> list[ast.expr]:
    return node.decorator_list if isinstance(node, (ast.ClassDef, ast.FunctionDef)) else []


def _mutated(path: Path, number: int) -> ast.Module:
    """The tree of one mutant."""
    tree = ast.parse(path.read_text())
    index, change, _, _ = next(itertools.islice(_sites(tree), number, None))
    mutated = copy.deepcopy(tree)
    change(next(itertools.islice(ast.walk(mutated), index, None)))
    return ast.fix_missing_locations(mutated)


def _changes(node: ast.AST) -> Iterator[tuple[Callable[[ast.AST], None], str]]:
    if isinstance(node, ast.Compare):
        for position, operator in enumerate(node.ops):
            for other in SWAPS.get(type(operator), ()):
                yield _Set("ops", position, other()), f"{type(operator).__name__} -> {other.__name__}"
    elif isinstance(node, ast.BoolOp):
        swapped = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield _Set("op", None, swapped()), f"{type(node.op).__name__} -> {swapped.__name__}"
        for position in range(len(node.values)):
            yield _Drop("values", position), f"without condition {position}"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield _Set("op", None, ast.UAdd()), "not removed"
    else:
        yield from _number_changes(node)


def _number_changes(node: ast.AST) -> Iterator[tuple[Callable[[ast.AST], None], str]]:
    if isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        swapped = ARITHMETIC[type(node.op)]
        yield _Set("op", None, swapped()), f"{type(node.op).__name__} -> {swapped.__name__}"
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield _Set("value", None, not node.value), f"{node.value} -> {not node.value}"
    elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        for other in (node.value + 1, -node.value) if node.value else (1,):
            yield _Set("value", None, other), f"{node.value} -> {other}"


@dataclass(frozen=True, slots=True)
class _Set:
    """Replace a field of a node, or one element of it."""

    name: str
    position: int | None
    value: object

    def __call__(self, node: ast.AST) -> None:
        if self.position is None:
            setattr(node, self.name, self.value)
        else:
            getattr(node, self.name)[self.position] = self.value


@dataclass(frozen=True, slots=True)
class _Drop:
    """Take one element out of a list that keeps at least one."""

    name: str
    position: int

    def __call__(self, node: ast.AST) -> None:
        del getattr(node, self.name)[self.position]


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module's mutated code to whoever imports it."""

    def __init__(self, module: str, code: CodeType) -> None:
        self._module, self._code = module, code

    def find_spec(self, name: str, path: object = None, target: object = None) -> importlib.machinery.ModuleSpec | None:  # noqa: ARG002
        """Only for the mutated module."""
        return importlib.machinery.ModuleSpec(name, self) if name == self._module else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the mutated code."""
        exec(self._code, module.__dict__)


def survivors(everything: Sequence[Mutant]) -> list[Mutant]:
    """Those that the guard's tests do not see. One forked child per mutant, as many at once as there are cores."""
    waiting, running, alive = list(reversed(everything)), dict[int, Mutant](), list[Mutant]()
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            mutant = waiting.pop()
            child = os.fork()
            if child == 0:
                os._exit(_verdict(mutant))
            running[child] = mutant
        child, status = os.wait()
        mutant = running.pop(child)
        if os.waitstatus_to_exitcode(status) == 0:
            alive.append(mutant)
    return alive


def _verdict(mutant: Mutant) -> int:
    path = GUARD / f"{mutant.module.rpartition('.')[2]}.py"
    tree = _mutated(path, mutant.number)
    for name in [n for n in sys.modules if n.startswith(("controller.guard", "hil_tests.tests.guard"))]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Finder(mutant.module, compile(tree, str(path), "exec")))
    sink = io.StringIO()
    options = [
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "--assert=plain",
        "--timeout=20",
        "--no-header",
        "-m",
        "not hypothesis",
    ]
    try:
        with redirect_stdout(sink), redirect_stderr(sink):
            return int(pytest.main([*options, str(TESTS)]) != 0)
    except BaseException:  # a mutant that breaks the import is a dead one
        return 1


def _coverage() -> bool:
    """Every branch of the guard is taken by the guard's own tests."""
    run = [sys.executable, "-m", "coverage"]
    where = {**os.environ, "COVERAGE_FILE": str(Path(os.environ.get("TMPDIR", "/tmp")) / f"guard-{os.getpid()}.cov")}
    tests = [*run, "run", "--branch", "--source=controller.guard", "-m", "pytest", "-q", str(TESTS)]
    report = [*run, "report", "--fail-under=100", "--show-missing", "--skip-covered"]
    passed = subprocess.run([*tests, "-p", "no:cacheprovider"], cwd=ROOT, env=where, check=False).returncode == 0
    covered = subprocess.run(report, cwd=ROOT, env=where, check=False).returncode == 0
    Path(where["COVERAGE_FILE"]).unlink(missing_ok=True)
    return passed and covered


def main(arguments: Sequence[str] | None = None) -> int:  # noqa: ARG001
    """Coverage, then all mutants on all cores; 1 when a mutant survives unexplained."""
    if not _coverage():
        print("guard: not every branch is covered, or a test fails")
        return 1
    began_s = time.perf_counter()
    everything = [mutant for path in sorted(GUARD.glob("*.py")) for mutant in mutants(path)]
    alive = survivors(everything)
    unexplained = [mutant for mutant in alive if mutant.key not in EQUIVALENT]
    stale = set(EQUIVALENT) - {mutant.key for mutant in alive}
    for mutant in unexplained:
        print(f"survived: controller/guard/{mutant.module.rpartition('.')[2]}.py:{mutant.line}: {mutant.what}")
    for key in sorted(stale):
        print(f"listed as equivalent, but it dies or is gone: {key}")
    took_s = time.perf_counter() - began_s
    killed = len(everything) - len(alive)
    print(f"{len(everything)} mutants, {killed} killed, {len(alive) - len(unexplained)} equivalent, {took_s:.0f} s")
    return 1 if unexplained or stale else 0


if __name__ == "__main__":
    sys.exit(main())
