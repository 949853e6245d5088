"""Every key of a TOML file has its line and column, however it is written."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.config.paths import configs_dir
from controller.config.toml_places import KeyPath, locate

PLACES = (
    ("plain", "a = 1\n▶b = 2\n", ("b",)),
    ("indented", "  ▶b = 2\n", ("b",)),
    ("after a comment with a bracket", "# [x]\n▶b = 2 # = 3\n", ("b",)),
    ("in a table", "[t]\na = 1\n▶b = 2\n", ("t", "b")),
    ("a table itself", "[t]\na = 1\n\n▶[t.u]\nb = 2\n", ("t", "u")),
    ("an indented table", "  ▶[t]\nb = 2\n", ("t",)),
    ("a table that only its child names", "▶[t.u]\nb = 2\n", ("t",)),
    ("dotted", "a = 1\n▶t.b = 2\n", ("t", "b")),
    ("dotted with blanks", "▶t . b = 2\n", ("t", "b")),
    ("quoted", '▶"b c" = 2\n', ("b c",)),
    ("quoted with an escape", '▶"b\\tc" = 2\n', ("b\tc",)),
    ("quoted literally", "▶'b.c' = 2\n", ("b.c",)),
    ("a quoted table", '▶["b.c".d]\n', ("b.c", "d")),
    ("in an inline table", "a = { x = 1, ▶b = 2 }\n", ("a", "b")),
    ("in an inline table within one", "a = { x = { y = 1 }, z = { ▶b = 2 } }\n", ("a", "z", "b")),
    ("after an inline table", "a = { x = 1 }\n▶b = 2\n", ("b",)),
    ("dotted in an inline table", "a = { ▶x.b = 1 }\n", ("a", "x", "b")),
    ("in an array of inline tables", "a = [\n  { b = 1 },\n  { x = 1, ▶b = 2 },\n]\n", ("a", 1, "b")),
    ("an element", "a = [1, ▶2]\n", ("a", 1)),
    ("an element of an element", "a = [[1], [2, ▶3]]\n", ("a", 1, 1)),
    ("an element behind a comment", "a = [1, # 2, 3]\n ▶4]\n", ("a", 1)),
    ("behind an array", "a = [\n1,\n]\n▶b = 2\n", ("b",)),
    ("in the first of an array of tables", "[[t]]\n▶b = 1\n[[t]]\nb = 2\n", ("t", 0, "b")),
    ("in the second of an array of tables", "[[t]]\nb = 1\n[[t]]\n▶b = 2\n", ("t", 1, "b")),
    ("the second of an array of tables", "[[t]]\nb = 1\n▶[[t]]\nb = 2\n", ("t", 1)),
    ("in a table of the second", "[[t]]\n[t.u]\nb = 1\n[[t]]\n[t.u]\n▶b = 2\n", ("t", 1, "u", "b")),
    ("behind text that looks like a key", "a = 'b = 1'\n▶b = 2\n", ("b",)),
    ("behind text that looks like a table", 'a = "[t]"\n▶b = 2\n', ("b",)),
    ("behind a quote in text", 'a = "\\"b = 1"\n▶b = 2\n', ("b",)),
    ("behind text of many lines", 'a = """\nb = 1\n[t]\n"""\n▶b = 2\n', ("b",)),
    ("behind text that ends in a quote", 'a = """x""""\n▶b = 2\n', ("b",)),
    ("behind literal text of many lines", "a = '''\nb = \"1\n'''\n▶b = 2\n", ("b",)),
    ("behind a date", "a = 2026-11-23T10:00:00Z\n▶b = 2\n", ("b",)),
    ("behind numbers", "a = [1_000, -1.5e3, inf, 0x1F]\n▶b = 2\n", ("b",)),
    ("behind letters of other scripts", 'a = { x = "größer ✓", ▶b = 2 }\n', ("a", "b")),
)  # fmt: skip


@pytest.mark.parametrize(("text", "path"), [pytest.param(text, path, id=name) for name, text, path in PLACES])
def test_a_key_is_found_where_it_stands(text: str, path: KeyPath) -> None:
    before, _, after = text.partition("▶")
    tomllib.loads(before + after)
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert locate(before + after)[path] == (line, column)


def _paths(data: Any, path: KeyPath = ()) -> set[KeyPath]:
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return {path for path in [path] if path}.union(*[_paths(value, (*path, key)) for key, value in inner])


@pytest.mark.parametrize("path", sorted(configs_dir().rglob("*.toml")), ids=lambda path: path.stem)
def test_every_key_of_every_shipped_file_has_a_place(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    assert _paths(tomllib.loads(text)) == set(locate(text))


KEYS = st.text("ab.=[{#' ", min_size=1, max_size=4)
VALUES = st.recursive(
    st.integers() | st.booleans() | st.text("ab=[]{},#'\"\n\\", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, VALUES, max_size=4))
def test_whatever_stands_in_a_file_nothing_is_missed_and_nothing_invented(data: dict[str, Any]) -> None:
    text = "".join(f"{_quoted(key)} = {_toml(value)}\n" for key, value in data.items())
    assert tomllib.loads(text) == data
    assert set(locate(text)) == _paths(data)


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return _quoted(value)
        case list():
            return "[" + ",\n ".join(_toml(each) for each in value) + "]"
        case _:
            return "{" + ", ".join(f"{_quoted(key)} = {_toml(each)}" for key, each in value.items()) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
