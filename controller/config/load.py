"""`load_site`: a site file and all that it refers to -> one checked Site, or every problem at once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from controller.config.binding import bind_all
from controller.config.build import build_hub
from controller.config.checks import check_draft
from controller.config.codes import FOR_BENCH_KEY, load_envelope, load_grid_code
from controller.config.draft import Draft
from controller.config.errors import OR, ConfigError, Problem, begun_by, errors_of, nearest
from controller.config.paths import configs_dir
from controller.config.schema import SecurityEntry, SiteFile, TlsEntry
from controller.config.tables import load_table
from controller.config.toml_file import TomlFile, read_toml
from controller.config.types import Device, DeviceTable, Security, Site, Tls
from controller.config.validate import LABEL, readings
from controller.config.vocabulary import DEFAULT_MAX_AGE_S
from controller.config.wording import UNKNOWN_KEY
from controller.model.envelope import Envelope
from controller.model.grid_code import GridCode

MEANT_MAX = 3  # of the names that a word is the beginning of
NAMED_MAX = 6  # of the names that there are, the likeliest first: more nobody reads
OWN_TABLES = "devices"  # beside the site file: tables that are not shipped; they come first

Overrides = Mapping[str, Mapping[str, object]]


@dataclass(frozen=True, slots=True)
class Examined:
    """A site and all that was found out about it."""

    site: Site | None  # None when there are errors
    draft: Draft | None  # None when nothing of the file can be read
    problems: tuple[Problem, ...]  # errors and warnings, in reading order


def load_site(path: Path, overrides: Overrides | None = None) -> Site:
    """Load and check a site. `overrides` replaces device keys, as `{"meter": {"port": 15021}}`.

    Raises:
        ConfigError: with all errors of the site file and of every file that it refers to.
    """
    examined = examine(path, overrides)
    if examined.site is None:
        raise ConfigError(errors_of(examined.problems))
    return examined.site


def examine(path: Path, overrides: Overrides | None = None) -> Examined:
    """Everything that is wrong with a site, or worth knowing about it, and the site if it can be used.

    Raises:
        ConfigError: the file cannot be read at all, or is no TOML.
    """
    file = read_toml(path)
    if not file.data:
        example = configs_dir() / "hubs" / "musterhallig.toml"
        raise ConfigError([Problem(path, 0, 0, "file", "nothing in it", f"a site; begin with a copy of {example}")])
    problems = list(_override(file, overrides or {}))
    read = readings(file, SiteFile)
    problems += read.problems
    if not read.parts:
        return Examined(None, None, _in_reading_order(path, problems))
    drafts, wrong = zip(*(_judged(file, part, problems) for part in read.parts), strict=True)
    problems += read.agreed(list(wrong))
    site = None if errors_of(problems) else _site(path, read.parts[0], drafts[0])
    return Examined(site, drafts[0], _in_reading_order(path, problems))


def _judged(file: TomlFile, part: SiteFile, problems: list[Problem]) -> tuple[Draft, list[Problem]]:
    """One reading of the file with all that it refers to, and what is wrong with it beyond its shape."""
    draft, wrong = _draft(file, part, problems)
    return draft, [*wrong, *check_draft(draft)]


def _site(path: Path, entry: SiteFile, draft: Draft) -> Site:
    assert draft.grid_code is not None, "a code that could not be read is a problem"
    assert draft.envelope is not None, "an envelope that could not be read is a problem"
    hub = build_hub(entry, draft.grid_code, draft.devices, draft.bindings)
    ages = {**DEFAULT_MAX_AGE_S, **{str(role): age_s for role, age_s in entry.max_age_s.items()}}
    return Site(
        path=path,
        hub=hub,
        envelope=draft.envelope,
        devices=draft.devices,
        bindings=draft.bindings,
        max_age_s=ages,
        envelope_name=entry.envelope,
        envelope_sha256=hashlib.sha256(_envelope_path(entry).read_bytes()).hexdigest(),
        drill_months=frozenset(entry.drill.months),
    )


def _draft(file: TomlFile, site: SiteFile, problems: list[Problem]) -> tuple[Draft, list[Problem]]:
    """Everything that the site refers to, as far as it can be read."""
    grid_code, code_problems = _grid_code(file, site)
    envelope, envelope_problems = _envelope(file, site)
    devices, device_problems = _devices(file, site)
    bindings, binding_problems = bind_all(file, site, devices)
    troubled = frozenset(tuple(problem.key.split(".")[:2]) for problem in problems if _takes_something_away(problem))
    is_for_bench = any(problem.key == FOR_BENCH_KEY for problem in code_problems)
    draft = Draft(file, site, grid_code, envelope, devices, bindings, troubled, is_for_bench)
    return draft, [*code_problems, *envelope_problems, *device_problems, *binding_problems]


def _takes_something_away(problem: Problem) -> bool:
    """A name for people has a stand-in, and a key that stands for no other leaves its entry as it was."""
    is_for_people = LABEL in problem.key.split(".")
    is_beside = problem.found.startswith(UNKNOWN_KEY) and not problem.hint
    return not (is_for_people or is_beside)


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
    return (None, [problem]) if problem else load_envelope(_envelope_path(site))


def _envelope_path(site: SiteFile) -> Path:
    return configs_dir() / "envelopes" / f"{site.envelope}.toml"


def _devices(file: TomlFile, site: SiteFile) -> tuple[dict[str, Device], list[Problem]]:
    devices: dict[str, Device] = {}
    problems: list[Problem] = []
    tables: dict[str, DeviceTable | None] = {}
    for name, entry in site.devices.items():
        own = file.path.parent / OWN_TABLES / f"{entry.table}.toml"
        problem = None if own.is_file() else _no_such_file(file, ("devices", name, "table"), "devices", entry.table)
        if problem is not None:
            problems.append(problem)
            continue
        if entry.table not in tables:
            path = own if own.is_file() else configs_dir() / "devices" / f"{entry.table}.toml"
            tables[entry.table], wrong = load_table(path, entry.table)
            problems += wrong
        table = tables[entry.table]
        if table is not None:
            devices[name] = Device(
                name,
                table,
                **entry.model_dump(exclude={"table", "tls", "security"}),
                tls=None if entry.tls is None else _tls(file.path.parent, entry.tls),
                security=None if entry.security is None else _security(file.path.parent, entry.security),
            )
    return devices, problems


def _tls(folder: Path, entry: TlsEntry) -> Tls:
    return Tls(folder / entry.ca, folder / entry.certificate, folder / entry.key, entry.server_name)


def _security(folder: Path, entry: SecurityEntry) -> Security:
    return Security(
        policy=entry.policy,
        certificate=folder / entry.certificate,
        private_key=folder / entry.private_key,
        server_certificate=folder / entry.server_certificate,
        user=entry.user,
        password_file=folder / entry.password_file if entry.password_file else None,
    )


def _no_such_file(file: TomlFile, loc: tuple[str, ...], kind: str, name: str) -> Problem | None:
    folder = configs_dir() / kind
    if (folder / f"{name}.toml").is_file():
        return None
    folders = [folder, *([file.path.parent / OWN_TABLES] if kind == "devices" else [])]
    known = sorted(str(found.relative_to(each).with_suffix("")) for each in folders for found in each.rglob("*.toml"))
    alike = nearest(name, known) or next((each for each in known if each.endswith(f"/{name}")), "")
    near = begun_by(name, known)[:MEANT_MAX] or ([alike] if alike else [])
    shown = [*near, *(each for each in known if each not in near)][:NAMED_MAX]
    more = f" ({len(known) - len(shown)} more in {folder})" if len(known) > len(shown) else ""
    return file.problem(loc, f"the unknown name '{name}'", f"one of {', '.join(shown)}{more}", OR.join(near))


def _in_reading_order(path: Path, problems: list[Problem]) -> tuple[Problem, ...]:
    """The site file first, then what it refers to, each from its top."""
    return tuple(sorted(problems, key=lambda each: (each.file != path, str(each.file), each.line, each.column)))
