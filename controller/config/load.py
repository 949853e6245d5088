"""`load_site`: a site file and all that it refers to -> one checked Site, or every problem at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from controller.config.binding import bind_all
from controller.config.build import build_hub
from controller.config.checks import check_site
from controller.config.errors import ConfigError, Problem, nearest
from controller.config.paths import configs_dir
from controller.config.schema import DeviceEntry, SiteFile
from controller.config.tables import load_envelope, load_grid_code, load_table
from controller.config.toml_file import TomlFile, read_toml
from controller.config.types import Device, DeviceTable, Site
from controller.config.validate import validate

DEFAULT_MAX_AGE_S = {
    "poi": 0.15,  # three polls: an older sample forbids closings
    "battery": 0.6,
    "pv": 3.0,
    "genset": 3.0,
    "feeder": 3.0,  # two of ours hang on an RTU line
    "earthing": 0.6,
    "radio": 15.0,
    "weather": 60.0,
    "safety": 1.0,
}

Overrides = Mapping[str, Mapping[str, object]]


def load_site(path: Path, overrides: Overrides | None = None) -> Site:
    """Load and check a site. `overrides` replaces device keys, as `{"meter": {"port": 15021}}`.

    Raises ConfigError with all problems of all files.
    """
    file = read_toml(path)
    _override(file, overrides or {})
    site_file, problems = validate(file, SiteFile)
    if site_file is None:
        raise ConfigError(problems)
    folder = configs_dir()
    grid_code, code_problems = load_grid_code(_data_file(folder, "grid_codes", site_file.grid_code))
    envelope, envelope_problems = load_envelope(_data_file(folder, "envelopes", site_file.envelope))
    missing = _missing_files(file, folder, site_file)
    devices, device_problems = _devices(file, folder, site_file)
    problems = missing or [*code_problems, *envelope_problems]
    problems += device_problems
    if problems or grid_code is None or envelope is None:
        raise ConfigError(problems)
    bindings, problems = bind_all(file, site_file, devices)
    if problems:
        raise ConfigError(problems)
    hub = build_hub(site_file, grid_code, devices, bindings)
    ages = {**DEFAULT_MAX_AGE_S, **site_file.max_age_s}
    site = Site(path, hub, envelope, devices, bindings, ages)
    problems = check_site(file, site_file, site)
    if problems:
        raise ConfigError(problems)
    return site


def _override(file: TomlFile, overrides: Overrides) -> None:
    devices = file.data.get("devices", {})
    for name, keys in overrides.items():
        if isinstance(devices, dict) and isinstance(devices.get(name), dict):
            devices[name] |= dict(keys)


def _data_file(folder: Path, kind: str, name: str) -> Path:
    return folder / kind / f"{name}.toml"


def _missing_files(file: TomlFile, folder: Path, site: SiteFile) -> list[Problem]:
    problems = []
    for key, kind, name in (("grid_code", "grid_codes", site.grid_code), ("envelope", "envelopes", site.envelope)):
        if not _data_file(folder, kind, name).exists():
            known = sorted(found.stem for found in (folder / kind).glob("*.toml"))
            problems.append(file.problem((key,), f"'{name}'", f"one of {known}", nearest(name, known)))
    return problems


def _devices(file: TomlFile, folder: Path, site: SiteFile) -> tuple[dict[str, Device], list[Problem]]:
    devices: dict[str, Device] = {}
    problems: list[Problem] = []
    tables: dict[str, DeviceTable | None] = {}
    known = sorted(str(f.relative_to(folder / "devices").with_suffix("")) for f in (folder / "devices").rglob("*.toml"))
    for name, entry in site.devices.items():
        if entry.table not in known:
            loc = ("devices", name, "table")
            problems.append(
                file.problem(loc, f"'{entry.table}'", "a table below devices/", nearest(entry.table, known))
            )
            continue
        if entry.table not in tables:
            table, wrong = load_table(folder / "devices" / f"{entry.table}.toml", entry.table)
            tables[entry.table] = table
            problems += wrong
        table = tables[entry.table]
        if table is not None:
            devices[name] = _device(name, table, entry)
    return devices, problems


def _device(name: str, table: DeviceTable, entry: DeviceEntry) -> Device:
    keys = entry.model_dump(exclude={"table"})
    return replace(Device(name, table), **keys)
