"""Which point of which device serves which field of which asset, in order of preference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from controller.config.errors import Problem, nearest
from controller.config.schema import Names, SiteFile
from controller.config.toml_file import TomlFile
from controller.config.toml_places import KeyPath
from controller.config.types import AssetBinding, Device, PointRef
from controller.config.vocabulary import REQUIRED

COARSE_HZ = 0.05  # half the slip that the envelope allows: who sees no finer can judge neither loss nor sync
FREQUENCIES = ("grid_frequency_hz", "bus_frequency_hz")


@dataclass(slots=True)
class _Asset:
    """An asset on its way to a binding."""

    name: str
    role: str
    loc: KeyPath  # of its entry; the sources stand under "from"
    sources: Names
    reads: dict[str, list[PointRef]] = field(default_factory=dict)
    writes: dict[str, PointRef] = field(default_factory=dict)


def bind_all(
    file: TomlFile, site: SiteFile, devices: Mapping[str, Device]
) -> tuple[dict[str, AssetBinding], list[Problem]]:
    """Every asset of the site, bound as far as its devices are right; and what cannot be."""
    bindings: dict[str, AssetBinding] = {}
    problems: list[Problem] = []
    owners: dict[PointRef, str] = {}
    for asset in _assets(site):
        wrong = list(_bind(file, asset, devices))
        problems += wrong or _lacking(file, asset, devices)
        problems += _leave_out_coarse(file, asset, devices)
        problems += _shared(file, asset, owners)
        if asset.name in bindings:
            problems.append(file.problem(asset.loc, f"a second asset '{asset.name}'", "a name of its own"))
        reads = {name: tuple(refs) for name, refs in asset.reads.items()}
        bindings.setdefault(asset.name, AssetBinding(asset.name, asset.role, reads, asset.writes))
    return bindings, problems


def _assets(site: SiteFile) -> Iterator[_Asset]:
    if site.poi is not None:
        yield _Asset(site.poi.id, "poi", ("poi",), site.poi.source)
    for section, role, entries in (
        ("batteries", "battery", site.batteries),
        ("pv", "pv", site.pv),
        ("gensets", "genset", site.gensets),
        ("feeders", "feeder", site.feeders),
        ("radios", "radio", site.radios),
    ):
        for name, entry in entries.items():
            yield _Asset(name, role, (section, name), entry.source)
    earthing = site.earthing
    if earthing is not None and earthing.relay is not None and earthing.source is not None:
        yield _Asset(earthing.relay, "earthing", ("earthing",), earthing.source)
    for name, signals in (("weather", site.weather), ("safety", site.safety), ("dimming", site.dimming)):
        if signals is not None:
            yield _Asset(name, name, (name,), signals.source)


def _each_source(asset: _Asset) -> list[tuple[KeyPath, str]]:
    if isinstance(asset.sources, str):
        return [((*asset.loc, "from"), asset.sources)]
    return [((*asset.loc, "from", index), name) for index, name in enumerate(asset.sources)]


def _bind(file: TomlFile, asset: _Asset, devices: Mapping[str, Device]) -> Iterator[Problem]:
    sources = _each_source(asset)
    if not sources:
        yield file.problem((*asset.loc, "from"), "an empty list", "at least one device of this site")
    for loc, source in sources:
        name, _, channel = source.partition("#")
        device = devices.get(name)
        if device is None:
            yield from _unknown_device(file, loc, source)
            continue
        problem = _wrong_channel(file, loc, asset.role, source, device)
        if problem is not None:
            yield problem
            continue
        _take(asset, device, f"{asset.role}.{channel}." if channel else f"{asset.role}.")


def _unknown_device(file: TomlFile, loc: KeyPath, source: str) -> Iterator[Problem]:
    """A device that is there but wrong has been complained of already."""
    name, mark, channel = source.partition("#")
    written = file.data.get("devices")
    known = written if isinstance(written, dict) else {}
    if name not in known:
        near = nearest(name, known)
        hint = f"{near}{mark}{channel}" if near else ""
        yield file.problem(loc, f"the unknown device '{name}'", "a device of this site", hint)


def _wrong_channel(file: TomlFile, loc: KeyPath, role: str, source: str, device: Device) -> Problem | None:
    name, mark, channel = source.partition("#")
    table = device.table
    ids = [point.split(".") for point in table.points]
    if not any(parts[0] == role for parts in ids):
        serves = ", ".join(sorted({parts[0] for parts in ids}))
        return file.problem(loc, f"'{name}', whose table serves {serves}", f"a device that serves a {role}")
    channels = sorted({int(parts[1]) for parts in ids if parts[0] == role and len(parts) == 3})
    if not channels:
        return file.problem(loc, f"'{source}'", f"no channel: '{name}' has one {role}", name) if mark else None
    if not channel.isdecimal() or int(channel) not in channels or str(int(channel)) != channel:
        wanted = f"a channel from '{name}#{channels[0]}' to '{name}#{channels[-1]}'"
        return file.problem(loc, f"'{source}'", wanted)
    return None


def _take(asset: _Asset, device: Device, prefix: str) -> None:
    """All points of the role; of written points only those of the first device that has them."""
    for point_id, point in device.table.points.items():
        if not point_id.startswith(prefix):
            continue
        name = point_id.removeprefix(prefix)
        if point.readable:
            asset.reads.setdefault(name, []).append(PointRef(device.name, point_id))
        if point.writable:
            asset.writes.setdefault(name, PointRef(device.name, point_id))


def _lacking(file: TomlFile, asset: _Asset, devices: Mapping[str, Device]) -> list[Problem]:
    """Points that the asset cannot do without. Not judged while one of its devices could not be read."""
    if any(source.partition("#")[0] not in devices for _, source in _each_source(asset)):
        return []
    have = asset.reads.keys() | asset.writes.keys()
    needs = [need.split("|") for need in REQUIRED[asset.role]]
    return [
        file.problem(
            (*asset.loc, "from"), f"no point {_either(need)}", f"sources that have it: a {asset.role} needs it"
        )
        for need in needs
        if not have & set(need)
    ]


def _leave_out_coarse(file: TomlFile, asset: _Asset, devices: Mapping[str, Device]) -> Iterator[Problem]:
    """A coarse frequency is not even a stand-in for a fine one. Where no other is bound, checks complain."""
    for name in FREQUENCIES if asset.role == "poi" else ():
        refs = asset.reads.get(name, [])
        coarse = {ref: error for ref in refs if (error := _resolution(ref, devices)) > COARSE_HZ}
        if not 0 < len(coarse) < len(refs):
            continue
        asset.reads[name] = [ref for ref in refs if ref not in coarse]
        for ref, error in coarse.items():
            found = f"'{ref.device}' with a resolution of {error:g} Hz in '{name}'"
            wanted = f"{COARSE_HZ:g} Hz or finer: its frequency is used for neither loss nor sync"
            yield file.warning((*asset.loc, "from"), found, wanted)


def _resolution(ref: PointRef, devices: Mapping[str, Device]) -> float:
    return devices[ref.device].table.points[ref.point].resolution or 0.0


def _either(names: list[str]) -> str:
    return " or ".join(f"'{name}'" for name in names)


def _shared(file: TomlFile, asset: _Asset, owners: dict[PointRef, str]) -> list[Problem]:
    """One contactor is one feeder: no two assets may mean the same points."""
    refs = [ref for refs in asset.reads.values() for ref in refs] + list(asset.writes.values())
    others = [owner for ref in refs if (owner := owners.setdefault(ref, asset.name)) != asset.name]
    if not others:
        return []
    source = asset.sources if isinstance(asset.sources, str) else ", ".join(asset.sources)
    return [file.problem((*asset.loc, "from"), f"'{source}', which '{others[0]}' already uses", "points of its own")]
