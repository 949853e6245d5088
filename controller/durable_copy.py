"""The durable memory as it is kept: in the journal, and once more beside it.

A damaged journal must not cost latches and attempts. The copy is one small file, replaced whole; it is written after
the journal has the same, so it is never newer, unless the journal has lost something. It also notes how far the journal
had come: who cuts off the journal's end has to find this file, too.
"""

from __future__ import annotations

import hashlib
import math
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from controller.journal.damage import sync_folder
from controller.journal.line import GENESIS
from controller.plain_words import of_a_disk

NAME = "durable.json"
RETRY_S = 1.0
Stored = tuple[str, str]
"""Boot, and the memory as JSON."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The durable memory, counted; and the journal's last line when it was copied."""

    boot: str
    body: str
    number: int
    seq: int = 0
    head: str = GENESIS

    @property
    def stored(self) -> Stored:
        """Without what only the files need."""
        return self.boot, self.body

    @property
    def fingerprint(self) -> str:
        """Of the memory: a bent bit must not pass for a released latch."""
        return hashlib.sha256("\n".join(map(str, (self.boot, self.body, self.number))).encode()).hexdigest()

    @property
    def fingerprint_of_all(self) -> str:
        """With the journal's last line: a bent digit there must not pass for a journal that lost its end."""
        return hashlib.sha256("\n".join((self.fingerprint, str(self.seq), self.head)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Restored:
    """What a start finds; `source` is "journal", "copy", "none" (nothing was ever kept), "lost", or "held".

    "held": another controller writes into the folder, and `why` says which.
    """

    stored: Stored | None = None
    source: str = "none"
    why: str = ""


def read_copy(folder: Path) -> Kept | None:
    """None when there is none, or it is not as it was written."""
    try:
        raw = orjson.loads((folder / NAME).read_bytes())
        sha256 = raw.pop("sha256")
        kept = Kept(**raw)
        is_sound = sha256 == kept.fingerprint_of_all and isinstance(kept.number + kept.seq, int)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return kept if is_sound else None


def write_copy(folder: Path, kept: Kept) -> None:
    """Replace it whole, or not at all. Raises OSError."""
    new = folder / f".{NAME}.new"
    with new.open("wb") as file:
        file.write(orjson.dumps({**asdict(kept), "sha256": kept.fingerprint_of_all}))
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / NAME)
    sync_folder(folder)


class Copyist:
    """Writes the copy when it is due, and again until it is there. Its trouble is not the journal's."""

    def __init__(self, folder: Path) -> None:
        self.is_due = False
        self.error = ""
        self._folder = folder
        self._again_at_s = -math.inf

    def write(self, kept: Kept, now_s: float) -> None:
        """Try, unless the last try has only just failed."""
        if now_s < self._again_at_s:
            return
        try:
            write_copy(self._folder, kept)
        except OSError as error:
            self.error, self._again_at_s = of_a_disk(error), now_s + RETRY_S
        else:
            self.error, self.is_due = "", False


def newer(one: Kept | None, other: Kept | None) -> Kept | None:
    """By their numbers; the first of two equals."""
    if one is None or (other is not None and other.number > one.number):
        return other
    return one
