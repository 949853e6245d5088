"""One mistake is told as one: what stands in for a wrong value, so that reading goes on, has no effects of its own."""

from __future__ import annotations

from pathlib import Path

from hil_tests.tests.config.stories import MUSTER, problems_of


def test_a_host_that_is_no_text_makes_no_real_hub_of_an_example(tmp_path: Path) -> None:
    """It was told first that the demo's grid code stands beside devices with real addresses."""
    text = MUSTER.read_text(encoding="utf-8")
    assert text.count('host = "192.0.2.13"') == 1
    path = tmp_path / MUSTER.name
    path.write_text(text.replace('host = "192.0.2.13"', "host = 192"), encoding="utf-8")
    assert [problem.key for problem in problems_of(path)] == ["devices.inverter_school.host"]
