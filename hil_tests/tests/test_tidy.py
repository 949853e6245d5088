"""The house style, as far as a machine can see it."""

from __future__ import annotations

import ast
import re
import statistics
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from hil_tests.tests import tree

FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 50
FUNCTION_LINES_MEDIAN_MAX = 10
GUARD_CODE_LINES_MAX = 1123
TOP_LEVEL = {"pyproject.toml", "README.md", "CHANGELOG.md", "controller", "supervisor", "hil_tests", "configs", "docs"}


def test_files_and_functions_fit() -> None:
    long_files = [
        f"{tree.relative(path)}: {count}"
        for path in tree.python_files()
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > FILE_LINES_MAX
    ]
    long_functions = [
        f"{tree.relative(path)}:{node.lineno} {node.name}: {tree.length(node)}"
        for path in tree.python_files()
        for node in tree.functions(path)
        if tree.length(node) > FUNCTION_LINES_MAX
    ]
    assert not (long_files + long_functions), "\n".join(long_files + long_functions)


def test_a_function_is_usually_short() -> None:
    lengths = [tree.length(node) for path in tree.python_files() for node in tree.functions(path)]
    assert statistics.median(lengths) <= FUNCTION_LINES_MEDIAN_MAX


def test_the_guard_does_not_grow_unseen() -> None:
    """The aim of 400 is missed, and decision 0017 says why. The limit is to sink; whoever raises it says what for."""
    count = sum(tree.code_lines_count(path) for path in (tree.ROOT / "controller" / "guard").glob("*.py"))
    assert count <= GUARD_CODE_LINES_MAX


SAMPLE = '''"""Words
and words."""

# why
value = (
    1,  # one
)


def f():
    """Words."""
    return value
'''


def test_lines_of_code_are_counted_without_words(tmp_path: Path) -> None:
    path = tmp_path / "sample.py"
    path.write_text(SAMPLE, encoding="utf-8")
    assert tree.code_lines_count(path) == 5


def test_the_top_level_holds_what_it_should() -> None:
    found = {path.relative_to(tree.ROOT).parts[0] for path in tree.files()}
    assert {name for name in found if not name.startswith(".")} == TOP_LEVEL


# ---- no orphan module -----------------------------------------------------------------------------------------------


def test_every_module_is_used_or_is_an_entry() -> None:
    named = {name for path in tree.python_files() for name in tree.imports(path) if tree.module_name(path) != name}
    orphans = [
        name
        for path in tree.python_files()
        if path.name != "__init__.py" and (name := tree.module_name(path)) not in named and not _is_entry(path, name)
    ]
    assert not orphans, "\n".join(orphans)


def _is_entry(path: Path, name: str) -> bool:
    """Started by name: a test, `python -m`, the console command, a step of .ci/run, or a process of our own."""
    if path.name.startswith("test_") or path.name in {"__main__.py", "conftest.py"}:
        return True
    scripts = tomllib.loads((tree.ROOT / "pyproject.toml").read_text())["project"]["scripts"].values()
    steps = (tree.ROOT / ".ci" / "run").read_text()
    started = re.search(rf"-m {re.escape(name)}\b", steps) is not None
    return started or name in {script.split(":")[0] for script in scripts} or name in _started_by_code()


