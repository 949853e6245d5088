"""What a Modbus device answers to one request, whatever the wire (Modbus Application Protocol V1.1b3).

Written by hand and not with the library that the drivers use: when the two agree, that proves something.
"""

from __future__ import annotations

import struct

from hil_tests.servers.registers import BIT_SPACES, ILLEGAL_VALUE, ModbusRefusal, RegisterMap

ILLEGAL_FUNCTION = 1
READS = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
SINGLE_WRITES = {5: "coil", 6: "holding"}
MULTIPLE_WRITES = {15: "coil", 16: "holding"}
READ_MAX = {"coil": 2000, "discrete": 2000, "holding": 125, "input": 125}  # 6.1 to 6.4
WRITE_MAX = {"coil": 1968, "holding": 123}  # 6.11, 6.12
COIL_WORDS = {0x0000: 0, 0xFF00: 1}  # 6.5


def answer(request: bytes, registers: RegisterMap) -> bytes:
    """The reply to one request without its address, or an exception reply where it is refused."""
    function = request[0]
    try:
        if function in READS:
            return _read(request, READS[function], registers)
        if function in SINGLE_WRITES:
            return _write_one(request, SINGLE_WRITES[function], registers)
        if function in MULTIPLE_WRITES:
            return _write_many(request, MULTIPLE_WRITES[function], registers)
        raise ModbusRefusal(ILLEGAL_FUNCTION)
    except ModbusRefusal as refusal:
        return bytes((function | 0x80, refusal.code))
    except struct.error:  # shorter than its function needs
        return bytes((function | 0x80, ILLEGAL_VALUE))


def _read(request: bytes, space: str, registers: RegisterMap) -> bytes:
    address, count = struct.unpack(">HH", request[1:])
    if not 1 <= count <= READ_MAX[space]:
        raise ModbusRefusal(ILLEGAL_VALUE)
    values = registers.read(space, address, count)
    data = _packed_bits(values) if space in BIT_SPACES else struct.pack(f">{count}H", *values)
    return bytes((request[0], len(data))) + data


def _write_one(request: bytes, space: str, registers: RegisterMap) -> bytes:
    address, word = struct.unpack(">HH", request[1:])
    if space == "coil" and word not in COIL_WORDS:
        raise ModbusRefusal(ILLEGAL_VALUE)
    registers.write(space, address, [COIL_WORDS[word] if space == "coil" else word])
    return request


def _write_many(request: bytes, space: str, registers: RegisterMap) -> bytes:
    address, count, length = struct.unpack(">HHB", request[1:6])
    data = request[6:]
    wanted = (count + 7) // 8 if space == "coil" else 2 * count
    if not (1 <= count <= WRITE_MAX[space] and length == len(data) == wanted):
        raise ModbusRefusal(ILLEGAL_VALUE)
    values = [data[at // 8] >> at % 8 & 1 for at in range(count)] if space == "coil" else _words(data)
    registers.write(space, address, values)
    return request[:5]


def _packed_bits(values: list[int]) -> bytes:
    number = sum(1 << at for at, value in enumerate(values) if value)
    return number.to_bytes((len(values) + 7) // 8, "little")


def _words(data: bytes) -> list[int]:
    return list(struct.unpack(f">{len(data) // 2}H", data))
