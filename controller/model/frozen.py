"""Frozen dataclasses that are cheap to make. Model, core and guard take `dataclass`, `field` and `replace` from here.

Python freezes a dataclass at run time, and then each field of each new object is written through a call, at ten times
the price of an assignment: some 350 fields in every cycle, a sixth of its time. mypy forbids the assignment before
anything runs, in all code and all tests: to it these are the names of the standard library. That nobody changes what
he was given by a way that mypy cannot see is shown by `hil_tests/tests/core/test_pure.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    import dataclasses
    from dataclasses import field
    from operator import attrgetter

    def dataclass(*, frozen, slots):
        """As `dataclasses.dataclass`, without the lock at run time. Equal objects have equal hashes all the same."""
        assert frozen

        def made(kind):
            kind = dataclasses.dataclass(slots=slots, unsafe_hash=True)(kind)
            kind.fields_of = attrgetter(*kind.__match_args__, "__class__")
            return kind

        return made

    def replace(given, /, **changes):
        """As `dataclasses.replace`, for what makes nothing of its fields by itself: they are copied all at once."""
        *fields, kind = given.fields_of(given)
        new = kind(*fields)
        for name, value in changes.items():
            setattr(new, name, value)
        return new


__all__ = ["dataclass", "field", "replace"]
