"""Conditions in a scenario: comparisons of signals, in Python's own syntax and nothing else of it.

`0.90 <= bus.voltage_ratio <= 1.10 and not poi.closed`. A signal without a value (a frequency on a dead bus) makes
every comparison false, `is_known(signal)` excepted.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from controller.config.errors import nearest
from hil_tests.bench.scene import Scene
from hil_tests.bench.signals import WORDS, Sample, Signal, not_a_signal, words_of

Condition = Callable[[Scene], bool]
_Term = Callable[[Scene], Sample]

COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
ARITHMETIC: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
LENGTH_MAX = 1000
_NUMBERED = re.compile(r"\b([A-Za-z_]\w*)\.(\d+)")  # tier.0 is no Python; tier[0] is

SLIPS = (
    (r"&&", "'and', not '&&'"),
    (r"\|\|", "'or', not '||'"),
    (r"!(?!=)", "'not', not '!'"),
    (r"(?<![<>=!])=(?!=)", "'==' compares, '=' does not"),
)
"""What people write who have come from another language."""


class ExpressionError(ValueError):
    """The text is no condition. `word` is what it stumbled over, `hint` the nearest thing that exists."""

    def __init__(self, message: str, word: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.word, self.hint = word, hint


def compile_condition(text: str, signals: Mapping[str, Signal]) -> Condition:
    """A condition as a function of the scene. Raises ExpressionError."""
    term = _Compiler(signals).term(parsed(text))

    def holds(scene: Scene) -> bool:
        return bool(term(scene))

    return holds


def parsed(text: str) -> ast.expr:
    """A condition as a tree. Raises ExpressionError."""
    if len(text) > LENGTH_MAX:
        raise ExpressionError(f"a condition of at most {LENGTH_MAX} characters")
    try:
        return ast.parse(_NUMBERED.sub(r"\1[\2]", text.strip()), mode="eval").body
    except SyntaxError as error:
        slip = next((f"; {advice}" for slip, advice in SLIPS if re.search(slip, text)), f": {error.msg}")
        raise ExpressionError(f"a condition, like 'poi.closed and bus.voltage_ratio > 0.9'{slip}") from None


@dataclass(frozen=True, slots=True)
class _Compiler:
    signals: Mapping[str, Signal]

    def term(self, node: ast.expr) -> _Term:
        match node:
            case ast.Compare():
                return self._comparison(node)
            case ast.BoolOp(op=op, values=values):
                return _joined(isinstance(op, ast.And), [self.term(value) for value in values])
            case ast.BinOp() | ast.UnaryOp():
                return self._operation(node)
            case ast.Constant(value=bool() | int() | float() | str() as value):
                return lambda _: value
            case ast.Call(func=ast.Name(id="abs" | "is_known" as function), args=[argument], keywords=[]):
                return self._call(function, self.term(argument))
            case _:
                return self._signal(node)

    def _operation(self, node: ast.BinOp | ast.UnaryOp) -> _Term:
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                inner = self.term(operand)
                return lambda scene: not inner(scene)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                negated = self.term(operand)
                return lambda scene: _arithmetic(operator.sub, 0.0, negated(scene))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
                one, other, calculate = self.term(left), self.term(right), ARITHMETIC[type(op)]
                return lambda scene: _arithmetic(calculate, one(scene), other(scene))
        raise ExpressionError(f"+ - * /, not {ast.unparse(node)!r}")

    def _comparison(self, node: ast.Compare) -> _Term:
        sides = (node.left, *node.comparators)
        terms = [self.term(each) for each in sides]
        for one, other in pairwise(sides):
            _check_words(one, other)
            _check_words(other, one)
        unknown = next((op for op in node.ops if type(op) not in COMPARISONS), None)
        if unknown is not None:
            raise ExpressionError(f"one of < <= > >= == !=, not {type(unknown).__name__}")
        compare = [COMPARISONS[type(op)] for op in node.ops]

        def holds(scene: Scene) -> bool:
            left = terms[0](scene)
            for how, right_of in zip(compare, terms[1:], strict=True):
                right = right_of(scene)
                if left is None or right is None or not how(left, right):
                    return False
                left = right
            return True

        return holds

    def _call(self, function: str, argument: _Term) -> _Term:
        if function == "is_known":
            return lambda scene: argument(scene) is not None

        def magnitude(scene: Scene) -> Sample:
            value = argument(scene)
            return abs(value) if isinstance(value, int | float) else None

        return magnitude

    def _signal(self, node: ast.expr) -> _Term:
        name = dotted(node)
        if name not in self.signals:
            if any(name in words for words in WORDS.values()):
                raise ExpressionError("a text in quotes, like controller.mode == 'islanded'", name)
            word, wanted, hint = not_a_signal(name, self.signals)
            raise ExpressionError(wanted, word, hint)
        return self.signals[name]


def _check_words(signal: ast.expr, value: ast.expr) -> None:
    """A signal that speaks in words is compared with one that it knows, and no other signal is with any."""
    if not isinstance(signal, ast.Name | ast.Attribute | ast.Subscript) or not isinstance(value, ast.Constant):
        return
    words, name = words_of(dotted(signal)), dotted(signal)
    if isinstance(value.value, str) and value.value not in words:
        wanted = f"one of {', '.join(words)}" if words else "no text: it is a number, or true or false"
        raise ExpressionError(f"{name} with {wanted}", f"'{value.value}'", nearest(value.value, words))
    if words and not isinstance(value.value, str):
        raise ExpressionError(f"{name} with one of {', '.join(words)}", str(value.value))


def dotted(node: ast.expr) -> str:
    """`tier[0].energised_ratio` and `bus.live` alike, as dotted names."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute):
            return f"{dotted(value)}.{attribute}"
        case ast.Subscript(value=value, slice=ast.Constant(value=str() | int() as key)):
            return f"{dotted(value)}.{key}"
    raise ExpressionError(f"signals, numbers, texts, comparisons, and/or/not; not {ast.unparse(node)!r}")


def _joined(is_and: bool, terms: list[_Term]) -> _Term:
    if is_and:
        return lambda scene: all(term(scene) for term in terms)
    return lambda scene: any(term(scene) for term in terms)


def _arithmetic(calculate: Callable[[Any, Any], Any], left: Sample, right: Sample) -> Sample:
    if left is None or right is None or isinstance(left, str) or isinstance(right, str):
        return None
    try:
        return float(calculate(left, right))
    except ZeroDivisionError:
        return None
