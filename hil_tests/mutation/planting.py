"""How a lie takes the truth's place.

Where only bodies of functions differ, they are put into the functions that are loaded already: that costs next to
nothing. What differs elsewhere (a table, a limit, a default value) is known to whoever imported it, and so are the
answers of a function that was called while the modules were loaded: then the whole guard, and all who tell of it, are
loaded anew.
"""

from __future__ import annotations

import gc
import importlib
import importlib.abc
import importlib.util
import inspect
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from types import CodeType, FrameType, FunctionType, ModuleType

from hil_tests.mutation.stories import Place

Key = tuple[str, str, int]  # module, qualified name, first line


@dataclass(slots=True)
class Loaded:
    """The true modules: their functions by key, and which of them were called while everything was loaded."""

    functions: dict[Key, FunctionType] = field(default_factory=dict)
    called: set[CodeType] = field(default_factory=set)

    @classmethod
    def of(cls, names: Iterable[str], target: str) -> Loaded:
        """Imports these modules; `target` is the package that will be lied about."""
        called: set[CodeType] = set()

        def note(frame: FrameType, event: str, _argument: object) -> None:
            if event == "call" and str(frame.f_globals.get("__name__", "")).startswith(target):
                called.add(frame.f_code)

        sys.setprofile(note)
        try:
            for name in names:
                importlib.import_module(name)
        finally:
            sys.setprofile(None)
        functions = {
            (thing.__module__, thing.__qualname__, thing.__code__.co_firstlineno): thing
            for thing in gc.get_objects()
            if isinstance(thing, FunctionType)
            and str(thing.__module__).startswith(target)
            and thing.__globals__
            is getattr(
                sys.modules.get(thing.__module__), "__dict__", None
            )  # and no relic of one that was loaded before
        }
        return cls(functions, called)

    def take(self, module: str, true: CodeType, lie: CodeType) -> frozenset[Place]:
        """Puts the lie into the loaded functions; says where it stands now, nowhere when that would not be enough."""
        changed = changed_bodies(true, lie)
        pairs = [(self.functions.get((module, b.co_qualname, b.co_firstlineno)), b) for b in changed or ()]
        swaps = [
            (function, body) for function, body in pairs if function is not None and self._may_take(function, body)
        ]
        if len(swaps) < len(pairs):
            return frozenset()
        for function, body in swaps:
            function.__code__ = body
        return frozenset((module, body.co_firstlineno) for _, body in swaps)

    def _may_take(self, function: FunctionType, body: CodeType) -> bool:
        is_known = function.__code__ in self.called  # to somebody who keeps its answer
        return not is_known and len(function.__code__.co_freevars) == len(body.co_freevars)


class Planted(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Serves one mutated module in place of the true one."""

    def __init__(self, name: str, code: CodeType) -> None:
        self.name, self.code = name, code

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:  # noqa: ARG002
        """The mutated module, and no other."""
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        """Run the lie."""
        exec(self.code, module.__dict__)


def plant(module: str, lie: CodeType, forgotten: Iterable[str]) -> None:
    """The lie is what the next import of `module` gets; all modules that know the truth are forgotten."""
    for name in forgotten:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, Planted(module, lie))


def changed_bodies(true: CodeType, lie: CodeType) -> list[CodeType] | None:
    """Bodies of functions, methods included, that the lie changes; None when it changes anything around them."""
    if _surroundings(true) != _surroundings(lie):
        return None
    changed: list[CodeType] = []
    for before, after in zip(_inside(true), _inside(lie), strict=True):
        if before == after:
            continue
        if after.co_flags & inspect.CO_OPTIMIZED:
            changed.append(after)
        elif (within := changed_bodies(before, after)) is not None:
            changed += within
        else:
            return None
    return changed


def _surroundings(code: CodeType) -> tuple[CodeType, int]:
    rest = tuple(constant for constant in code.co_consts if not isinstance(constant, CodeType))
    return code.replace(co_consts=rest), len(code.co_consts)


def _inside(code: CodeType) -> list[CodeType]:
    return [constant for constant in code.co_consts if isinstance(constant, CodeType)]
