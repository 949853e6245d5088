"""What a killed demo or bench left in memory is taken away by the next one; what somebody may still use is not."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hil_tests.servers import owned_folder
from hil_tests.servers.owned_folder import OWNER_NAME, OwnedFolder

OWNER = """
import sys
from pathlib import Path
from hil_tests.servers import owned_folder
theirs = Path(sys.argv[1]) / "hub-other"
theirs.mkdir()
owned_folder.memory_folder = lambda prefix: theirs
owned = owned_folder.OwnedFolder("hub-")
print(owned.path, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def folder(prefix: str) -> Path:
        made = tmp_path / f"{prefix}{len(list(tmp_path.iterdir()))}"
        made.mkdir()
        return made

    monkeypatch.setattr(owned_folder, "memory_folder", folder)
    return tmp_path


def test_a_killed_owners_folder_goes_and_a_living_ones_stays(root: Path) -> None:
    command = [sys.executable, "-c", OWNER, str(root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        theirs = Path(other.stdout.readline().strip())
        first = OwnedFolder("hub-")
        assert theirs.is_dir(), "its owner lives"
        other.kill()
        other.wait(10)
    second = OwnedFolder("hub-")
    assert (theirs.exists(), first.path.is_dir(), second.path.is_dir()) == (False, True, True)
    first.remove()
    assert (first.path.exists(), second.path.is_dir()) == (False, True)
    second.remove()


def test_a_folder_without_an_owners_file_or_with_another_prefix_stays(root: Path) -> None:
    for name in ("hub-nobody", "village-x"):
        (root / name).mkdir()
    (root / "village-x" / OWNER_NAME).touch()
    OwnedFolder("hub-").remove()
    assert sorted(path.name for path in root.iterdir()) == ["hub-nobody", "village-x"]


@pytest.mark.parametrize("inside", [".", "run"])
def test_a_folder_that_a_controller_still_holds_stays_until_it_lets_go(root: Path, inside: str) -> None:
    left = root / "hub-left"
    (left / inside).mkdir(parents=True)
    (left / OWNER_NAME).touch()
    handle = os.open(left / inside, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    OwnedFolder("hub-").remove()
    assert left.is_dir()
    os.close(handle)
    OwnedFolder("hub-").remove()
    assert not left.exists()
