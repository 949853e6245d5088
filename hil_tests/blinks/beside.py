"""Work spread over processes, in the order in which it was given."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Given = TypeVar("Given")
Made = TypeVar("Made")


def mapped(do: Callable[[Given], Made], things: Sequence[Given], jobs: int) -> Iterator[Made]:
    """What is made of each thing; in this process if it is to be one."""
    if jobs < 2:
        yield from map(do, things)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(do, things, chunksize=4)
