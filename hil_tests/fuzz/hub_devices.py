"""The devices of a random hub: addresses and units are counted up, so that no two are at one place."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

Table = dict[str, Any]
CHANNELS = 8  # contactors of one I/O module
LABELS = ("de", "da", "en")


@dataclass(slots=True)
class Devices:
    """Those made so far, by name."""

    rng: random.Random
    tables: dict[str, Table] = field(default_factory=dict)
    _host: int = 10
    _unit: int = 1
    _channel: int = 0
    _modules_count: int = 0

    def tcp(self, name: str, table: str, **more: float) -> str:
        """A Modbus TCP device; its name."""
        self._host += 1
        self.tables[name] = {"table": f"hallig_sim/{table}", "host": f"192.0.2.{self._host}", **more}
        return name

    def rtu(self, name: str, table: str, **more: float) -> str:
        """One more unit on the serial line; its name."""
        self._unit += 1
        line = {"serial_port": "/dev/ttyAMA0", "baudrate": 19200, "unit": self._unit, "timeout_s": 0.1}
        self.tables[name] = {"table": f"hallig_sim/{table}", **line, **more}
        return name

    def ua(self, name: str, table: str, **more: float) -> str:
        """An OPC UA server; its name."""
        self._host += 1
        url = f"opc.tcp://192.0.2.{self._host}:4840/hallig/"
        self.tables[name] = {"table": f"hallig_sim/{table}", "url": url, "timeout_s": 1.0, **more}
        return name

    def module(self, channels: int = 0) -> str:
        """An I/O module; with channels, one that has a free one."""
        if self._modules_count == 0 or (channels and self._channel >= CHANNELS):
            self._modules_count += 1
            self._channel = 0
            self.tcp(f"io_module_{self._modules_count}", "io_module", fast_s=self.rng.choice((0.02, 0.02, 0.03)))
        self._channel += channels
        return f"io_module_{self._modules_count}"

    def channel(self) -> str:
        """A free output of an I/O module."""
        return f"{self.module(1)}#{self._channel}"


def label(name: str) -> Table:
    """The same word in all languages."""
    return dict.fromkeys(LABELS, name)
