"""Many runs on many cores: results come in the order of the jobs, Ctrl-C ends every process."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress

from controller.commands.frame import INVALID, CommandError
from hil_tests.bench.scenario import Tier
from hil_tests.bench.verdict import Result
from hil_tests.bench_cli.playing import Job, play_job

OnResult = Callable[[Result], None]


def play_all(jobs: Sequence[Job], processes_count: int, on_result: OnResult) -> list[Result]:
    """All results, as the jobs stand; after Ctrl-C those that were there. `on_result` hears of each as it comes.

    What runs in real time runs alone and last: beside others it would only show how busy this machine is.
    """
    found: dict[Job, Result] = {}
    virtual = [job for job in jobs if job.tier is not Tier.T2]
    with suppress(KeyboardInterrupt):
        if processes_count > 1 and len(virtual) > 1:
            for job, result in _side_by_side(virtual, processes_count):
                found[job] = result
                on_result(result)
        for job in jobs:
            if job not in found:
                found[job] = play_job(job)
                on_result(found[job])
    return [found[job] for job in jobs if job in found]


def _side_by_side(jobs: Sequence[Job], processes_count: int) -> Iterator[tuple[Job, Result]]:
    context = multiprocessing.get_context("spawn")  # forks of a process with threads may never come to life
    workers_count = min(processes_count, len(jobs))
    with ProcessPoolExecutor(workers_count, mp_context=context) as pool:
        with _ctrl_c_is_ours():
            futures = {pool.submit(play_job, job): job for job in jobs}
        with _ended_together(pool):
            for future in as_completed(futures):
                yield futures[future], _result(future)


def _result(future: Future[Result]) -> Result:
    try:
        return future.result()
    except BrokenProcessPool:
        what = "a process of the bench was killed, perhaps for want of memory"
        raise CommandError("bench", INVALID, what, "Try with fewer: -j 1.") from None


@contextmanager
def _ended_together(pool: ProcessPoolExecutor) -> Iterator[None]:
    """However we leave early, nothing that was started goes on."""
    children = multiprocessing.active_children()
    try:
        yield
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in {*children, *multiprocessing.active_children()}:
            child.terminate()
        raise


@contextmanager
def _ctrl_c_is_ours() -> Iterator[None]:
    """Processes that begin here never hear of it, not even while they load; we hear of it afterwards."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
