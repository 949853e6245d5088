"""Somebody copies numbers out of a grid code and slips."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.config.codes import load_envelope, load_grid_code
from controller.config.errors import errors_of
from controller.config.paths import configs_dir
from hil_tests.tests.config.stories import Mistake, changed, judge

CODES = configs_dir() / "grid_codes"
ENVELOPE = configs_dir() / "envelopes" / "standard.toml"

IN_A_CODE = (
    Mistake("number without its source", "dead_voltage_ratio = { value = 0.2, source =",
            '▶dead_voltage_ratio = { value = 0.2, confidence = "low" } # source =',
            "values.dead_voltage_ratio.source", "nothing", "a value for 'source'"),
    Mistake("odd confidence", 'f<, as in the xolta CM-UFD.M31 page and ahoy grid_info.json"\nconfidence = "high"',
            'f<, somewhere"\n▶confidence = "hihg"', "loss_bands.4.confidence", '"hihg"', "one of high", "high"),
    Mistake("unknown number", "dead_confirm_s =", "▶dead_confrm_s =", "values.dead_confrm_s",
            "the unknown key 'dead_confrm_s'", "keys", "dead_confirm_s"),
    Mistake("number forgotten", "[values]", "▶[values]", "values.dead_voltage_ratio", "nothing",
            "a value for 'dead_voltage_ratio'",
            also=(("dead_voltage_ratio = {", "# dead_voltage_ratio = {"),)),
    Mistake("percent for a ratio", "return_voltage_max_ratio = { value = 1.10",
            "return_voltage_max_ratio = { ▶value = 110", "values.return_voltage_max_ratio.value", "110", "from 0 to 3",
            "1.1"),
    Mistake("slipped decimal point", "return_frequency_max_hz = { value = 50.1",
            "return_frequency_max_hz = { ▶value = 501", "values.return_frequency_max_hz.value", "501", "from 40 to 60"),
    Mistake("window inside out", "return_frequency_min_hz = { value = 47.5",
            "▶return_frequency_min_hz = { value = 51.5",
            "values.return_frequency_min_hz", "51.5", "less than 'return_frequency_max_hz', which is 50.1"),
    Mistake("unknown reason", 'reason = "grid_overfrequency"', '▶reason = "grid_overfrequence"', "loss_bands.5.reason",
            '"grid_overfrequence"', "frequency_hz above", "grid_overfrequency"),
    Mistake("reason of the other side", 'reason = "grid_overfrequency"', '▶reason = "grid_underfrequency"',
            "loss_bands.5.reason", '"grid_underfrequency"', "frequency_hz above", "grid_overfrequency"),
    Mistake("neither side", "[[loss_bands]]\nreason = \"grid_overfrequency\"",
            "▶[[loss_bands]]\nreason = \"grid_overfrequency\"", "loss_bands.5", "neither", "exactly one",
            also=(("above = 51.5\n", ""),)),
    Mistake("both sides", "[[loss_bands]]\nreason = \"grid_overfrequency\"",
            "▶[[loss_bands]]\nreason = \"grid_overfrequency\"", "loss_bands.5", "below and above", "exactly one",
            also=(("above = 51.5\n", "above = 51.5\nbelow = 47.5\n"),)),
    Mistake("limit in per mille", "above = 51.5", "▶above = 515", "loss_bands.5.above", "515", "from 40 to 60"),
    Mistake("no time", "above = 51.5\nhold_s = 0.1", "above = 51.5\n▶hold_s = 0", "loss_bands.5.hold_s", "0",
            "more than 0"),
)  # fmt: skip

IN_AN_ENVELOPE = (
    Mistake("half a closing", "poi_closings_max = { value = 6", "poi_closings_max = { ▶value = 6.5",
            "values.poi_closings_max.value", "6.5", "a whole number"),
    Mistake("island inside out", "island_voltage_min_ratio = { value = 0.9",
            "▶island_voltage_min_ratio = { value = 1.2",
            "values.island_voltage_min_ratio", "1.2", "less than 'island_voltage_max_ratio', which is 1.1"),
    Mistake("unknown limit", "cranks_max =", "▶crank_max =", "values.crank_max", "the unknown key 'crank_max'", "keys",
            "cranks_max"),
)  # fmt: skip


@pytest.mark.parametrize("mistake", IN_A_CODE, ids=str)
def test_a_mistake_in_a_grid_code_is_named_where_it_stands(mistake: Mistake, tmp_path: Path) -> None:
    path, line, column = changed(CODES / "de_lv_2018.toml", tmp_path, (mistake.old, mistake.new), *mistake.also)
    code, problems = load_grid_code(path)
    assert code is None
    judge(mistake, tuple(problems), path, line, column)


@pytest.mark.parametrize("mistake", IN_AN_ENVELOPE, ids=str)
def test_a_mistake_in_an_envelope_is_named_where_it_stands(mistake: Mistake, tmp_path: Path) -> None:
    path, line, column = changed(ENVELOPE, tmp_path, (mistake.old, mistake.new), *mistake.also)
    envelope, problems = load_envelope(path)
    assert envelope is None
    judge(mistake, tuple(problems), path, line, column)


@pytest.mark.parametrize("path", sorted(CODES.glob("*.toml")), ids=lambda path: path.stem)
def test_every_shipped_grid_code_rides_through_a_sag_to_a_third_for_150_ms(path: Path) -> None:
    """Only a dead grid may be left sooner."""
    code, problems = load_grid_code(path)
    assert errors_of(problems) == []
    assert code is not None
    assert all(band.hold_s > 0.15 for band in code.loss_bands if band.below and band.quantity == "voltage_ratio")
    assert code.dead_voltage_ratio <= 0.2
