"""Faults of bytes on a Modbus wire, frame by frame: for every tier that has a wire.

A frame is whole: on TCP with its header, on a serial line with its checksum. What becomes of it is a list of pieces,
each with its delay; an empty list is silence.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

HEADER_LENGTH = 7  # transaction, protocol, length, unit (Modbus Messaging on TCP/IP V1.0b, 3.1.3)
READS = frozenset({1, 2, 3, 4})

Pieces = list[tuple[float, bytes]]


class Broken(Enum):
    """What else can become of a reply."""

    RESET = "reset"  # the connection ends in the middle of it


@dataclass(frozen=True, slots=True)
class WireFault:
    """One fault of the catalogue on one wire."""

    type: str
    params: Mapping[str, Any]
    rng: random.Random

    def strikes(self) -> bool:
        """This frame is one of those that it happens to."""
        return self.rng.random() < float(self.params.get("ratio", 1.0))


@dataclass(slots=True)
class WireFaults:
    """All faults of one device on its wire."""

    is_tcp: bool
    active: list[WireFault] = field(default_factory=list)

    def refusal(self, request: bytes) -> bytes | None:
        """The exception that the device answers instead of doing anything; None: it does what it is asked."""
        function = request[HEADER_LENGTH if self.is_tcp else 1]
        for fault in self.active:
            if fault.type == "exception" and fault.params["what"] in {"all", _kind(function)}:
                return bytes((function | 0x80, int(fault.params["code"])))
        return None

    def on_request(self, frame: bytes) -> Pieces:
        """What the device hears of a request."""
        delay_s = 0.0
        for fault in self.active:
            if fault.type in {"drop", "line_noise"} and fault.strikes() and fault.rng.random() < 0.5:
                return []
            if fault.type == "slow":
                delay_s += fault.params["delay_s"] + fault.rng.uniform(0.0, fault.params["jitter_s"])
        return [(delay_s, frame)]

    def on_reply(self, request: bytes, frame: bytes) -> Pieces | Broken:
        """What we hear of the reply."""
        pieces: Pieces = [(0.0, frame)]
        for fault in self.active:
            change = CHANGES.get(fault.type)
            if change is None or not fault.strikes():
                continue
            if change is _reset:
                return Broken.RESET
            pieces = [
                (delay_s + more_s, piece)
                for delay_s, whole in pieces
                for more_s, piece in change(fault, request, whole, self.is_tcp)
            ]
        return pieces


Change = Callable[[WireFault, bytes, bytes, bool], Pieces]


def _kind(function: int) -> str:
    return "reads" if function in READS else "writes"


def _drop(fault: WireFault, _: bytes, frame: bytes, __: bool) -> Pieces:
    """Half of the lost frames are requests, half are replies."""
    lost = float(fault.params["ratio"]) >= 1.0 or fault.rng.random() < 0.5
    return [] if lost else [(0.0, frame)]


def _duplicate(_: WireFault, __: bytes, frame: bytes, ___: bool) -> Pieces:
    return [(0.0, frame), (0.0, frame)]


def _late(fault: WireFault, _: bytes, frame: bytes, __: bool) -> Pieces:
    return [(float(fault.params["delay_s"]), frame)]


def _wrong_transaction(fault: WireFault, _: bytes, frame: bytes, is_tcp: bool) -> Pieces:
    if not is_tcp:
        return [(0.0, frame)]
    number = (int.from_bytes(frame[:2], "big") + fault.rng.randrange(1, 0x10000)) % 0x10000
    return [(0.0, number.to_bytes(2, "big") + frame[2:])]


def _truncate(fault: WireFault, _: bytes, frame: bytes, __: bool) -> Pieces:
    return [(0.0, frame[: fault.rng.randrange(1, len(frame))])]


def _bit_flip(fault: WireFault, _: bytes, frame: bytes, is_tcp: bool) -> Pieces:
    """Behind function and count: the frame stays one, and what it says does not."""
    first = (HEADER_LENGTH if is_tcp else 1) + 2
    if len(frame) <= first:
        return [(0.0, frame)]
    at, bit = fault.rng.randrange(first, len(frame)), fault.rng.randrange(8)
    return [(0.0, frame[:at] + bytes((frame[at] ^ 1 << bit,)) + frame[at + 1 :])]


def _reset(_: WireFault, __: bytes, frame: bytes, ___: bool) -> Pieces:
    return [(0.0, frame)]


def _trickle(fault: WireFault, _: bytes, frame: bytes, __: bool) -> Pieces:
    byte_s = float(fault.params["byte_s"])
    return [(number * byte_s, frame[number : number + 1]) for number in range(len(frame))]


def _line_noise(fault: WireFault, request: bytes, frame: bytes, _: bool) -> Pieces:
    match fault.params["noise"]:
        case "echo":
            return [(0.0, request + frame)]
        case "collision":
            mixed = bytes(byte & fault.rng.randrange(256) for byte in frame)
            return [(0.0, mixed)]
        case "parity":
            at = fault.rng.randrange(len(frame))
            return [(0.0, frame[:at] + frame[at + 1 :])]
        case _:
            return [(0.0, fault.rng.randbytes(fault.rng.randrange(1, 8)) + frame)]


CHANGES: Mapping[str, Change] = {
    "drop": _drop,
    "duplicate": _duplicate,
    "late_reply": _late,
    "wrong_transaction": _wrong_transaction,
    "truncate": _truncate,
    "bit_flip": _bit_flip,
    "reset": _reset,
    "trickle": _trickle,
    "line_noise": _line_noise,
}
WIRE_FAULTS = frozenset({*CHANGES, "slow", "exception"})
"""What a wire can have, by the names of the catalogue."""
