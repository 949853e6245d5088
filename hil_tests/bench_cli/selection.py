"""Which scenarios are meant by ids, families, tags and paths, and which runs they make in which tiers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from controller.commands.frame import USAGE, CommandError
from controller.commands.sites import SiteError
from controller.config.errors import ConfigError, nearest
from hil_tests.bench.loading import SCENARIOS, Loaded, load_all
from hil_tests.bench.runner import RUNNERS
from hil_tests.bench.scenario import Tier, seeds_of
from hil_tests.bench_cli.playing import Job

ALL = "all"
LEFT_OUT_TOLD = 5  # in an error's line


def load(words: Sequence[str], folders: Sequence[Path]) -> list[Loaded]:
    """Every scenario of the folders, or of the paths among the words. Raises CommandError, with every problem."""
    named = [word for word in words if is_path(word)]
    for path in (*(Path(word) for word in named), *folders):
        if not path.exists():
            raise CommandError("usage", USAGE, f"there is no {path}", "A scenario is a TOML file, or a folder of them.")
        if path.is_dir() and not _holds_files(path):
            raise CommandError("usage", USAGE, *_empty(path))
    paths = [Path(word) for word in named]
    only_paths = len(paths) == len(words) > 0
    searched = [] if only_paths else [*(folders or (SCENARIOS,))]
    try:
        return load_all(_without_twins([*searched, *paths]))
    except ConfigError as error:
        raise SiteError(error) from None


def select(loaded: Sequence[Loaded], words: Sequence[str]) -> list[Loaded]:
    """Those that the words name, by id. None named: all. Raises CommandError for a word that names nothing."""
    if not words:
        return list(loaded)
    chosen: dict[str, Loaded] = {}
    for word in words:
        found = [each for each in loaded if _is_meant(each, word)]
        if not found:
            raise CommandError("usage", USAGE, *_unknown(loaded, word))
        chosen |= {each.scenario.id: each for each in found}
    return [chosen[name] for name in sorted(chosen)]


def tiers_of(words: Sequence[str] | None) -> tuple[Tier, ...]:
    """What `--tier` said. None: T0. Raises CommandError for a tier that is not installed."""
    if not words:
        return (Tier.T0,)
    if ALL in words:
        return tuple(tier for tier in Tier if tier in RUNNERS)
    wanted = tuple(tier for tier in Tier if tier.value in words)
    missing = [tier.value for tier in wanted if tier not in RUNNERS]
    if missing:
        there = ", ".join(tier.value for tier in Tier if tier in RUNNERS)
        raise CommandError("usage", USAGE, f"the tier {missing[0]} is not in this installation", f"There is {there}.")
    return wanted


def seeds(text: str | None) -> tuple[int, ...] | None:
    """What `--seeds` said; None: each scenario's own. Raises CommandError."""
    if text is None:
        return None
    try:
        return seeds_of(int(text) if text.isdecimal() else text)
    except ValueError as error:
        raise CommandError("usage", USAGE, f"--seeds {text}: wanted {error}") from None


def jobs(
    chosen: Sequence[Loaded], tiers: Collection[Tier], seeds: tuple[int, ...] | None, *, keeps_trace: bool
) -> list[Job]:
    """Every run, by id, tier and seed. Raises CommandError when no chosen scenario can run in any chosen tier."""
    found = list(_jobs(chosen, tiers, seeds, keeps_trace=keeps_trace))
    if not found:
        names = ", ".join(tier.value for tier in tiers)
        told = ", ".join(left_out(chosen, tiers)[:LEFT_OUT_TOLD])
        raise CommandError("usage", USAGE, f"no chosen scenario can run in {names}", f"Choose another --tier: {told}.")
    return found


def left_out(chosen: Sequence[Loaded], tiers: Collection[Tier]) -> list[str]:
    """Those that run in none of these tiers, each with its own."""
    there = [each.scenario for each in chosen if not set(each.scenario.tiers) & set(tiers)]
    return [f"{scenario.id} ({'/'.join(tier.value for tier in scenario.tiers)})" for scenario in there]


def is_path(word: str) -> bool:
    """A file or folder rather than a name: a folder with files in it goes before a tag that is called the same."""
    return word.endswith(".toml") or "/" in word or (word != "" and _holds_files(Path(word)))


def _holds_files(path: Path) -> bool:
    return path.is_dir() and next(path.rglob("*.toml"), None) is not None


def _empty(path: Path | str) -> tuple[str, str]:
    return f"there is no scenario in {path}", "A scenario is a TOML file: its name ends in .toml."


def _without_twins(paths: Sequence[Path]) -> list[Path]:
    """Without what lies within another of them, or is named twice."""
    whole = dict.fromkeys(path.resolve() for path in paths)
    return [path for path in whole if not set(path.parents) & set(whole)]


def _jobs(
    chosen: Sequence[Loaded], tiers: Collection[Tier], seeds: tuple[int, ...] | None, *, keeps_trace: bool
) -> Iterator[Job]:
    for each in chosen:
        for tier in tiers:
            if tier in each.scenario.tiers:
                for seed in seeds or each.scenario.seed:
                    yield Job(each.path, each.scenario.id, seed, tier, keeps_trace)


def _is_meant(each: Loaded, word: str) -> bool:
    scenario = each.scenario
    if is_path(word):
        path = Path(word).resolve()
        return path == each.path.resolve() or path in each.path.resolve().parents
    family = scenario.id.partition("-")[0]
    return word.upper() in {scenario.id.upper(), family} or word in scenario.tags


def _unknown(loaded: Sequence[Loaded], word: str) -> tuple[str, str]:
    if is_path(word) or Path(word).is_dir():
        return _empty(word)
    if Path(word).is_file():
        return f"{word} is no scenario", "A scenario is a TOML file: its name ends in .toml."
    ids = [each.scenario.id for each in loaded]
    tags = sorted({tag for each in loaded for tag in each.scenario.tags})
    near = nearest(word.upper(), ids) or nearest(word.lower(), tags)
    meant = f"; did you mean '{near}'?" if near else ""
    return f"no scenario, family or tag '{word}'{meant}", "See 'hallig bench list'."
