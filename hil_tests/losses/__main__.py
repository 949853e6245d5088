"""Every row of the loss table on the bench: `python -m hil_tests.losses`.

`table.py` says what is to happen, `play.py` cuts the device, wishes something else of its outputs and looks,
`compare.py` names each cell that is otherwise, and each that would be right as well if nothing were lost: such a cell
proves nothing. The page is written from the first, a test compares it with the second.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from controller.config.load import load_site
from controller.config.paths import configs_dir
from hil_tests.losses.compare import blind_cells, contradictions
from hil_tests.losses.play import play
from hil_tests.losses.table import IN_STEPS, MODES


def main(argv: Sequence[str] | None = None) -> int:
    """Play every row, lost and not; exit 1 when a cell is wrong or could not be."""
    argparse.ArgumentParser(prog="python -m hil_tests.losses", description=__doc__).parse_args(argv)
    devices = load_site(configs_dir() / "hubs" / "musterhallig.toml").devices
    wrong = blind = 0
    for mode in MODES + IN_STEPS:
        usual = play(mode, None)
        for device in devices:
            found = list(contradictions(mode, device, usual))
            unproven = list(blind_cells(mode, device, usual)) if mode in MODES else []
            wrong, blind = wrong + len(found), blind + len(unproven)
            for line in found + unproven:
                print(line, flush=True)
    rows_count = len(MODES + IN_STEPS) * len(devices)
    print(f"{rows_count} rows of the loss table, {wrong} cells are wrong, {blind} could not be")
    return 1 if wrong or blind else 0


if __name__ == "__main__":
    sys.exit(main())
