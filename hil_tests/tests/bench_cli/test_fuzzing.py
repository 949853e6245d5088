"""The fuzzer is loaded only when it is asked for, and told what was typed."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from controller.cli import main
from hil_tests.bench_cli.fuzzing import FUZZER, FuzzOptions, Property


def test_it_is_told_what_was_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[FuzzOptions] = []

    def fuzz(options: FuzzOptions) -> int:
        heard.append(options)
        return 1

    module = ModuleType(FUZZER)
    module.__dict__["fuzz"] = fuzz
    monkeypatch.setitem(sys.modules, FUZZER.rpartition(".")[0], ModuleType("hil_tests.fuzz"))
    monkeypatch.setitem(sys.modules, FUZZER, module)
    assert main(["bench", "fuzz", "--seeds", "3..5", "-j", "2", "--safety"]) == 1
    assert main(["bench", "fuzz", "--seeds", "9"]) == 1
    assert heard == [
        FuzzOptions((3, 4, 5), 2, Property.SAFETY, as_json=False),
        FuzzOptions((9,), 1, Property.BOTH, as_json=False),
    ]
