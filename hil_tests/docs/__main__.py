"""Write the generated pages of docs/, or only say which are stale: `python -m hil_tests.docs [--check]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from hil_tests.docs.pages import stale_pages

ROOT = Path(__file__).resolve().parents[2]


def main(argv: list[str] | None = None) -> int:
    """Exit 0 when the pages are fresh or have just been written, 1 when `--check` finds a stale one."""
    parser = argparse.ArgumentParser(prog="python -m hil_tests.docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a page is stale")
    only_check = parser.parse_args(argv).check
    stale = stale_pages(ROOT)
    for path, text in stale.items():
        if not only_check:
            (ROOT / path).write_text(text, encoding="utf-8")
        print(f"{'stale' if only_check else 'written'}: {path}")
    if not stale:
        print("generated pages are fresh")
    return 1 if stale and only_check else 0


if __name__ == "__main__":
    sys.exit(main())
