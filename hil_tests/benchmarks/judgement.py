"""What one cycle costs: the image, `decide`, `vet` and the outputs, on images of a real blackout in virtual time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from controller.core.decide import decide
from controller.guard.vet import vet
from controller.model.words import Mode
from hil_tests.benchmarks.row import Row, row_of
from hil_tests.simulation.bench import Bench

BATCH_COUNT = 20  # calls per sample: the clock's own cost disappears
US = 1e6
GOAL_US = 150.0


def judgement_rows(samples_count: int = 400) -> list[Row]:
    """Rows for each situation; every sample is the mean of a few calls on one and the same image."""
    rows = []
    for name, bench in _situations():
        devices = len(bench.site.devices)
        parts = _parts(bench)
        both = [_timed(parts["decide"]) + _timed(parts["vet"]) for _ in range(samples_count)]
        note = f"{devices} devices, {sum(both) / len(both) / devices:.1f} us a device on average"
        rows.append(row_of(f"decide + vet, {name}", "us", both, GOAL_US, note))
        rows += [
            row_of(f"{part}, {name}", "us", [_timed(parts[part]) for _ in range(samples_count)])
            for part in ("image", "outputs")
        ]
    return rows


def _situations() -> Iterator[tuple[str, Bench]]:
    bench = Bench.of()
    bench.run_for(20.0)
    yield "on grid", bench
    bench.plant.grid.blackout()
    bench.run_to(Mode.UNPLANNED_ISLANDING)
    yield "in the transfer", bench
    bench.run_to(Mode.ISLANDED)
    bench.run_for(20.0)
    yield "in the island", bench
    bench.plant.grid.returns()
    bench.run_to(Mode.RECONNECTION)
    bench.run_for(1.0)
    yield "steering back", bench


def _parts(bench: Bench) -> dict[str, Callable[[], object]]:
    now_s, hub = bench.plant.now_s, bench.site.hub
    memory, guard, advice, bounds = bench.memory, bench.guard, bench.loop.advice(now_s), bench.bounds()
    seen = bench.assembler.image(bench.links, now_s)
    decision = decide(memory, seen, advice, hub, now_s)
    allowed = vet(guard, decision.commands, seen, bounds, now_s).allowed

    def image_anew() -> object:
        for link in bench.links.values():
            link.changes_count += 1  # as if every device had answered something else since
            link.values_count += 1
        return bench.assembler.image(bench.links, now_s)

    return {
        "decide": lambda: decide(memory, seen, advice, hub, now_s),
        "vet": lambda: vet(guard, decision.commands, seen, bounds, now_s),
        "image": image_anew,
        "outputs": lambda: bench.outputs.apply(bench.links, allowed, now_s),
    }


def _timed(call: Callable[[], object]) -> float:
    began_s = time.process_time()  # a busy machine changes nothing
    for _ in range(BATCH_COUNT):
        call()
    return (time.process_time() - began_s) / BATCH_COUNT * US
