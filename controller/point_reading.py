"""One value with all that is known of it: what the image says, how old it is, and which device said what.

For people who look for a fault. Nothing is asked of a device here: everything was read already, in the device's turn.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from controller.config.types import AssetBinding, ModbusWhere, NodeWhere, Point, PointRef, Site, SunSpecWhere
from controller.drivers.fields import age_limit_s
from controller.drivers.link import Link, Value
from controller.drivers.roles import ROLE_FIELDS
from controller.model.image import ProcessImage
from controller.model.phases import ALL_PHASES, PhaseValues

COLLECTIONS = {"battery": "batteries", "genset": "gensets", "feeder": "feeders", "radio": "radios", "pv": "pv"}
NAMED_MAX = 12


class UnknownPointError(Exception):
    """No such asset, device or point; the text says what was probably meant."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a name means: a field of an asset, or (asset None) a point of a device."""

    name: str
    asset: AssetBinding | None
    field: str
    sources: tuple[PointRef, ...]

    @property
    def devices(self) -> tuple[str, ...]:
        """The devices that can tell, in the site file's order."""
        return tuple(dict.fromkeys(ref.device for ref in self.sources))


def resolve(name: str, site: Site) -> Target:
    """`battery_main.soc_pct`, `poi.grid_voltage_v`, `poi_relay.grid_frequency_hz`; a role stands for its only asset.

    Raises:
        UnknownPointError: with what was probably meant.
    """
    head, dot, rest = name.partition(".")
    asset = site.bindings.get(head) or _only_of_role(head, site)
    if asset is not None and dot and (sources := _sources(asset, rest)):
        return Target(name, asset, rest, sources)
    if head in site.devices and dot and (point := _device_point(head, rest, site)):
        return Target(name, None, point, (PointRef(head, point),))
    raise UnknownPointError(_unknown(name, head, rest, asset, site))


def narrowed(site: Site, devices: Iterable[str]) -> Site:
    """The same site with these devices alone: a question about one needs no connection to the others."""
    kept = {name: device for name, device in site.devices.items() if name in set(devices)}
    bindings = {name: _narrowed(binding, kept) for name, binding in site.bindings.items()}
    return replace(site, devices=kept, bindings=bindings)


class PointReader:
    """Looks values up in the image and on the links."""

    def __init__(self, site: Site, links: Mapping[str, Link]) -> None:
        self._site, self._links = site, links

    def read(self, name: str, image: ProcessImage, now_s: float) -> dict[str, Any]:
        """Everything known of one name, as it goes over the socket. Raises UnknownPointError."""
        target = resolve(name, self._site)
        sources = [self._source(ref, target.asset, now_s) for ref in target.sources]
        if target.asset is None:
            value, asset, role = sources[0]["value"], None, None
        else:
            asset, role = target.asset.asset, target.asset.role
            value = _of_image(target.asset, target.field, image, sources)
        ages_s = [source["age_s"] for source in sources if source["age_s"] is not None]
        return {
            "name": name,
            "asset": asset,
            "role": role,
            "field": target.field,
            "value": value,
            "age_s": (max if value is not None else min)(ages_s, default=None),
            "sources": sources,
        }

    def _source(self, ref: PointRef, asset: AssetBinding | None, now_s: float) -> dict[str, Any]:
        link, point = self._links[ref.device], self._site.devices[ref.device].table.points[ref.point]
        reading = link.reading(ref.point)
        return {
            "device": ref.device,
            "point": ref.point,
            "is_up": link.is_up,
            "value": None if reading is None else reading.value,
            "raw": None if reading is None else _raw(reading.value, point),
            "age_s": None if reading is None else round(max(0.0, now_s - reading.at_s), 3),
            "max_age_s": None if asset is None else age_limit_s(ref, asset, self._site),
            "where": _where(point),
        }


def _of_image(asset: AssetBinding, field: str, image: ProcessImage, sources: list[dict[str, Any]]) -> Any:
    """The field as the judgement sees it; a single phase is taken out of its triple."""
    if field not in ROLE_FIELDS[asset.role]:
        stem, _, unit = field.rpartition("_")
        stem, _, phase = stem.rpartition("_")
        whole = (
            _of_image(asset, f"{stem}_{unit}", image, sources) if f"{stem}_{unit}" in ROLE_FIELDS[asset.role] else {}
        )
        return whole.get(phase) if isinstance(whole, dict) else None
    if asset.role == "safety":
        seen: Any = image
    elif asset.role in COLLECTIONS:
        seen = getattr(image, COLLECTIONS[asset.role]).get(asset.asset)
    else:
        seen = getattr(image, asset.role)
    value = getattr(seen, field, None)
    if isinstance(value, PhaseValues):
        return value._asdict()
    return value.value if isinstance(value, Enum) else value


