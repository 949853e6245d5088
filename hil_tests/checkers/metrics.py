"""What a run cost, in plant time: energies not served, times, operations."""

from __future__ import annotations

from dataclasses import dataclass, field

from controller.config.types import Site
from hil_tests.bench.scene import Scene


@dataclass(slots=True)
class Metrics:
    """Integrals hold the last value until the next look."""

    values: dict[str, float] = field(default_factory=dict)

    def look(self, scene: Scene) -> None:
        """Something may have changed."""

    def finish(self, scene: Scene) -> dict[str, float]:
        """All metrics by their names."""
        self.values["poi_operations_count"] = float(scene.plant.poi.operations_count)
        self.values["backfeed_j"] = scene.plant.backfeed_j
        return self.values


def is_metric(name: str, site: Site) -> bool:
    """Whether runs on this hub have a metric of this name."""
    del site
    return name in {"poi_operations_count", "backfeed_j"}
