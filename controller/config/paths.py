"""Where the project's data lies: beside the code in a checkout, inside the package in an installed wheel."""

from __future__ import annotations

from pathlib import Path

from controller.config.errors import ConfigError, Problem, nearest

_PACKAGE = Path(__file__).resolve().parents[1]


def configs_dir() -> Path:
    """The folder with hubs, devices, grid_codes and envelopes."""
    inside = _PACKAGE / "_configs"
    return inside if inside.is_dir() else _PACKAGE.parent / "configs"


def site_path(name: str) -> Path:
    """A site file by its path, or a shipped hub by its name (`musterhallig`)."""
    path = Path(name)
    if path.suffix == ".toml" or path.exists():
        return path
    hubs = configs_dir() / "hubs"
    shipped = hubs / f"{name}.toml"
    if shipped.exists():
        return shipped
    known = sorted(file.stem for file in hubs.glob("*.toml"))
    raise ConfigError(
        [Problem(path, 0, 0, "site", f"'{name}'", f"a site file or one of {', '.join(known)}", nearest(name, known))]
    )
