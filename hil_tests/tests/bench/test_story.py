"""Scenarios in Python: a folder of somebody's own, with `bench`, in pytest; what passes, fails, and is refused."""

from __future__ import annotations

import pytest

from hil_tests.plant.grid import PublicGrid

pytest_plugins = ("pytester",)
PLUGIN = ("-p", "hil_tests.pytest_plugin", "-p", "no:cacheprovider", "-W", "ignore")
OPENING = """
import pytest
from hil_tests.bench.sig import sig

pytestmark = pytest.mark.scenario(hub="small", start={"irradiance_w_per_m2": 0.0}, until="60 s")
"""
ISLAND = """
async def test_custom(bench):
    await bench.at("5 s").grid.blackout(fall_s=0.02)
    t = await bench.wait_until("poi.position", region="at", value="open", timeout=1.0)
    bench.check(sig("bus.frequency_hz").is_constant((49.0, 51.0), during=(t + 1, t + 5)))
    bench.check(always="tier.0.energised_ratio == 1", during=["7 s", "10 s"], because="SS2")
    await bench.wait_for("controller.mode == 'islanded'", "3 s")
    assert bench.read("poi.closed") is False
    assert 5.0 < t < bench.now_s < 8.0
"""


def played(pytester: pytest.Pytester, story: str, *words: str) -> tuple[pytest.RunResult, str]:
    pytester.makepyfile(test_mine=OPENING + story)
    done = pytester.runpytest_inprocess(*PLUGIN, *words)
    return done, done.stdout.str()


@pytest.mark.parametrize("tier", ["t0", "t1"])
@pytest.mark.parametrize("mode", ["auto", "strict"])
def test_a_story_passes_in_every_tier_beside_other_plugins(pytester: pytest.Pytester, tier: str, mode: str) -> None:
    done, said = played(pytester, ISLAND, "--tier", tier, "-rA", "-o", f"asyncio_mode={mode}")
    done.assert_outcomes(passed=1)
    assert f"PASSED test_mine.py::test_custom[seed1-{tier}]" in said


def test_a_story_needs_nothing_that_runs_coroutines(pytester: pytest.Pytester) -> None:
    played(pytester, ISLAND, "-p", "no:asyncio")[0].assert_outcomes(passed=1)


def test_what_was_checked_and_was_not_so_fails_with_the_line_that_repeats_it(pytester: pytest.Pytester) -> None:
    done, said = played(
        pytester,
        """
async def test_custom(bench):
    bench.check(sig("bus.frequency_hz").is_constant((49.0, 51.0), during=(4.0, 8.0)))
    await bench.at("5 s").grid.blackout()
""",
    )
    done.assert_outcomes(failed=1)
    assert "expect.1 at 4.00 s: bus.frequency_hz over 4 s:" in said
    assert "again: pytest 'test_mine.py::test_custom[seed1-t0]' --tier t0" in said


def test_invariants_watch_here_too(pytester: pytest.Pytester) -> None:
    done, said = played(
        pytester,
        """
async def test_custom(bench):
    await bench.at("3 s").battery.set(battery="battery", soc_pct=50)
    await bench.now.earthing.by_hand(closed=False)
    await bench.now.grid.blackout()
    await bench.wait_for("controller.mode == 'islanded'", "5 s")
    await bench.now.fault(type="fails_to_close", unit="earthing")
    await bench.now.earthing.by_hand(closed=False)
    await bench.run_for("2 s")
""",
    )
    done.assert_outcomes(failed=1)
    assert "D1 at " in said


def test_what_does_not_come_fails_where_it_was_waited_for(pytester: pytest.Pytester) -> None:
    done, said = played(
        pytester,
        """
async def test_custom(bench):
    await bench.wait_until("poi.position", value="open", timeout="1 s")

async def test_caught(bench):
    with pytest.raises(AssertionError, match="not within 1 s: bus.frequency_hz above 52; it is 50"):
        await bench.wait_until("bus.frequency_hz", region="above", value=52, timeout="1 s")
    assert bench.now_s == pytest.approx(1.02, abs=0.011)
    await bench.run_for("1 s")
    assert bench.now_s == pytest.approx(2.02, abs=0.011)

async def test_never_told_to_its_end(bench):
    await bench.wait_until("poi.position", value="open", timeout="90 s")
""",
    )
    done.assert_outcomes(passed=1, failed=2)
    assert "NotInTimeError: not within 1 s: poi.position at open; it is closed" in said
    assert "story at 60.00 s: not told to its end: not within 90 s: poi.position at open; it is closed" in said


