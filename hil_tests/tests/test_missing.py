"""A test that lacks something is left out in a workshop and fails in a continuous integration."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil_tests.tests import missing
from hil_tests.tests.drivers.peers import TCP_SERVER, compiled


@pytest.mark.parametrize(("environment", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_without_a_compiler_the_peers_are_left_out_only_in_a_workshop(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environment: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CI", environment)
    with pytest.raises(outcome, match="gcc"):
        compiled(tmp_path, "tcp_server", TCP_SERVER)


@pytest.mark.parametrize(("environment", "is_skipped"), [("", True), ("1", False)])
def test_the_mark_leaves_nothing_out_in_a_continuous_integration(
    monkeypatch: pytest.MonkeyPatch, environment: str, is_skipped: bool
) -> None:
    monkeypatch.setenv("CI", environment)
    assert missing.needs(False, "no such thing").args == (is_skipped,)
    assert missing.needs(True, "there").args == (False,)
