"""`async def test_...(bench)`: scenarios in Python, part of `hil_tests.pytest_plugin`.

`@pytest.mark.scenario(hub="small", seed="1..3", until="2 min", start={"soc_pct": 40})` says what a file says in its
first lines; all of it may be left away. Each test is played once for each seed and tier, as `test_x[seed1-t0]`.
"""

from __future__ import annotations

import inspect
from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from hil_tests.bench.scenario import Scenario, Tier

if TYPE_CHECKING:
    from hil_tests.bench.story import StoryBench

BENCH = "bench"
ID = "PYT-000"  # of all of them: what they are called is their test's name
LONGEST = "10 min"  # without `until`; a story ends by itself
MARKS = frozenset({"expected", "gap", "breaks"})  # of files
IS_INVALID = pytest.StashKey[bool]()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One item for each seed and tier."""
    from hil_tests.reports.names import case  # noqa: PLC0415  (other test runs need nothing of this)

    if BENCH not in metafunc.fixturenames or not inspect.iscoroutinefunction(metafunc.function):
        return
    scenario = _scenario(metafunc.definition)
    asked = metafunc.config.getoption("--tier") or [Tier.T0.value]
    tiers = [tier for tier in scenario.tiers if "all" in asked or tier.value in asked]
    cases = [(seed, tier) for tier in tiers for seed in scenario.seed]
    metafunc.parametrize(
        BENCH, [pytest.param(each, id=case(*each), marks=getattr(pytest.mark, each[1].value)) for each in cases],
        indirect=True,
    )  # fmt: skip


@pytest.fixture
def bench(request: pytest.FixtureRequest) -> StoryBench:
    """The hub and its controller, at the first instant; the test plays it."""
    from hil_tests.bench.checks import check_exceptions  # noqa: PLC0415
    from hil_tests.bench.plant_options import check_plant  # noqa: PLC0415
    from hil_tests.bench.story import NO_FILE, StoryBench  # noqa: PLC0415

    scenario = _scenario(request.node)
    site = _site(scenario.hub, request.path)
    problems = [*check_plant(NO_FILE, scenario, site), *check_exceptions(NO_FILE, scenario)]
    if problems:
        wrong = "; ".join(f"{each.key}: found {each.found}, wanted {each.wanted}" for each in problems)
        raise pytest.UsageError(f"{request.node.nodeid}: @pytest.mark.scenario: {wrong}")
    return StoryBench(scenario, site)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Play the story; whatever runs coroutines otherwise has nothing to do with it."""
    from hil_tests.bench.runner import run  # noqa: PLC0415
    from hil_tests.bench.story import StoryBench  # noqa: PLC0415
    from hil_tests.bench.verdict import Result, Verdict  # noqa: PLC0415
    from hil_tests.bench_cli.playing import twice_if_failed  # noqa: PLC0415
    from hil_tests.reports.junit import properties, told  # noqa: PLC0415

    told_on, story = pyfuncitem.funcargs.get(BENCH), inspect.unwrap(pyfuncitem.obj)
    if not isinstance(told_on, StoryBench) or not inspect.iscoroutinefunction(story):
        return None
    names = set(inspect.signature(story).parameters)
    given = {name: value for name, value in pyfuncitem.funcargs.items() if name in names}
    seed, tier = cast("tuple[int, Tier]", pyfuncitem.callspec.params[BENCH])

    def once() -> Result:
        told_on.tell(story(**given))
        return run(told_on.scenario, told_on.site, seed, tier)

    result = twice_if_failed(once)
    again = f"pytest '{pyfuncitem.nodeid}' --tier {tier.value}"
    result = replace(result, scenario_id=pyfuncitem.name, repeat_line=again)
    pyfuncitem.user_properties.extend(properties(result))
    if result.verdict is Verdict.INVALID:
        pyfuncitem.stash[IS_INVALID] = True
        pytest.fail(f"invalid, nothing is proven: {told(result)}", pytrace=False)
    if result.verdict is Verdict.FAIL:
        pytest.fail(told(result), pytrace=False)
    return True


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """An invalid run is an error, not a failure: pytest calls so what goes wrong before the test itself."""
    report = yield
    if item.stash.get(IS_INVALID, False) and report.when == "call":
        report.when = "setup"
    return report


def _scenario(node: Any) -> Scenario:
    """Of a test, from its marks; the nearest mark wins. Raises UsageError for a wrong one."""
    keys: Mapping[str, Any] = {}
    for mark in node.iter_markers("scenario"):
        keys = {**mark.kwargs, **keys}
    if marked := sorted(keys.keys() & MARKS):
        why = "pytest has a mark for that: xfail(strict=True)"
        raise pytest.UsageError(f"{node.nodeid}: @pytest.mark.scenario: {', '.join(marked)}: {why}")
    try:
        return Scenario.model_validate({"id": ID, "title": node.name[:120], "until": LONGEST, **keys})
    except ValueError as error:
        raise pytest.UsageError(f"{node.nodeid}: @pytest.mark.scenario: {error}") from None


def _site(name: str, test: Path) -> Any:
    """Raises UsageError when there is no such hub."""
    from controller.config.errors import ConfigError  # noqa: PLC0415
    from controller.config.toml_file import TomlFile  # noqa: PLC0415
    from hil_tests.bench.loading import site_of  # noqa: PLC0415

    try:
        return site_of(TomlFile(test, "", {}), name)
    except ConfigError as error:
        raise pytest.UsageError(str(error)) from None
