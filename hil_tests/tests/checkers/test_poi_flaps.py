"""I13 of the POI: closed and opened again within ten seconds of its last opening, on a grid that is whole."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hil_tests.tests.checkers.stage import Stage
from hil_tests.tests.checkers.test_excuses import begun


def loses_the_grid_for_a_moment(stage: Stage) -> None:
    stage.plant.grid.sag(0.3, 0.3)
    stage.run(0.5)


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        pytest.param(lambda _: None, True, id="for nothing"),
        pytest.param(lambda stage: stage.run(8.5), False, id="later"),
        pytest.param(loses_the_grid_for_a_moment, False, id="the grid went again"),
        pytest.param(lambda stage: setattr(stage.plant.poi, "dso_lock", True), False, id="its operator's lock"),
    ],
)
def test_the_poi_flaps_only_where_the_grid_wants_it(between: Callable[[Stage], None], expected: bool) -> None:
    stage = begun()
    stage.order("poi", "open", True)
    stage.run(1.0)
    stage.order("poi", "open", False)
    stage.order("poi", "close", True)
    stage.run(1.0)
    between(stage)
    stage.order("poi", "close", False)
    stage.order("poi", "open", True)
    stage.run(0.1)
    assert ("I13" in stage.ids) is expected
