"""Whatever becomes of a file, loading it ends with a site or with problems that have a place, never otherwise."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from controller.config.paths import configs_dir
from controller.config.tables import load_table
from hil_tests.tests.config.stories import MUSTER, problems_of

ROUNDS = 300
VALUES = ("5", '"x"', "[]", "{}", "true", "[[1]]", "{ a = 1 }", "-1", "1e400", "nan")
TABLES = configs_dir() / "devices" / "hallig_sim"


def damaged(text: str, chance: random.Random) -> str:
    lines = text.split("\n")
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(lines))
        line, cut = lines[at], chance.randrange(len(lines[at]) + 1)
        match chance.randrange(5):
            case 0:
                lines[at] = line[:cut] + line[cut + 1 :]
            case 1:
                lines[at] = line[:cut] + chance.choice("[]{}=,.\"'#1aä\\") + line[cut:]
            case 2:
                lines[at] = f"{line.split('=')[0]}= {chance.choice(VALUES)}"
            case 3:
                lines.insert(chance.randrange(len(lines)), line)
            case _:
                lines[at] = ""
    return "\n".join(lines)


def test_a_damaged_site_file(tmp_path: Path) -> None:
    text, path = MUSTER.read_text(encoding="utf-8"), tmp_path / "site.toml"
    for seed in range(ROUNDS):
        spoilt = damaged(text, random.Random(seed))
        path.write_text(spoilt, encoding="utf-8")
        last = spoilt.count("\n") + 1
        assert all(1 <= each.line <= last and each.column >= 1 for each in problems_of(path)), f"seed {seed}"


@pytest.mark.parametrize("name", ["io_module", "sunspec_pv", "battery_opcua"])
def test_a_damaged_table(name: str, tmp_path: Path) -> None:
    text, path = (TABLES / f"{name}.toml").read_text(encoding="utf-8"), tmp_path / "table.toml"
    for seed in range(ROUNDS):
        path.write_text(damaged(text, random.Random(seed)), encoding="utf-8")
        table, problems = load_table(path, name)
        assert (table is None) == bool(problems), f"seed {seed}"
