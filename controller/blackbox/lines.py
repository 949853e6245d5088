"""The file of a black box: JSON lines in parts, each part a gzip member of its own that can be read without the others.

    {"hallig_black_box": 1, ...}    who wrote it and why, the hub, its grid code, the guard's limits, the site file
    {"mark": "transition", ...}     why these cycles were kept
    {"given": 812, ...}             both memories before cycle 812: at the begin of each part, and where something
                                    else than the cycle before has changed them
    {"cycle": 812, ...}             what was seen and decided; what stands as in the line before is left out
    {"end": "complete"}             without it the process was killed, or still writes

`zcat` shows it. What is missing after a kill is at most the part that was not written yet.
"""

from __future__ import annotations

import operator
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from traceback import walk_tb
from typing import Any

import orjson

from controller.blackbox.cycle import Cycle
from controller.blackbox.encoding import encode, encoder
from controller.model.decision import Event

FORMAT = 1
FORMAT_KEY = "hallig_black_box"
LEVEL = 1  # zlib's quickest: a cycle's line beside the next is mostly the same text
GZIP = 31  # zlib's word for "with gzip's head and tail"
JUDGES = ("controller.core.", "controller.guard.")


@dataclass(frozen=True, slots=True)
class Part:
    """Some cycles in a row, as they go to the file."""

    data: bytes
    begins_at_s: float
    ends_at_s: float


def packed(line: dict[str, Any]) -> bytes:
    """One line as a part of its own."""
    packer = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
    return packer.compress(_line(line)) + packer.flush()


class PartWriter:
    """Makes one part."""

    def __init__(self, before: Cycle | None) -> None:
        self._expected = None if before is None else _left_by(before)  # both memories; None: who knows
        self._has_memories = False
        self._before: dict[str, Any] = {}

    @staticmethod
    def part(cycles: Sequence[Cycle], first: int, before: Cycle | None = None) -> Part:
        """These cycles, numbered from `first` on. The compressor lets other threads run between two of them.

        Raises:
            TypeError: something in it is not for JSON, a text that is none or a number too large.
        """
        writer, packer, data = PartWriter(before), zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP), bytearray()
        for number, cycle in enumerate(cycles, first):
            for line in writer._lines(cycle, number):
                data += packer.compress(_line(line))
        data += packer.flush()
        return Part(bytes(data), cycles[0].now_s, cycles[-1].now_s)

    def _lines(self, cycle: Cycle, number: int) -> Iterator[dict[str, Any]]:
        is_as_left = self._expected is not None and all(map(operator.is_, self._expected, (cycle.memory, cycle.guard)))
        if not (self._has_memories and is_as_left):
            memories = {"memory": encode(cycle.memory), "guard": encode(cycle.guard)}
            is_begin, self._has_memories = not self._has_memories, True
            yield {"given": number, "is_begin": is_begin, "is_new": not is_as_left, **memories}
        yield self._cycle(cycle, number)
        self._expected = _left_by(cycle)

    def _cycle(self, cycle: Cycle, number: int) -> dict[str, Any]:
        line: dict[str, Any] = {"cycle": number, "now_s": cycle.now_s}
        self._put(line, "advice", encode(cycle.advice))
        self._put_fields(line, "seen", encode(cycle.seen))
        if cycle.failed is not None:
            line["failed"] = {"error": error_text(cycle.failed), "is_ours": is_of_judgement(cycle.failed)}
        if cycle.decision is None or cycle.verdict is None:
            return line
        self._put(line, "mode", cycle.decision.memory.mode.value)
        self._put_fields(line, "commands", encode(cycle.decision.commands))
        if cycle.verdict.allowed != cycle.decision.commands:
            line["allowed"] = encode(cycle.verdict.allowed)
        if cycle.verdict.vetoes:
            line["vetoes"] = [encode(veto) for veto in cycle.verdict.vetoes]
        if cycle.decision.events:
            line["events"] = encoder(tuple[Event, ...])(cycle.decision.events)
        return line

    def _put(self, line: dict[str, Any], key: str, plain: Any) -> None:
        if key not in self._before or self._before[key] != plain:
            line[key] = self._before[key] = plain

    def _put_fields(self, line: dict[str, Any], key: str, plain: dict[str, Any]) -> None:
        before = self._before.get(key)
        changed = plain if before is None else {name: each for name, each in plain.items() if each != before.get(name)}
        gone = () if before is None else before.keys() - plain.keys()  # known before, and unknown now
        if changed or gone or before is None:
            line[key] = {**changed, **dict.fromkeys(gone)}
        self._before[key] = plain


def _left_by(cycle: Cycle) -> tuple[object, object]:
    if cycle.decision is None or cycle.verdict is None:
        return cycle.memory, cycle.guard
    return cycle.decision.memory, cycle.verdict.memory


def _line(line: dict[str, Any]) -> bytes:
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def error_text(error: BaseException) -> str:
    """What was raised, in a form that two runs can be compared by."""
    return f"{type(error).__name__}: {error}".encode(errors="replace").decode()


def is_of_judgement(error: BaseException) -> bool:
    """Raised within `decide` or `vet`; else by what surrounds them, which no replay can show."""
    modules = (frame.f_globals.get("__name__", "") for frame, _ in walk_tb(error.__traceback__))
    return any(f"{name}.".startswith(JUDGES) for name in modules)
