"""A true SunSpec chain: the SunS marker, the common model, models 701 and 704, and the end marker."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from controller.config.types import SunSpecWhere
from hil_tests.servers.points import PlantDevice
from hil_tests.servers.registers import COUNT_MAX, ILLEGAL_ADDRESS, ILLEGAL_VALUE, ModbusRefusal

BASE = 40000
# model -> length in registers behind its header (SunSpec models repository)
LENGTHS = {1: 66, 701: 153, 704: 57}
END = (0xFFFF, 0)
SCALES = {701: {116: 1}, 704: {54: -1}}  # W_SF: 10 W; WMaxLimPct_SF: a tenth of a per cent
PERCENT_ENABLED = {704: {14: 1}}


@dataclass(slots=True)
class SunSpecMap:
    """Registers of one SunSpec device; unimplemented points answer their sentinel."""

    device: PlantDevice
    _starts: dict[int, int] = field(default_factory=dict)
    _fixed: dict[int, int] = field(default_factory=dict)
    _end: int = 0

    def __post_init__(self) -> None:
        self._fixed[BASE], self._fixed[BASE + 1] = struct.unpack(">2H", b"SunS")
        address = BASE + 2
        for model, length in LENGTHS.items():
            self._starts[model] = address
            for offset in range(2, length + 2):
                self._fixed[address + offset] = 0xFFFF if model != 1 else 0
            self._fixed[address], self._fixed[address + 1] = model, length
            for offset, exponent in SCALES.get(model, {}).items():
                self._fixed[address + offset] = exponent & 0xFFFF
            self._fixed |= {address + offset: raw for offset, raw in PERCENT_ENABLED.get(model, {}).items()}
            address += length + 2
        self._text(self._starts[1] + 2, "Hallig bench", 16)
        self._text(self._starts[1] + 18, "PV 30 kW", 16)
        self._fixed[address], self._fixed[address + 1] = END
        self._end = address + 2

    def read(self, space: str, address: int, count: int) -> list[int]:
        """Words of the chain."""
        if not 1 <= count <= COUNT_MAX:
            raise ModbusRefusal(ILLEGAL_VALUE)
        if space not in {"holding", "input"} or address < BASE or address + count > self._end:
            raise ModbusRefusal(ILLEGAL_ADDRESS)
        live = self._live()
        return [live.get(at, self._fixed.get(at, 0)) for at in range(address, address + count)]

    def write(self, space: str, address: int, words: list[int]) -> None:
        """Only what the table calls writable."""
        for point in self.device.device.table.points.values():
            where = point.where
            if point.writable and isinstance(where, SunSpecWhere) and self._address(where) == address:
                exponent = self._exponent(where)
                self.device.write(point.id, words[0] * 10.0**exponent * point.scale)
                return
        raise ModbusRefusal(ILLEGAL_ADDRESS)

    def _live(self) -> dict[int, int]:
        words = {}
        for point in self.device.device.table.points.values():
            where = point.where
            if not point.readable or not isinstance(where, SunSpecWhere):
                continue
            value = self.device.read(point.id)
            if point.type == "bool":
                raw = int(bool(value))
            elif isinstance(value, (int, float)):
                raw = round(value / point.scale / 10.0 ** self._exponent(where))
            else:
                raw = point.sentinel or 0
            words[self._address(where)] = raw & 0xFFFF
        return words

    def _address(self, where: SunSpecWhere) -> int:
        return self._starts[where.model] + where.offset

    def _exponent(self, where: SunSpecWhere) -> int:
        return SCALES[where.model][where.scale_offset] if where.scale_offset is not None else 0

    def _text(self, address: int, text: str, registers: int) -> None:
        data = text.encode().ljust(2 * registers, b"\0")
        for offset, word in enumerate(struct.unpack(f">{registers}H", data)):
            self._fixed[address + offset] = word
