"""Loading a site file for a command: every problem at once, for people and for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from controller.commands.frame import USAGE, CommandError
from controller.config.errors import ConfigError

if TYPE_CHECKING:
    from controller.config.types import Site


OVERRIDES = 'Wanted: a JSON object by device, like {"meter": {"port": 5020}}.'


class SiteError(CommandError):
    """The configuration is wrong."""

    def __init__(self, error: ConfigError) -> None:
        self.problems = error.problems
        count = len(error.problems)
        lines = "\n".join(str(problem) for problem in error.problems)
        ending = f"{count} problem{'s' * (count != 1)}. Nothing was sent to any device."
        super().__init__("configuration", USAGE, f"wrong configuration\n{lines}\n{ending}")

    def as_json(self) -> dict[str, Any]:
        """With every problem and its place."""
        found = [problem.as_json() for problem in self.problems]
        return {"ok": False, "errors": found, "error": super().as_json()["error"]}


def load(name: str, overrides: Path | None = None) -> Site:
    """A checked site, by its file or the name of a shipped hub. Raises SiteError."""
    from controller.config.load import load_site  # noqa: PLC0415  (pydantic: not for --help)
    from controller.config.paths import site_path  # noqa: PLC0415

    try:
        return load_site(site_path(name), _overrides(overrides))
    except ConfigError as error:
        raise SiteError(error) from None


def path_of(name: str) -> Path:
    """Where the site file is, by its own path or the name of a shipped hub. Raises SiteError."""
    from controller.config.paths import site_path  # noqa: PLC0415  (as above)

    try:
        return site_path(name)
    except ConfigError as error:
        raise SiteError(error) from None


def _overrides(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        from controller.plain_words import in_words  # noqa: PLC0415  (only when something is wrong)

        why = "it cannot be read" if isinstance(error, FileNotFoundError) else in_words(error)
        raise CommandError("usage", USAGE, f"--overrides {path}: {why}", OVERRIDES) from None
    if not isinstance(raw, dict) or not all(isinstance(keys, dict) for keys in raw.values()):
        raise CommandError("usage", USAGE, f"--overrides {path}: it is JSON of another form", OVERRIDES)
    return raw
