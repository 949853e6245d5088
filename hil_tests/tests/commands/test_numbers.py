"""`nan` and `inf` are no numbers of any option: a blackout of nan seconds was played, and never ended."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import pytest

from controller.cli import COMMANDS, load, main, parser_of
from controller.commands.frame import CommandError, finite
from controller.commands.island import _lasts_s as lasts_s


def actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Of a command and of its parts."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for part in action.choices.values():
                yield from actions(part)
        else:
            yield action


@pytest.mark.parametrize("name", COMMANDS)
def test_every_number_is_read_by_the_one_type(name: str) -> None:
    kinds = {action.type for action in actions(parser_of(load(name)))}
    assert float not in kinds


def test_there_are_such_options() -> None:
    found = [action.type for name in COMMANDS for action in actions(parser_of(load(name)))]
    assert found.count(finite) >= 6


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "1e999", "infinity", "long"])
def test_what_is_no_number_is_told_in_a_line(text: str) -> None:
    with pytest.raises(CommandError, match=f"--island-s takes a number, not '{text}'"):
        parser_of(load("demo")).parse_args([f"--island-s={text}"])


@pytest.mark.parametrize("option", ["--grid-s", "--island-s"])
@pytest.mark.parametrize("text", ["1e99", "86401", "-1"])
def test_a_demo_lasts_a_day_at_most(capsys: pytest.CaptureFixture[str], option: str, text: str) -> None:
    """1e99 seconds of blackout were played, and never ended."""
    assert main(["demo", "--once", f"{option}={text}"]) == 2
    assert "a day at most" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["-1h", "-90m", "30s", "8d", "1", "soon"])
def test_an_island_is_asked_for_from_a_minute_to_a_week(text: str) -> None:
    """-1h was taken for an hour."""
    with pytest.raises(CommandError, match=f"--for {text}"):
        lasts_s(text, is_on=True)


def test_and_for_what_lies_between() -> None:
    assert (lasts_s("90m", is_on=True), lasts_s("7d", is_on=True), lasts_s(None, is_on=True)) == (5_400, 604_800, None)
