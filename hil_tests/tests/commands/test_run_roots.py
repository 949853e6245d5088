"""Where commands look for a hub: nowhere that somebody else could have prepared for them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from controller.whereabouts import ROOT_VARIABLE, SYSTEM_ROOT, default_run_dir, run_roots


@pytest.fixture(autouse=True)
def _in_a_folder_for_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.delenv(ROOT_VARIABLE, raising=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda *_: False)


def test_a_users_own_folder_bears_his_number(tmp_path: Path) -> None:
    own = tmp_path / f"hallig-{os.getuid()}"
    own.mkdir()
    assert run_roots() == (SYSTEM_ROOT, own)
    assert default_run_dir("north") == own / "north"


@pytest.mark.parametrize("is_a_link", [False, True])
def test_one_that_somebody_else_has_made_in_his_name_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, is_a_link: bool
) -> None:
    """Any user of the machine could plant a hub that root's commands then spoke to."""
    stranger = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: stranger)
    planted = tmp_path / f"hallig-{os.getuid()}"
    if is_a_link:
        planted.symlink_to(tmp_path)
    else:
        planted.mkdir()
    assert run_roots() == (SYSTEM_ROOT,)
    assert default_run_dir("north") == SYSTEM_ROOT / "north", "nor is a controller's state left in it"


def test_what_the_environment_names_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "user"))
    assert run_roots() == (SYSTEM_ROOT, tmp_path / "user" / "hallig")
    monkeypatch.setenv(ROOT_VARIABLE, str(tmp_path / "named"))
    assert run_roots() == (tmp_path / "named",)
    assert default_run_dir("north") == tmp_path / "named" / "north"
