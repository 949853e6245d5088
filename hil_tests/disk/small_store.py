"""The journal's store with a small file, which says when it writes its log back or drops the oldest lines."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from controller.journal.store import PAGE_BYTES, JournalStore, Limits

LIMITS = Limits(size_max_bytes=240 * PAGE_BYTES, checkpoint_pages=8)  # a tenth holds what queues up
CHECKPOINT, PRUNE, OVER = b"c", b"p", b"."


class SmallStore(JournalStore):
    """In the process that is to be killed, in the place of the real one."""

    mark: ClassVar[int]  # a pipe's end

    def __init__(self, path: Path) -> None:
        super().__init__(path, LIMITS)

    def _checkpoint(self) -> None:
        wal = self.path.with_name(self.path.name + "-wal")
        if wal.stat().st_size <= LIMITS.checkpoint_pages * PAGE_BYTES:
            return
        os.write(self.mark, CHECKPOINT)
        super()._checkpoint()
        os.write(self.mark, OVER)

    def _prune(self) -> None:
        os.write(self.mark, PRUNE)
        super()._prune()
        os.write(self.mark, OVER)


def begun(marks: bytes) -> int:
    """How many checkpoints and prunes."""
    return len(marks) - marks.count(OVER)


def is_in_the_middle(marks: bytes) -> bool:
    """The last one is not over."""
    return bool(marks) and not marks.endswith(OVER)