def _only_of_role(role: str, site: Site) -> AssetBinding | None:
    found = [binding for binding in site.bindings.values() if binding.role == role]
    return found[0] if len(found) == 1 else None


def _sources(asset: AssetBinding, field: str) -> tuple[PointRef, ...]:
    """Where a field comes from: its own points, or those of its three phases."""
    stem, _, unit = field.rpartition("_")
    phases = (f"{stem}_{phase.value}_{unit}" for phase in ALL_PHASES)
    own = asset.reads.get(field, ())
    if field not in ROLE_FIELDS[asset.role]:
        return own
    return (*own, *(ref for name in phases for ref in asset.reads.get(name, ())))


def _device_point(device: str, name: str, site: Site) -> str | None:
    """A point by its id, or by the only id that ends with this name."""
    points = {point.id for point in site.devices[device].table.points.values() if point.readable}
    if name in points:
        return name
    ending = [point for point in points if point.endswith(f".{name}")]
    return ending[0] if len(ending) == 1 else None


def _narrowed(binding: AssetBinding, devices: Mapping[str, object]) -> AssetBinding:
    reads = {name: tuple(ref for ref in refs if ref.device in devices) for name, refs in binding.reads.items()}
    return replace(binding, reads={name: refs for name, refs in reads.items() if refs}, writes={})


def _unknown(name: str, head: str, rest: str, asset: AssetBinding | None, site: Site) -> str:
    if asset is not None:
        return _no_field(name, head, rest, _fields(asset))
    if head in site.devices:
        points = [point.id for point in site.devices[head].table.points.values() if point.readable]
        return _no_field(name, head, rest, points)
    same_role = [binding.asset for binding in site.bindings.values() if binding.role == head]
    if same_role:
        return f"'{name}': there are {len(same_role)} of role '{head}': {', '.join(same_role)}"
    near = difflib.get_close_matches(head, [*site.bindings, *site.devices], n=1, cutoff=0.5)
    hint = f"; did you mean '{near[0]}{'.' if rest else ''}{rest}'?" if near else ""
    return f"'{name}': no asset or device '{head}'{hint or '.'} Assets: {', '.join(site.bindings)}"


def _no_field(name: str, head: str, rest: str, known: list[str]) -> str:
    near = difflib.get_close_matches(rest, known, n=3, cutoff=0.5)
    near += [point for point in known if rest and point.endswith(rest) and point not in near]
    if near:
        return f"'{name}': no such point; did you mean {' or '.join(f'{head}.{each}' for each in near[:3])}?"
    more = ", ..." if len(known) > NAMED_MAX else ""
    return f"'{name}': no such point; '{head}' has {', '.join(known[:NAMED_MAX])}{more}"


def _fields(asset: AssetBinding) -> list[str]:
    return [field for field in ROLE_FIELDS[asset.role] if _sources(asset, field)]


def _raw(value: Value, point: Point) -> float | int | str | bool | None:
    """The number in the device, worked back from the value by the table's scale; None where the device scales."""
    if isinstance(point.where, SunSpecWhere) and point.where.scale_offset is not None:
        return None
    if isinstance(value, str):
        return next((raw for raw, word in (point.enum or {}).items() if word == value), value)
    if isinstance(value, bool) or point.type.startswith("float"):
        return value if isinstance(value, bool) else value / point.scale
    raw = value / point.scale
    return round(raw) if abs(raw - round(raw)) < 1e-6 * max(1.0, abs(raw)) else raw


def _where(point: Point) -> str:
    match point.where:
        case ModbusWhere(space, address, bit):
            return f"{space} {address}{'' if bit is None else f'.{bit}'} {point.type}"
        case SunSpecWhere(model, offset, _):
            return f"model {model}+{offset} {point.type}"
        case NodeWhere(node):
            return f"{node} {point.type}"
