"""Which hub is meant: named, or the only one that has a run folder on this machine."""

from __future__ import annotations

import difflib
import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path

from controller.commands.frame import NO_CONTACT, USAGE, CommandError, Parser
from controller.whereabouts import PID_NAME, Whereabouts, is_locked, read_whereabouts, run_roots

STATUS_NAME = "status.json"


@dataclass(frozen=True, slots=True)
class HubPlace:
    """One hub as this machine knows it."""

    name: str
    run_dir: Path
    places: Whereabouts | None

    @property
    def is_running(self) -> bool:
        """A living controller holds it."""
        return is_locked(self.run_dir)


def add_hub(parser: Parser) -> None:
    """SITE and `--run-dir`."""
    parser.add_argument(
        "site", metavar="SITE", nargs="?", help="name of the hub or its site file (default: the only one here)"
    )
    parser.add_argument("--run-dir", type=Path, default=None, help="folder of the controller's live state")


def add_data_dir(parser: Parser) -> None:
    """`--data-dir`, for when no controller runs."""
    parser.add_argument("--data-dir", type=Path, default=None, help="folder of the journal, when no controller runs")


def known_hubs() -> list[HubPlace]:
    """Every hub that has a run folder here, by name."""
    found: dict[str, HubPlace] = {}
    for root in run_roots():
        for hub in hubs_in(root):
            found.setdefault(hub.name, hub)
    return [found[name] for name in sorted(found)]


def hubs_in(root: Path) -> list[HubPlace]:
    """Those that a folder of run folders holds, or that it is itself."""
    return [hub_at(folder) for folder in _folders(root)]


def hub_at(run_dir: Path) -> HubPlace:
    """The hub of a run folder: by what its controller left there, else by the folder's name."""
    places = read_whereabouts(run_dir)
    name = places.hub if places is not None else _name_in_status(run_dir) or run_dir.name
    return HubPlace(name, run_dir, places)


def find_hub(site: str | None, run_dir: Path | None) -> HubPlace:
    """The hub that is meant.

    Raises:
        CommandError: none here (exit 3), or several and none named (exit 2), with the names.
    """
    if run_dir is not None:
        return _not_another(hub_at(run_dir), site)
    hubs = known_hubs()
    if site is None:
        return _only(hubs)
    name = site_name(site, [hub.name for hub in hubs])
    for hub in hubs:
        if hub.name == name:
            return hub
    _complain_of_rights()
    raise CommandError(
        "no_contact", NO_CONTACT, f"no controller of '{name}' has run here{_names(hubs)}", f"Try 'hallig run {site}'."
    )


def _not_another(hub: HubPlace, site: str | None) -> HubPlace:
    """Who names a hub and the run folder of another one means one of the two, and we cannot know which."""
    if site is None or hub.places is None or site_name(site, [hub.name]) == hub.name:
        return hub
    what = f"the controller in {hub.run_dir} is that of '{hub.name}', not of '{site}'"
    raise CommandError("usage", USAGE, what, "Name the other --run-dir, or leave SITE away.")


def site_name(site: str, hubs: list[str]) -> str:
    """A hub's name from a name or a site file. Raises CommandError with what was probably meant."""
    path = Path(site)
    if site in hubs:
        return site
    if path.suffix == ".toml" or path.exists():
        return _name_in_site(path)
    from controller.config.paths import configs_dir  # noqa: PLC0415  (only for a name that is not known yet)

    shipped = configs_dir() / "hubs" / f"{site}.toml"
    if shipped.is_file():
        return _name_in_site(shipped)
    known = sorted({*hubs, *(file.stem for file in shipped.parent.glob("*.toml"))})
    near = difflib.get_close_matches(site, known, n=1)
    hint = f"Did you mean '{near[0]}'?" if near else f"Known here: {', '.join(known)}."
    raise CommandError("usage", USAGE, f"'{site}' is neither a hub nor a site file", hint)


def _only(hubs: list[HubPlace]) -> HubPlace:
    if len(hubs) == 1:
        return hubs[0]
    if hubs:
        said = ", ".join(f"{hub.name}{'' if hub.is_running else ' (not running)'}" for hub in hubs)
        raise CommandError("usage", USAGE, f"several hubs here: {said}", "Say which, as SITE.")
    _complain_of_rights()
    where = " or ".join(str(root) for root in run_roots())
    hint = "Start one with 'hallig run SITE', watch one with 'hallig demo', or name its folder with --run-dir."
    raise CommandError("no_contact", NO_CONTACT, f"no controller has run here: nothing in {where}", hint)


def _complain_of_rights() -> None:
    """A folder that is there and closed to this user is not an empty one."""
    for root in run_roots():
        if root.is_dir() and not os.access(root, os.R_OK | os.X_OK):
            hint = "Ask as its user or group: 'sudo -u hallig hallig ...', or become a member of the group 'hallig'."
            raise CommandError("no_permission", NO_CONTACT, f"no permission to look into {root}", hint)


def _names(hubs: list[HubPlace]) -> str:
    return f"; here are {', '.join(hub.name for hub in hubs)}" if hubs else ""


def _folders(root: Path) -> list[Path]:
    """The root itself, as systemd makes it, and the folders in it, as far as they look like a controller's."""
    try:
        inside = [root, *sorted(path for path in root.iterdir() if path.is_dir())]
    except OSError:
        return []
    return [path for path in inside if (path / PID_NAME).is_file() or (path / STATUS_NAME).is_file()]


def _name_in_status(run_dir: Path) -> str:
    try:
        return str(json.loads((run_dir / STATUS_NAME).read_bytes())["hub"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _name_in_site(path: Path) -> str:
    if path.is_dir():
        is_run_dir = bool(_folders(path))
        hint = f"Did you mean '--run-dir {path}'?" if is_run_dir else "Name a .toml file, or a hub."
        raise CommandError("usage", USAGE, f"{path} is a folder, not a site file", hint)
    try:
        name = tomllib.loads(path.read_text(encoding="utf-8"))["name"]
    except OSError as error:
        raise CommandError("usage", USAGE, f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, RecursionError):
        hint = f"'hallig check {path}' says what is wrong."
        raise CommandError("usage", USAGE, f"{path} is not a site file", hint) from None
    return str(name)
