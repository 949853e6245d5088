"""Scenarios as tests: `pytest hil_tests/scenarios`, or a folder of one's own with `-p hil_tests.pytest_plugin`.

Each run of a file is an item called as in every report, `ISL-003[seed42-t0]`. A known gap is a strict xfail, so that a
mark that is no longer true fails; an invalid run is an error of the bench, not a failure of the controller.

A scenario in Python is `async def test_...(bench)`; see `hil_tests.bench.story`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hil_tests.bench.scenario import Tier
from hil_tests.pytest_stories import bench, pytest_generate_tests, pytest_pyfunc_call, pytest_runtest_makereport

if TYPE_CHECKING:
    from hil_tests.bench.loading import Loaded
    from hil_tests.bench.verdict import Result

__all__ = ["bench", "pytest_generate_tests", "pytest_pyfunc_call", "pytest_runtest_makereport"]
TIERS = tuple(tier.value for tier in Tier)
NAMED_AS_ONE = re.compile(r"[A-Z]{3}-\d{3}[a-z]?\.toml")
LASTS = re.compile(r"^until\s*=", re.MULTILINE)  # the key that every scenario has, and no other file of ours
ASIDE = frozenset({"endurance", "slow"})  # days or many minutes of plant time: played when asked for
REAL_TIME_ROOM_S = 120.0  # to start and end processes around a run in real time


class MarkIsWrongError(Exception):
    """A known gap, and something else was wrong than announced, or less: not the failure that was."""


class ScenarioFailedError(Exception):
    """The controller did something wrong; the text says what and how to repeat it."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--tier`."""
    group = parser.getgroup("hallig", "scenarios of the Hallig bench")
    group.addoption(
        "--tier",
        action="append",
        choices=(*TIERS, "all"),
        default=None,
        help="play scenarios in these tiers (default: all in t0, those tagged t1 there too; t2 takes its real time)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """One marker for each tier."""
    for tier in Tier:
        config.addinivalue_line("markers", f"{tier.value}: a scenario in tier {tier.value} of the bench")
    config.addinivalue_line("markers", "scenario(**keys): of a test with `bench`, the keys of a scenario file")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """A TOML file is a scenario by its name, or because it says `until`."""
    if file_path.suffix != ".toml" or not is_scenario(file_path):
        return None
    return ScenarioFile.from_parent(parent, path=file_path)


def is_scenario(path: Path) -> bool:
    """A broken one counts too: it must not go missing."""
    return bool(NAMED_AS_ONE.fullmatch(path.name) or LASTS.search(path.read_text(encoding="utf-8", errors="replace")))


class ScenarioFile(pytest.File):
    """One file: an item for each seed in each tier."""

    def collect(self) -> Iterator[pytest.Item]:
        """Read and check it; mistakes are told with line and key."""
        from controller.config.errors import ConfigError  # noqa: PLC0415  (other test runs need nothing of this)
        from hil_tests.bench.loading import load_scenario  # noqa: PLC0415
        from hil_tests.reports.names import case  # noqa: PLC0415

        try:
            loaded = load_scenario(self.path)
        except ConfigError as error:
            raise self.CollectError(str(error)) from None
        wanted = self.config.getoption("--tier")
        for tier in tiers_of(loaded, wanted):
            for seed in seeds_of(loaded, tier, wanted):
                name = f"{loaded.scenario.id}[{case(seed, tier)}]"
                yield ScenarioItem.from_parent(self, name=name, loaded=loaded, seed=seed, tier=tier)


class ScenarioItem(pytest.Item):
    """One run."""

    def __init__(self, *, loaded: Loaded, seed: int, tier: Tier, **known: object) -> None:
        super().__init__(**known)  # type: ignore[arg-type]
        self.loaded, self.seed, self.tier = loaded, seed, tier
        self.result: Result | None = None
        scenario = loaded.scenario
        self.add_marker(tier.value)
        if scenario.gap:
            self.add_marker(pytest.mark.xfail(reason=scenario.gap, raises=ScenarioFailedError, strict=True))
        if tier is Tier.T2 and self.config.pluginmanager.hasplugin("timeout"):
            self.add_marker(pytest.mark.timeout(scenario.until + REAL_TIME_ROOM_S))

    def setup(self) -> None:
        """Play. Here and not in the test itself, because what goes wrong here is told as an error."""
        from hil_tests.bench.verdict import Verdict  # noqa: PLC0415
        from hil_tests.bench_cli.playing import play  # noqa: PLC0415
        from hil_tests.reports.junit import properties, told  # noqa: PLC0415

        scenario = self.loaded.scenario
        self.result = play(self.loaded, self.seed, self.tier)
        self.user_properties.extend(properties(self.result))
        if self.result.verdict is Verdict.INVALID:
            pytest.fail(f"invalid, nothing is proven: {told(self.result)}\n{scenario.title}", pytrace=False)

    def runtest(self) -> None:
        """Judge."""
        from hil_tests.bench.verdict import Verdict  # noqa: PLC0415
        from hil_tests.reports.junit import told  # noqa: PLC0415

        if self.result is not None and (self.result.unannounced or self.result.healed):
            raise MarkIsWrongError(told(self.result))
        if self.result is not None and self.result.verdict is Verdict.FAIL:
            raise ScenarioFailedError(told(self.result))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException]) -> str:  # type: ignore[override]
        """What was wrong and the line that repeats it; no traceback of ours."""
        if isinstance(excinfo.value, ScenarioFailedError | MarkIsWrongError):
            return f"{excinfo.value}\n{self.loaded.scenario.title}"
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where it stands."""
        return self.path, 0, self.name


def seeds_of(loaded: Loaded, tier: Tier, wanted: list[str] | None) -> tuple[int, ...]:
    """All of its seeds; of a tier that nobody asked for and that is not the quickest, the first."""
    return loaded.scenario.seed if wanted is not None or tier is Tier.T0 else loaded.scenario.seed[:1]


def tiers_of(loaded: Loaded, wanted: list[str] | None) -> list[Tier]:
    """Where a scenario is played: as asked, else in T0, and in T1 if tagged so; only in tiers that are installed."""
    from hil_tests.bench.runner import RUNNERS  # noqa: PLC0415

    scenario = loaded.scenario
    missing = [name for name in wanted or () if name != "all" and Tier(name) not in RUNNERS]
    if missing:
        raise pytest.UsageError(f"--tier {missing[0]}: this tier is not in this installation")
    if wanted is None and not ASIDE.isdisjoint(scenario.tags):
        return []  # `hallig bench run endurance slow` plays them
    if wanted is None:
        wanted = [Tier.T0.value, *(Tier.T1.value for tag in scenario.tags if tag == Tier.T1.value)]
    names = TIERS if "all" in wanted else wanted
    return [tier for tier in Tier if tier.value in names and tier in scenario.tiers and tier in RUNNERS]
