"""Which point of which device serves which field of which asset, in order of preference."""

from __future__ import annotations

from collections.abc import Mapping

from controller.config.errors import Problem, nearest
from controller.config.schema import Names, SiteFile
from controller.config.toml_file import TomlFile
from controller.config.types import AssetBinding, Device, PointRef

REQUIRED = {
    "poi": ("position", "grid_voltage_l1_v", "bus_voltage_l1_v", "grid_frequency_hz", "open"),
    "battery": ("mode", "soc_pct", "mode_set"),
    "pv": ("power_w|power_l1_w", "limit_set_w"),
    "genset": ("state", "run"),
    "feeder": ("position", "closed"),
    "earthing": ("position", "closed"),
    "radio": ("is_alive",),
    "weather": (),
    "safety": ("emergency_off",),
}


def bind_all(
    file: TomlFile, site: SiteFile, devices: Mapping[str, Device]
) -> tuple[dict[str, AssetBinding], list[Problem]]:
    """Every asset of the site, bound; or what cannot be."""
    bindings: dict[str, AssetBinding] = {}
    problems: list[Problem] = []
    for asset, role, loc, names in _assets(site):
        binding, wrong = _bind(file, (asset, role), loc, names, devices)
        problems += wrong
        if asset in bindings:
            problems.append(file.problem(loc, f"a second asset '{asset}'", "a name of its own"))
        bindings[asset] = binding
    return bindings, problems


def _assets(site: SiteFile) -> list[tuple[str, str, tuple[str, ...], Names]]:
    assets: list[tuple[str, str, tuple[str, ...], Names]] = [(site.poi.id, "poi", ("poi",), site.poi.source)]
    for section, role, entries in (
        ("batteries", "battery", site.batteries),
        ("pv", "pv", site.pv),
        ("gensets", "genset", site.gensets),
        ("feeders", "feeder", site.feeders),
        ("radios", "radio", site.radios),
    ):
        assets += [(name, role, (section, name), entry.source) for name, entry in entries.items()]
    if site.earthing.relay is not None and site.earthing.source is not None:
        assets.append((site.earthing.relay, "earthing", ("earthing",), site.earthing.source))
    for name, entry in (("weather", site.weather), ("safety", site.safety)):
        if entry is not None:
            assets.append((name, name, (name,), entry.source))
    return assets


def _bind(
    file: TomlFile,
    asset_role: tuple[str, str],
    loc: tuple[str, ...],
    names: Names,
    devices: Mapping[str, Device],
) -> tuple[AssetBinding, list[Problem]]:
    asset, role = asset_role
    reads: dict[str, list[PointRef]] = {}
    writes: dict[str, PointRef] = {}
    problems: list[Problem] = []
    for name in [names] if isinstance(names, str) else names:
        device_name, _, channel = name.partition("#")
        if device_name not in devices:
            hint = nearest(device_name, devices)
            problems.append(file.problem((*loc, "from"), f"'{device_name}'", "a device of this site", hint))
            continue
        prefix = f"{role}.{channel}." if channel else f"{role}."
        points = {p: v for p, v in devices[device_name].table.points.items() if p.startswith(prefix)}
        if not points:
            found = f"'{name}', whose table has no '{prefix}*' points"
            roles = sorted({p.split(".")[0] for p in devices[device_name].table.points})
            problems.append(file.problem((*loc, "from"), found, f"a device that serves a {role} (it has {roles})"))
        for point_id, point in points.items():
            field = point_id.removeprefix(prefix)
            if point.readable:
                reads.setdefault(field, []).append(PointRef(device_name, point_id))
            if point.writable:
                writes.setdefault(field, PointRef(device_name, point_id))
    if not problems:
        problems = _lacking(file, role, loc, frozenset(reads) | frozenset(writes))
    return AssetBinding(asset, role, {k: tuple(v) for k, v in reads.items()}, writes), problems


def _lacking(file: TomlFile, role: str, loc: tuple[str, ...], have: frozenset[str]) -> list[Problem]:
    return [
        file.problem((*loc, "from"), f"no point '{need}' in any source", f"a {role} needs it")
        for need in REQUIRED[role]
        if not any(option in have for option in need.split("|"))
    ]