def test_regions(pytester: pytest.Pytester) -> None:
    done, _ = played(
        pytester,
        """
async def test_custom(bench):
    await bench.at("1 s").grid.drift(frequency_hz=49.0, rate_hz_per_s=0.5)
    low = await bench.wait_until("grid.frequency_hz", region="below", value=49.75, timeout="2 s")
    assert low == pytest.approx(1.5, abs=0.03)
    between = await bench.wait_until("grid.frequency_hz", region="between", value=(49.0, 49.5), timeout="2 s")
    assert between == pytest.approx(2.0, abs=0.03)
    await bench.at("4 s").grid.drift(frequency_hz=50.0, rate_hz_per_s=0.5)
    back = await bench.wait_until(
        "grid.frequency_hz", region="above", value=49.2, from_region="below", from_value=49.1, timeout="2 s"
    )
    assert back == pytest.approx(4.4, abs=0.03)
    with pytest.raises(ValueError, match="at, above, below or between, not 'over'"):
        await bench.wait_until("grid.frequency_hz", region="over", value=1, timeout=1)
""",
    )
    done.assert_outcomes(passed=1)


SLIPS = (
    ("await bench.at('5 s').grid.blckout()", "did you mean 'grid.blackout'"),
    ("await bench.at('5 s').grid.blackout(fall=1)", "did you mean 'fall_s'"),
    ("await bench.at('5 parsec').grid.blackout()", "'parsec' is no unit of time"),
    ("await bench.at('90 s').grid.blackout()", "an instant before the end at 1 min"),
    ("await bench.at(1).fault(type='stuck', unit='poi_rely')", "did you mean 'poi_relay'"),
    ("bench.read('bus.freq_hz')", "a signal of this hub, not 'bus.freq_hz'"),
    ("bench.check(sig('bus.freq_hz').is_constant((1, 2), during=(3, 4)))", "did you mean 'bus.frequency_hz'"),
    ("await bench.run_for(2); bench.check(always='bus.live', during=['1 s', '3 s'])", "say what must be so before"),
    (
        "await bench.now.grid.blackout(); await bench.run_for(2); bench.check(never='bus.live', after='grid.blackout')",
        "say what must be so before",
    ),
    ("await bench.run_for(2); await bench.at(1).grid.blackout()", "grid.blackout at 1 s, and it is 2.01 s"),
    ("import asyncio; await asyncio.sleep(0)", "a story waits for the bench and for nothing else"),
)


def test_what_a_tired_engineer_writes_is_told_in_words(pytester: pytest.Pytester) -> None:
    stories = [f"async def test_{number}(bench):\n    {line}\n" for number, (line, _) in enumerate(SLIPS)]
    done, said = played(pytester, "\n".join(stories))
    done.assert_outcomes(failed=len(SLIPS))
    assert [words for _, words in SLIPS if words not in said] == []


@pytest.mark.parametrize(
    ("mark", "words"),
    [
        ("hub='smal'", "did you mean 'small'"),
        ("untill='3 s'", "untill"),
        ("seed='2..1'", "42..61"),
        ("except_invariants={'I99': 'why'}", "'I99'"),
        ("except_invariants={'I1': ' '}", "the reason why"),
        ("expected='fail', gap='Later.'", "expected, gap: pytest has a mark for that"),
        ("start={'plant': {'sky': {'peak': 3}}}", "the unknown key 'peak'"),
    ],
)
def test_a_wrong_mark_is_told(pytester: pytest.Pytester, mark: str, words: str) -> None:
    done, said = played(pytester, f"@pytest.mark.scenario({mark})\nasync def test_custom(bench):\n    pass\n")
    assert done.ret != 0
    assert words in said + done.stderr.str()


def test_an_invalid_run_is_an_error(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    def poison(grid: PublicGrid, *_: object) -> None:
        grid.voltage_ratio = float("nan")

    monkeypatch.setattr(PublicGrid, "blackout", poison)
    done, said = played(pytester, ISLAND)
    done.assert_outcomes(errors=1)
    assert "invalid, nothing is proven: bench at 5.0" in said


def test_seeds_and_tiers_are_items(pytester: pytest.Pytester) -> None:
    marked = "@pytest.mark.scenario(seed='7..8', tiers=['t0', 't1'])\nasync def test_custom(bench):\n    pass\n"
    _, said = played(pytester, marked, "--collect-only", "-q", "--tier", "all")
    assert [f"test_custom[seed{seed}-{tier}]" in said for tier in ("t0", "t1") for seed in (7, 8)] == [True] * 4
    assert "t2" not in said
