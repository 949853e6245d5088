"""A black box's file, read back: its head, then cycle by cycle, as far as it is whole."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from controller.blackbox.decoding import ForeignError, decode
from controller.blackbox.lines import FORMAT, FORMAT_KEY, GZIP
from controller.core.memory import CoreMemory
from controller.guard.memory import GuardMemory
from controller.model.advice import Advice
from controller.model.commands import Commands
from controller.model.decision import Event, Veto
from controller.model.envelope import Envelope
from controller.model.hub import Hub
from controller.model.image import ProcessImage
from controller.model.words import Mode

FILE_MAX_BYTES = 64 * 2**20
PART_MAX_BYTES = 64 * 2**20  # unpacked; ours have a few hundred kB


class UnreadableError(Exception):
    """This is no file of a black box, or not one that can be used."""


class Mark(NamedTuple):
    """Why cycles were kept: a code, when, and in words."""

    what: str
    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Head:
    """Who wrote it, and about which hub."""

    software: str
    cause: str
    boot: str
    unix_s: float
    hub: Hub
    envelope: Envelope
    site: str  # where its file was
    site_sha256: str
    site_text: str  # the file itself; the hub above is what counts


@dataclass(frozen=True, slots=True)
class Recorded:
    """One cycle as it was. The memories stand with the first, and where something else has changed them."""

    number: int
    now_s: float
    seen: ProcessImage
    advice: Advice
    mode: Mode | None
    commands: Commands | None  # None: judgement failed, as `failed` says
    allowed: Commands | None
    vetoes: tuple[Veto, ...] = ()
    events: tuple[Event, ...] = ()
    failed: str = ""
    failed_in_judgement: bool = False
    given: tuple[CoreMemory, GuardMemory] | None = None
    follows: bool = False  # `given` should be what the cycle before has left


@dataclass(slots=True)
class BoxFile:
    """An open recording. `head` at once; `cycles` once, and when it is through, the rest."""

    path: Path
    head: Head
    marks: list[Mark] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)  # fields that today's software has no more
    gaps: list[tuple[int, int]] = field(default_factory=list)  # first and last cycle that is missing
    end: str = ""  # "complete", "continued", "stopped", "full"; empty: killed, or still being written
    trouble: str = ""  # why reading stopped before the end of the file
    _lines: Iterator[dict[str, Any]] = field(default_factory=lambda: iter(()))

    @property
    def is_damaged(self) -> bool:
        """More than cut off at its end, as a kill or a power cut leaves it."""
        return self.trouble.startswith("damaged")

    def cycles(self) -> Iterator[Recorded]:
        """All that are there, in order.

        Raises:
            UnreadableError: a line that this software cannot understand.
        """
        reader = _Reader(self)
        for line in self._lines:
            try:
                found = reader.take(line)
            except (ForeignError, KeyError, TypeError, ValueError, AttributeError) as error:
                raise UnreadableError(f"{self.path}: {_why(line, error)}") from None
            if found is not None:
                yield found

    def skip_rest(self) -> None:
        """What happened in cycles that nobody needs any more, and how the file ends."""
        for line in self._lines:
            self.note(line)

    def note(self, line: dict[str, Any]) -> None:
        """What a line says that is no cycle."""
        match line:
            case {"mark": str(what), "at_s": float(at_s), "text": str(text)}:
                self.marks.append(Mark(what, at_s, text))
            case {"end": str(end)}:
                self.end = end


def open_box(path: Path) -> BoxFile:
    """The head of a file; its cycles follow.

    Raises:
        UnreadableError: with the reason in plain words.
        OSError: the system does not give it out.
    """
    if path.is_dir():
        raise UnreadableError(f"{path} is a folder: name one of the files in it")
    if path.stat().st_size > FILE_MAX_BYTES:
        raise UnreadableError(f"{path} is larger than any black box writes")
    data = path.read_bytes()
    trouble: list[str] = []
    lines = _lines(data, trouble)
    first = next(lines, None)
    if first is None or FORMAT_KEY not in first:
        what = "is empty" if not data else "is not a recording of a black box"
        raise UnreadableError(f"{path} {what}" + (f" ({trouble[0]})" if trouble and data else ""))
    if first[FORMAT_KEY] != FORMAT:
        written = first.get("software", "?")
        raise UnreadableError(
            f"{path} has format {first[FORMAT_KEY]}, written by hallig {written}; this one reads format {FORMAT}"
        )
    unknown: set[str] = set()
    try:
        head = _head(first, unknown)
    except (ForeignError, KeyError, TypeError, ValueError) as error:
        raise UnreadableError(f"{path}: {_why(first, error)}") from None
    box = BoxFile(path, head, unknown=unknown)
    box._lines = _until_trouble(lines, trouble, box)  # noqa: SLF001  (our own)
    return box


def _until_trouble(lines: Iterator[dict[str, Any]], trouble: list[str], box: BoxFile) -> Iterator[dict[str, Any]]:
    yield from lines
    box.trouble = trouble[0] if trouble else ""


def _lines(data: bytes, trouble: list[str]) -> Iterator[dict[str, Any]]:
    """Of every part that is whole; what is not ends it, with a word in `trouble`."""
    at = 0
    while at < len(data):
        unpacker = zlib.decompressobj(GZIP)
        try:
            text = unpacker.decompress(data[at:], PART_MAX_BYTES)
            lines = [orjson.loads(line) for line in text.splitlines()] if unpacker.eof else []
        except (zlib.error, orjson.JSONDecodeError):
            trouble.append(f"damaged from byte {at} on" if data[at:].strip(b"\0") else f"cut at byte {at}")
            return
        if not unpacker.eof:
            trouble.append(
                f"cut at byte {at}" if not unpacker.unconsumed_tail else f"damaged at byte {at}: a part without an end"
            )
            return
        if not all(isinstance(line, dict) for line in lines):
            trouble.append(f"damaged from byte {at} on")
            return
        yield from lines
        at = len(data) - len(unpacker.unused_data)


def _head(line: dict[str, Any], unknown: set[str]) -> Head:
    return Head(
        software=str(line["software"]),
        cause=str(line["cause"]),
        boot=str(line["boot"]),
        unix_s=float(line["unix_s"]),
        hub=decode(Hub, line["hub"], "hub", unknown),
        envelope=decode(Envelope, line["envelope"], "envelope", unknown),
        site=str(line["site"]["path"]),
        site_sha256=str(line["site"]["sha256"]),
        site_text=str(line["site"]["text"]),
    )


class _Reader:
    """Puts together what a line leaves out."""

    def __init__(self, box: BoxFile) -> None:
        self._box = box
        self._next: int | None = None
        self._given: tuple[CoreMemory, GuardMemory] | None = None
        self._follows = False
        self._before: dict[str, Any] = {}

    def take(self, line: dict[str, Any]) -> Recorded | None:
        """The cycle, if this line is one."""
        match line:
            case {"cycle": int()}:
                return self._cycle(line)
            case {"given": int(number)}:
                self._take_given(line, number)
            case _:
                self._box.note(line)
        return None

    def _take_given(self, line: dict[str, Any], number: int) -> None:
        unknown = self._box.unknown
        memory = decode(CoreMemory, line["memory"], "memory", unknown)
        self._given = memory, decode(GuardMemory, line["guard"], "guard", unknown)
        if line["is_begin"] is True:
            self._before = {}
        self._follows = line["is_new"] is False and self._next == number
        if self._next is not None and number > self._next:
            self._box.gaps.append((self._next, number - 1))

    def _cycle(self, line: dict[str, Any]) -> Recorded:
        unknown, before = self._box.unknown, self._before
        for key in ("seen", "commands"):
            if key in line:
                before[key] = {**before.get(key, {}), **line[key]}
        before |= {key: line[key] for key in ("advice", "mode") if key in line}
        failed, has_answer = line.get("failed"), "failed" not in line
        commands = decode(Commands, before["commands"], "commands", unknown) if has_answer else None
        given, self._given = self._given, None
        self._next = int(line["cycle"]) + 1
        return Recorded(
            number=line["cycle"],
            now_s=decode(float, line["now_s"], "now_s"),
            seen=decode(ProcessImage, before["seen"], "seen", unknown),
            advice=decode(Advice, before["advice"], "advice", unknown),
            mode=decode(Mode, before["mode"], "mode") if has_answer else None,
            commands=commands,
            allowed=decode(Commands, line["allowed"], "allowed", unknown) if "allowed" in line else commands,
            vetoes=decode(tuple[Veto, ...], line.get("vetoes", []), "vetoes", unknown),
            events=decode(tuple[Event, ...], line.get("events", []), "events", unknown),
            failed=str(failed["error"]) if failed else "",
            failed_in_judgement=bool(failed and failed["is_ours"]),
            given=given,
            follows=self._follows,
        )


def _why(line: dict[str, Any], error: Exception) -> str:
    where = f"cycle {line['cycle']}" if "cycle" in line else f"before cycle {line['given']}" if "given" in line else ""
    said = str(error) if isinstance(error, ForeignError) else f"a line without {error}, or of another form"
    return f"{where or 'its head'} cannot be understood by this software: {said}"
