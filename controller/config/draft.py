"""A site as far as it could be read: what the semantic checks look at, so that one mistake does not hide the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controller.config.schema import SiteFile
from controller.config.toml_file import TomlFile
from controller.config.toml_places import KeyPath
from controller.config.types import AssetBinding, Device
from controller.model.envelope import Envelope
from controller.model.grid_code import GridCode


@dataclass(frozen=True, slots=True)
class Draft:
    """None, or not in a mapping: was wrong, and has been complained of."""

    file: TomlFile
    site: SiteFile
    grid_code: GridCode | None
    envelope: Envelope | None
    devices: Mapping[str, Device]
    bindings: Mapping[str, AssetBinding]
    troubled: frozenset[KeyPath]  # sections and entries whose shape is wrong
    has_bench_code: bool = False  # the grid code is for demo and bench only

    def written(self, section: str) -> frozenset[str]:
        """The names that a section of the file has, whether their entries are right or not."""
        entries = self.file.data.get(section)
        return frozenset(entries) if isinstance(entries, dict) else frozenset()

    def is_sound(self, *loc: str) -> bool:
        """Nothing is wrong with the shape of this section or entry, so what it lacks is not there."""
        return not any(trouble[: len(loc)] == loc or loc[: len(trouble)] == trouble for trouble in self.troubled)

    def device_of(self, asset: str, field: str) -> Device | None:
        """The device that takes an asset's orders for a field."""
        binding = self.bindings.get(asset)
        if binding is None or field not in binding.writes:
            return None
        return self.devices.get(binding.writes[field].device)
