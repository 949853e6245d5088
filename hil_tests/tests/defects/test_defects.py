"""Every patch still fits, names scenarios that exist, and has been caught; and a hunt can miss."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hil_tests.bench.loading import SCENARIOS
from hil_tests.defects.hunt import catch, copy_controller, is_meant
from hil_tests.defects.patching import Defect, StalePatchError, all_defects, apply, read_defect
from hil_tests.defects.record import read_record

HARMLESS = """\
--- a/controller/__init__.py
+++ b/controller/__init__.py
@@ -1,1 +1,2 @@
 {first}
+# nothing
"""


def test_there_are_enough_of_them_and_all_were_caught() -> None:
    defects = all_defects()
    assert len(defects) >= 25
    assert {defect.id for defect in defects} == set(read_record())
    assert [defect.id for defect in defects] == [f"DEF-{number:03d}" for number in range(1, len(defects) + 1)]


@pytest.mark.parametrize("defect", all_defects(), ids=lambda defect: defect.id)
def test_it_still_fits_and_its_scenarios_exist(defect: Defect, tmp_path: Path) -> None:
    copy_controller(tmp_path)
    apply(defect, tmp_path)
    for name in defect.scenarios:
        assert (SCENARIOS / f"{name}.toml").exists()


def test_a_patch_that_does_not_fit_says_so(tmp_path: Path) -> None:
    copy_controller(tmp_path)
    defect = Defect("DEF-999", "t", "h", ("I1",), ("ISL-003",), HARMLESS.format(first="not this line"))
    with pytest.raises(StalePatchError, match=r"controller/__init__.py:1 is not 'not this line' any more"):
        apply(defect, tmp_path)


def test_a_patch_without_a_head_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.patch"
    path.write_text("id: DEF-999\n\n" + HARMLESS)
    with pytest.raises(ValueError, match="no by, harm, in, title"):
        read_defect(path)


def test_who_does_no_harm_is_not_caught() -> None:
    first = (Path(__file__).parents[3] / "controller" / "__init__.py").read_text().splitlines()[0]
    harmless = Defect("DEF-999", "t", "h", ("I1",), ("ISL-006",), HARMLESS.format(first=first))
    assert catch(harmless, ("ISL-006",)).by == ""


def test_who_writes_while_observing_is_caught() -> None:
    defect = next(each for each in all_defects() if "only observes" in each.title)
    assert catch(defect, defect.scenarios).by == "D5"


def test_who_is_noticed_by_others_alone_is_not_caught() -> None:
    defect = next(each for each in all_defects() if "only observes" in each.title)
    caught = catch(replace(defect, by=("I2",)), defect.scenarios)
    assert caught.by == ""
    assert "D5 in" in caught.detail


@pytest.mark.parametrize(
    ("by", "source", "expected"),
    [
        (("I5",), "I5", True),
        (("I5",), "I5b", False),
        (("expect",), "expect.2", True),
        (("expect.1",), "expect.2", False),
    ],
)
def test_a_defect_names_who_is_to_catch_it(by: tuple[str, ...], source: str, expected: bool) -> None:
    assert is_meant(Defect("DEF-999", "t", "h", by, (), ""), source) is expected


def test_the_record_names_those_who_are_meant() -> None:
    record = read_record()
    assert [each.id for each in all_defects() if not is_meant(each, record[each.id]["by"])] == []
