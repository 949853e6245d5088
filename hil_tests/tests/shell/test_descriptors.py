"""One descriptor is kept back for the live state; whether others are left is known."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path

from controller.descriptors import Descriptors
from controller.snapshot import NAME, Snapshot
from hil_tests.tests.web.statuses import islanded, on_grid

ROOM_COUNT = 8


@contextlib.contextmanager
def starved() -> Iterator[None]:
    """This process has opened all that it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(each.name) for each in Path("/proc/self/fd").iterdir())
    taken: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + ROOM_COUNT, hard))
    try:
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for handle in taken:
            os.close(handle)


def test_the_live_state_is_written_with_the_one_that_is_kept_back_again_and_again(tmp_path: Path) -> None:
    kept, without = Snapshot(tmp_path, Descriptors()), Snapshot(tmp_path)
    assert without.write(on_grid())
    with starved():
        failed = without.write(islanded())
        written = [kept.write(islanded()) for _ in range(3)]
    assert (failed, written) == (False, [True] * 3)
    assert b'"islanded"' in (tmp_path / NAME).read_bytes()


def test_whether_others_are_left_is_known_and_so_is_their_return() -> None:
    descriptors = Descriptors()
    with starved():
        during = [descriptors.are_left() for _ in range(2)]
    assert (during, descriptors.are_left()) == ([False, False], True)


def test_who_began_without_any_keeps_one_back_as_soon_as_there_is_one(tmp_path: Path) -> None:
    with starved():
        descriptors = Descriptors()
        assert not descriptors.are_left()
    assert descriptors.are_left()
    with starved():
        written = Snapshot(tmp_path, descriptors).write(on_grid())
    assert written
