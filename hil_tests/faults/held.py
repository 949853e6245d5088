"""What several faults hold at once: the newest counts, and the last one to end gives it back as it was before all."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any

from hil_tests.faults.types import Heal


@dataclass(slots=True, eq=False)
class _Layer:
    """A value that counts while nothing lies above it. Two faults may hold the same one: layers differ all the same."""

    value: Any


@dataclass(slots=True)
class Held:
    """Faults need not end in the turn in which they began: none leaves behind what it found of another."""

    _layers: dict[Hashable, list[_Layer]] = field(default_factory=dict)

    def hold(self, thing: Hashable, as_it_was: object, value: object, put: Callable[[Any], object]) -> Heal:
        """Put the value in place of what is there; the answer takes it away again, once."""
        layers = self._layers.setdefault(thing, [_Layer(as_it_was)])
        ours = _Layer(value)
        layers.append(ours)
        put(value)

        def heal() -> None:
            layers.remove(ours)
            put(layers[-1].value)
            if len(layers) == 1:
                del self._layers[thing]

        return heal
