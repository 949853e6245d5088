"""Which pages are generated, and which of them no longer say what the code and the data say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hil_tests.docs.commands import commands_page
from hil_tests.docs.configuration import configuration_page
from hil_tests.docs.defects import defects_page
from hil_tests.docs.devices import devices_page
from hil_tests.docs.evidence import evidence_page
from hil_tests.docs.faults import faults_page
from hil_tests.docs.invariants import invariants_page
from hil_tests.docs.losses import losses_page
from hil_tests.docs.modes import modes_page
from hil_tests.docs.scenarios import scenarios_page


def fresh_pages() -> Mapping[str, str]:
    """Every generated page as it should be: path from the top of the repository, and its text."""
    return {
        "docs/modes.md": modes_page(),
        "docs/devices.md": devices_page(),
        "docs/configuration.md": configuration_page(),
        "docs/command_reference.md": commands_page(),
        "docs/faults.md": faults_page(),
        "docs/defects.md": defects_page(),
        "docs/evidence.md": evidence_page(),
        "docs/invariants.md": invariants_page(),
        "docs/losses.md": losses_page(),
        "docs/scenarios.md": scenarios_page(),
    }


def stale_pages(root: Path) -> Mapping[str, str]:
    """The pages that are missing under `root` or say something else, with the text they should have."""
    return {path: text for path, text in fresh_pages().items() if _present(root / path) != text}


def _present(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
