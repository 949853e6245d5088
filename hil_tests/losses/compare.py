"""The table beside the bench: each row is played, and each cell must be so, and must be able not to be."""

from __future__ import annotations

from collections.abc import Iterator

from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.model.words import Mode
from hil_tests.losses.effects import Effect
from hil_tests.losses.play import Played, agrees, carried_by, play
from hil_tests.losses.table import IN_STEPS, expected, expected_in_steps


def contradictions(mode: Mode, device: str, usual: Played, name: str = "musterhallig") -> Iterator[str]:
    """What the bench shows otherwise than the table says, for one row."""
    site = load_site(configs_dir() / "hubs" / f"{name}.toml")
    said = expected_in_steps if mode in IN_STEPS else expected
    row, played = said(site, mode, device), play(mode, device, name)
    if played.ends_in is not row.ends_in:
        yield f"{mode.value}, {device}: ends in {played.ends_in.value}, the table says {row.ends_in.value}"
    for output, effect in row.effects.items():
        if not agrees(effect, output, played, usual, site):
            shown = f"{played.before[output]} -> {played.after[output]}, usually {usual.after[output]}"
            yield f"{mode.value}, {device}: {output} {shown}, the table says: {effect.value}"


def blind_cells(mode: Mode, device: str, usual: Played, name: str = "musterhallig") -> Iterator[str]:
    """Cells that say something and agree with a run in which nothing is lost: as usual, or with the same wishes."""
    site = load_site(configs_dir() / "hubs" / f"{name}.toml")
    carried = carried_by(site, device)
    reached = play(mode, device, name, is_lost=False) if carried else usual
    for output, effect in expected(site, mode, device).effects.items():
        unlost = reached if output in carried else usual
        if effect is not Effect.AS_EVER and agrees(effect, output, unlost, usual, site):
            yield f"{mode.value}, {device}: {output} {effect.value}, and does so as well when nothing is lost"
