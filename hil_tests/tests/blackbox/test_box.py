"""What the black box keeps of a blackout, and what is left of it after a kill, a cut, a bent bit."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from controller import __version__
from controller.blackbox.reading import UnreadableError, open_box
from controller.blackbox.replaying import Judges, replay
from controller.core.decide import Decision, decide
from controller.core.grid_verdict import judge_grid
from controller.core.memory import CoreMemory, GridMemory
from controller.loop import CoreFailedError
from controller.model.hub import Hub
from controller.model.image import PoiSeen
from controller.model.memory import DurableMemory, Latch
from controller.model.reasons import Reason
from controller.model.words import Mode
from hil_tests.tests.blackbox.recordings import Recorded, replayed


def broken(*_: object) -> object:
    return dict[str, object]()["no such key"]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    """On grid for a minute and more, a blackout, an island."""
    recorded = Recorded(tmp_path_factory.mktemp("box"))
    recorded.bench.run_for(70.0)
    recorded.bench.plant.grid.blackout()
    recorded.bench.run_to(Mode.ISLANDED)
    recorded.bench.run_for(70.0)
    return recorded


@pytest.fixture
def blackout(story: Recorded) -> Path:
    return story.files[1]


def test_a_minute_before_and_a_minute_after_each_transition_are_kept(story: Recorded) -> None:
    assert [path.name for path in story.files] == [
        "box-000001-started.jsonl.gz",
        "box-000002-transition.jsonl.gz",
    ]
    box = open_box(story.files[1])
    instants_s = [cycle.now_s for cycle in box.cycles()]
    first, last = box.marks[0], box.marks[-1]
    assert first[0] == "transition"
    assert first[2] == "grid_connected -> unplanned_islanding: grid_dead"
    assert last[2] == "unplanned_islanding -> islanded: island_formed"
    assert 60.0 <= first[1] - instants_s[0] <= 62.0, "no more than a part beyond the minute"
    assert 60.0 <= instants_s[-1] - last[1] <= 62.0
    steps_s = [later - earlier for earlier, later in pairwise(instants_s)]
    assert max(steps_s) <= 0.06, "every cycle of it"
    assert (box.end, box.trouble, box.gaps, box.unknown) == ("complete", "", [], set())


def test_replayed_it_decides_the_same_in_every_cycle(story: Recorded) -> None:
    for path in story.files[:2]:
        box, told = replayed(path)
        assert told.difference is None
        assert told.cycles_count > 1000
        assert box.head.hub == story.bench.site.hub
        assert box.head.envelope == story.bench.site.envelope
        assert box.head.software == __version__
        assert box.head.site_text == story.bench.site.path.read_text()


def test_the_file_explains_itself_to_whoever_unpacks_it(blackout: Path) -> None:
    lines = [json.loads(line) for line in gzip.decompress(blackout.read_bytes()).splitlines()]
    assert lines[0]["hallig_black_box"] == 1
    assert lines[0]["hub"]["name"] == "musterhallig"
    assert lines[0]["hub"]["grid_code"]["name"]
    opened = [line for line in lines if line.get("commands", {}).get("poi", {}).get("open") is True]
    assert opened[0]["mode"] == "unplanned_islanding"
    assert lines[-1] == {"end": "complete"}


def test_an_earlier_opening_is_told_with_cycle_field_and_both_values(blackout: Path) -> None:
    """As if somebody had made the code less patient: half the time that a dead grid is confirmed for."""
    box = open_box(blackout)
    code = replace(box.head.hub.grid_code, dead_confirm_s=box.head.hub.grid_code.dead_confirm_s / 2)
    told = replay(box.cycles(), replace(box.head.hub, grid_code=code), box.head.envelope)
    assert told.difference is not None
    assert (told.difference.field, told.difference.recorded, told.difference.now) == (
        "mode",
        "grid_connected",
        "unplanned_islanding",
    )
    box_again, _ = replayed(blackout)
    assert -0.2 < told.difference.at_s - box_again.marks[0][1] < 0.0, "before it did then"


def test_what_only_the_memory_shows_is_told_within_a_part(blackout: Path) -> None:
    def forgetful(memory: CoreMemory, *more: object) -> Decision:
        decision = decide(memory, *more)  # type: ignore[arg-type]
        return replace(decision, memory=replace(decision.memory, last_pickup_at_s=-1.0))

    _, told = replayed(blackout, Judges(decide=forgetful))
    assert told.difference is not None
    assert told.difference.field == "memory before.last_pickup_at_s"
    assert told.cycles_count < 30


def test_a_file_cut_anywhere_is_read_as_far_as_it_is_whole(blackout: Path, tmp_path: Path) -> None:
    data = blackout.read_bytes()
    counts = []
    for share in (0.04, 0.3, 0.999):
        cut = tmp_path / "cut.jsonl.gz"
        cut.write_bytes(data[: int(share * len(data))])
        box = open_box(cut)
        counts.append(sum(1 for _ in box.cycles()))
        assert box.trouble.startswith("cut at byte")
        assert box.end == ""
    assert counts == sorted(set(counts)), counts
    assert counts[0] > 0


def test_a_disk_that_left_zeros_where_nothing_was_synced(blackout: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.jsonl.gz"
    data = blackout.read_bytes()
    cut.write_bytes(data[: len(data) // 2] + bytes(4096))
    box = open_box(cut)
    assert sum(1 for _ in box.cycles()) > 500
    assert box.trouble


def test_a_bent_bit_is_found_and_what_stands_before_it_is_read(blackout: Path, tmp_path: Path) -> None:
    data = bytearray(blackout.read_bytes())
    data[len(data) // 2] ^= 0x10
    bent = tmp_path / "bent.jsonl.gz"
    bent.write_bytes(data)
    box, told = replayed(bent)
    assert told.difference is None
    assert 500 < told.cycles_count < 2000
    assert box.trouble.startswith("damaged from byte")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"what is this", "is not a recording of a black box"),
        (gzip.compress(b"not json\n", mtime=0), "is not a recording of a black box"),
        (gzip.compress(b"[1]\n", mtime=0), "is not a recording of a black box"),
        (
            gzip.compress(b'{"hallig_black_box": 7, "software": "9.9"}\n', mtime=0),
            "has format 7, written by hallig 9.9",
        ),
        (gzip.compress(b'{"hallig_black_box": 1}\n', mtime=0), "its head cannot be understood"),
    ],
)
def test_foreign_files_are_told_in_plain_words(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "box.jsonl.gz"
    path.write_bytes(data)
    with pytest.raises(UnreadableError, match=said):
        open_box(path)
    with pytest.raises(UnreadableError, match="is a folder"):
        open_box(tmp_path)


def test_a_kill_loses_a_second_at_most(tmp_path: Path) -> None:
    """The box is simply left as it is: nothing more is written."""
    recorded = Recorded(tmp_path)
    recorded.bench.run_for(3.0)
    recorded.bench.plant.grid.blackout()
    recorded.bench.run_to(Mode.UNPLANNED_ISLANDING)
    recorded.bench.run_for(0.05)
    *_, newest = [list(open_box(path).cycles()) for path in recorded.files]
    assert newest[-1].mode is Mode.UNPLANNED_ISLANDING, "the transition itself is there at once"
    recorded.bench.run_for(7.77)
    box, told = replayed(recorded.files[-1])
    assert told.difference is None
    assert box.end == ""
    assert told.last_s is not None
    assert recorded.bench.plant.now_s - told.last_s < 1.3


@pytest.mark.parametrize("is_between_parts", [False, True])
def test_memory_that_the_disk_gave_back_late_is_no_difference(tmp_path: Path, *, is_between_parts: bool) -> None:
    recorded = Recorded(tmp_path)
    recorded.bench.run_for(2.02)
    if is_between_parts:
        recorded.box._work(recorded.bench.plant.now_s, is_urgent=True)
    assert bool(recorded.box._waiting) is not is_between_parts
    late = DurableMemory(latches=(Latch("dso_lock", Reason.DSO_LOCK, 0.5),), shed_by_us=frozenset({"phones"}))
    recorded.bench.loop.join(late, DurableMemory())
    recorded.bench.run_for(2.0)
    recorded.box.end(recorded.bench.plant.now_s)
    box, told = replayed(recorded.files[0])
    assert told.difference is None
    assert told.cycles_count > 70
    assert box.end == "stopped"


def test_a_failure_of_judgement_is_kept_and_fails_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = Recorded(tmp_path)
    recorded.bench.run_for(62.0)
    began_s = recorded.bench.plant.now_s

    def breaks(grid: GridMemory, poi: PoiSeen, hub: Hub, now_s: float) -> GridMemory:
        if now_s > began_s:
            raise ValueError("too late")
        return judge_grid(grid, poi, hub, now_s)

    with monkeypatch.context() as bent:
        bent.setattr("controller.core.decide.judge_grid", breaks)
        with pytest.raises(CoreFailedError):
            recorded.bench.loop.cycle(recorded.bench.plant.now_s + 0.05)
        recorded.box.end(recorded.bench.plant.now_s)
        path = recorded.files[-1]
        assert path.name == "box-000002-failed.jsonl.gz"
        _, told = replayed(path)
        assert told.difference is None
        assert told.cycles_count > 1000
    _, told = replayed(path)
    assert told.difference is not None
    assert (told.difference.field, told.difference.recorded) == ("failed", "ValueError: too late")
    assert told.difference.now == "nothing"


def test_a_failure_around_judgement_is_kept_and_cannot_be_replayed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = Recorded(tmp_path)
    recorded.bench.run_for(1.0)
    monkeypatch.setattr("controller.loop.Loop._remember", broken)
    with pytest.raises(CoreFailedError):
        recorded.bench.loop.cycle(recorded.bench.plant.now_s + 0.05)
    recorded.box.end(recorded.bench.plant.now_s)
    box, told = replayed(recorded.files[0])
    assert (told.difference, told.skipped_count) == (None, 1)
    assert box.marks[-1][0] == "failed"
