"""`load_site`: a site file and all that it refers to -> one checked Site, or every problem at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from controller.config.binding import bind_all
from controller.config.build import build_hub
from controller.config.checks import check_draft
from controller.config.codes import load_envelope, load_grid_code
from controller.config.draft import Draft
from controller.config.errors import ConfigError, Problem, nearest
from controller.config.paths import configs_dir
from controller.config.schema import SiteFile
from controller.config.tables import load_table
from controller.config.toml_file import TomlFile, read_toml
from controller.config.types import Device, DeviceTable, Site
from controller.config.validate import validate
from controller.model.envelope import Envelope
from controller.model.grid_code import GridCode

DEFAULT_MAX_AGE_S: Mapping[str, float] = {  # by role; a point is never called stale before it was polled twice
    "poi": 0.15,  # seven polls of 20 ms: an older sample forbids closings, a sag must not be judged by it
    "battery": 0.5,  # ten cycles: an island's frequency is steered with it
    "pv": 3.0,  # the sun does not change faster; a limit is read back
    "genset": 3.0,  # its sequence takes seconds, and it hangs on a serial line
    "feeder": 3.0,  # on a serial line a dead neighbour costs time-outs; staleness forbids closings only
    "earthing": 0.5,  # no load in the island without it
    "radio": 10.0,  # a probe a second, some of them lost
    "weather": 60.0,
    "safety": 1.0,
}

Overrides = Mapping[str, Mapping[str, object]]


def load_site(path: Path, overrides: Overrides | None = None) -> Site:
    """Load and check a site. `overrides` replaces device keys, as `{"meter": {"port": 15021}}`.

    Raises:
        ConfigError: with all problems of the site file and of every file that it refers to.
    """
    file = read_toml(path)
    problems = list(_override(file, overrides or {}))
    site, wrong_shape = validate(file, SiteFile)
    problems += wrong_shape
    if site is None:
        raise ConfigError(_in_reading_order(path, problems))
    draft, wrong = _draft(file, site, problems)
    problems += [*wrong, *check_draft(draft)]
    if problems:
        raise ConfigError(_in_reading_order(path, problems))
    assert draft.grid_code is not None, "a code that could not be read is a problem"
    assert draft.envelope is not None, "an envelope that could not be read is a problem"
    hub = build_hub(site, draft.grid_code, draft.devices, draft.bindings)
    ages = {**DEFAULT_MAX_AGE_S, **{str(role): age_s for role, age_s in site.max_age_s.items()}}
    return Site(path, hub, draft.envelope, draft.devices, draft.bindings, ages)


def _draft(file: TomlFile, site: SiteFile, problems: list[Problem]) -> tuple[Draft, list[Problem]]:
    """Everything that the site refers to, as far as it can be read."""
    grid_code, code_problems = _grid_code(file, site)
    envelope, envelope_problems = _envelope(file, site)
    devices, device_problems = _devices(file, site)
    bindings, binding_problems = bind_all(file, site, devices)
    troubled = frozenset(tuple(problem.key.split(".")[:2]) for problem in problems)
    draft = Draft(file, site, grid_code, envelope, devices, bindings, troubled)
    return draft, [*code_problems, *envelope_problems, *device_problems, *binding_problems]


def _override(file: TomlFile, overrides: Overrides) -> Iterator[Problem]:
    devices = file.data.get("devices", {})
    for name, keys in overrides.items():
        if isinstance(devices, dict) and isinstance(devices.get(name), dict):
            devices[name] |= keys
        else:
            hint = nearest(name, devices)
            yield file.problem(("devices",), f"an override for '{name}'", "a device of this site", hint)


def _grid_code(file: TomlFile, site: SiteFile) -> tuple[GridCode | None, list[Problem]]:
    if site.grid_code is None:
        return None, []
    problem = _no_such_file(file, ("grid_code",), "grid_codes", site.grid_code)
    return (None, [problem]) if problem else load_grid_code(configs_dir() / "grid_codes" / f"{site.grid_code}.toml")


def _envelope(file: TomlFile, site: SiteFile) -> tuple[Envelope | None, list[Problem]]:
    problem = _no_such_file(file, ("envelope",), "envelopes", site.envelope)
    return (None, [problem]) if problem else load_envelope(configs_dir() / "envelopes" / f"{site.envelope}.toml")


def _devices(file: TomlFile, site: SiteFile) -> tuple[dict[str, Device], list[Problem]]:
    devices: dict[str, Device] = {}
    problems: list[Problem] = []
    tables: dict[str, DeviceTable | None] = {}
    for name, entry in site.devices.items():
        problem = _no_such_file(file, ("devices", name, "table"), "devices", entry.table)
        if problem is not None:
            problems.append(problem)
            continue
        if entry.table not in tables:
            path = configs_dir() / "devices" / f"{entry.table}.toml"
            tables[entry.table], wrong = load_table(path, entry.table)
            problems += wrong
        table = tables[entry.table]
        if table is not None:
            devices[name] = Device(name, table, **entry.model_dump(exclude={"table"}))
    return devices, problems


def _no_such_file(file: TomlFile, loc: tuple[str, ...], kind: str, name: str) -> Problem | None:
    folder = configs_dir() / kind
    if (folder / f"{name}.toml").is_file():
        return None
    known = sorted(str(found.relative_to(folder).with_suffix("")) for found in folder.rglob("*.toml"))
    near = nearest(name, known) or next((each for each in known if each.endswith(f"/{name}")), "")
    return file.problem(loc, f"the unknown name '{name}'", f"one of {', '.join(known)}", near)


def _in_reading_order(path: Path, problems: list[Problem]) -> list[Problem]:
    """The site file first, then what it refers to, each from its top."""
    return sorted(problems, key=lambda each: (each.file != path, str(each.file), each.line, each.column))