@cache
def _started_by_code() -> frozenset[str]:
    """Modules that our own code starts as processes."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in tree.python_files())
    return frozenset(re.findall(r'"-m", "([\w.]+)"', sources))


# ---- pages ----------------------------------------------------------------------------------------------------------

LINK = re.compile(r"\]\(([^)\s]+)\)")
QUOTED_PATH = re.compile(r"`((?:controller|supervisor|hil_tests|configs|docs|\.ci)/[\w./*-]*)`")


@pytest.mark.parametrize("page", tree.pages(), ids=tree.relative)
def test_links_and_paths_on_a_page_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    broken = [link for link in LINK.findall(text) if not _leads_somewhere(page, link)]
    broken += [path for path in QUOTED_PATH.findall(text) if not any(tree.ROOT.glob(path.rstrip("/")))]
    assert not broken, "\n".join(broken)


QUOTED_NAME = re.compile(r"`(?:\w+\.)*([A-Za-z_]\w*)`")


def test_names_in_the_hand_written_pages_exist() -> None:
    """A page that speaks of a function that is gone misleads at the worst moment."""
    sources = [path for path in tree.files() if path.suffix in {".py", ".toml", ".service"}]
    known = set(re.findall(r"\w+", "\n".join(path.read_text(encoding="utf-8") for path in sources)))
    known |= {part for path in tree.files() for part in (path.name, path.stem, path.suffix.lstrip("."))}
    gone = [
        f"{tree.relative(page)}: {name}"
        for page in tree.pages()
        for name in QUOTED_NAME.findall(page.read_text(encoding="utf-8"))
        if name not in known
    ]
    assert not gone, "\n".join(gone)


def _leads_somewhere(page: Path, link: str) -> bool:
    if re.match(r"[a-z]+:", link):
        return True
    name, _, anchor = link.partition("#")
    target = page if not name else page.parent / name
    if not target.exists():
        return False
    return not anchor or anchor in {_slug(heading) for heading in _headings(target)}


def _headings(page: Path) -> Iterator[str]:
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            yield line.lstrip("#").strip()


def _slug(heading: str) -> str:
    """As GitHub makes an anchor of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_decisions_are_numbered_without_a_gap_and_say_what_a_decision_must() -> None:
    decisions = sorted((tree.ROOT / "docs" / "decisions").glob("*.md"))
    assert [path.name[:5] for path in decisions] == [f"{number:04}-" for number in range(1, len(decisions) + 1)]
    for path in decisions:
        headings = list(_headings(path))
        assert headings[0].startswith(f"{path.name[:4]} "), path.name
        assert headings[1:] == ["Context", "Decision", "Consequences", "What would change our mind"], path.name


def test_the_changelog_puts_safety_first() -> None:
    headings = list(_headings(tree.ROOT / "CHANGELOG.md"))
    parts = [heading for heading in headings if heading in {"Safety", "Features", "Internals"}]
    releases = len(headings) - 1 - len(parts)
    assert releases > 0
    assert parts == ["Safety", "Features", "Internals"] * releases


# ---- what does not belong here --------------------------------------------------------------------------------------

MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|home|opt/hv)/\w")
UNFINISHED = re.compile(rf"\b({'|'.join(('TO' + 'DO', 'FIX' + 'ME', 'X' * 3))})\b")


@pytest.mark.parametrize("pattern", [MACHINE_PATH, UNFINISHED], ids=["paths of one machine", "unfinished"])
def test_nothing_of_one_machine_or_one_afternoon_stays(pattern: re.Pattern[str]) -> None:
    found = [
        f"{tree.relative(path)}:{number}: {line.strip()[:80]}"
        for path in tree.files()
        for number, line in enumerate(_lines(path), start=1)
        if pattern.search(line)
    ]
    assert not found, "\n".join(found)


def _lines(path: Path) -> list[str]:
    """The text of a file; a picture has none."""
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        return []


def test_asserts_are_never_switched_off() -> None:
    """They are load-bearing, and an optimised interpreter leaves them out."""
    starters = [tree.ROOT / ".ci" / "run", tree.ROOT / "README.md", *(tree.ROOT / "configs" / "systemd").iterdir()]
    optimised = re.compile(r"python3? -O|PYTHONOPTIMIZE")
    assert [path.name for path in starters if optimised.search(path.read_text(encoding="utf-8"))] == []


def test_the_controller_catches_everything_in_one_place_only() -> None:
    places = [
        f"{tree.relative(path)}:{node.lineno}"
        for path in tree.python_files()
        if path.is_relative_to(tree.ROOT / "controller")
        for node in ast.walk(tree.tree(path))
        if isinstance(node, ast.ExceptHandler) and _catches_everything(node)
    ]
    assert len(places) <= 1, places


def _catches_everything(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or (
        isinstance(handler.type, ast.Name) and handler.type.id in {"Exception", "BaseException"}
    )
