"""Python's search for circular garbage, put off: a run in virtual time makes millions of objects and no circles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

NEW_OBJECTS_COUNT = 100_000  # survivors until the next search; counts of older ones then grow as slowly


@contextmanager
def rare_collections() -> Iterator[None]:
    """While it lasts, objects die when nobody holds them, and hardly ever does anybody look for circles.

    By default Python searches after each 700 survivors, which is a sixth of the time of a closed loop at rest.
    """
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS_COUNT, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
