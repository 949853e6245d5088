"""The lies: for each place in a module's syntax tree, what could stand there instead."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import CodeType

from controller.model import reasons, words

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}
FUNCTIONS = {"any": "all", "all": "any", "min": "max", "max": "min"}
ENUMS: dict[str, type[Enum]] = {
    name: kind
    for module in (words, reasons)
    for name, kind in vars(module).items()
    if isinstance(kind, type) and issubclass(kind, Enum) and kind is not Enum
}
NOT_CODE = {"annotation", "returns", "decorator_list", "type_params"}


@dataclass(slots=True)
class Mutant:
    """One lie. `key` names it for people and for the list of equivalents; it holds no line number."""

    module: str
    path: Path
    line: int
    key: str
    tree: ast.Module
    parent: ast.AST
    name: str
    index: int | None
    lie: ast.AST | None  # None: the element is dropped

    @property
    def function(self) -> str:
        """Where it is told."""
        return self.key.partition(":")[0]

    def compile(self) -> CodeType:
        """Code of the mutated module. Changes the tree: only for a process that ends afterwards."""
        place = getattr(self.parent, self.name)
        if self.index is None:
            setattr(self.parent, self.name, self.lie)
        elif self.lie is None:
            del place[self.index]
            if isinstance(self.parent, ast.Dict):
                del self.parent.values[self.index]
        else:
            place[self.index] = self.lie
        code: CodeType = compile(ast.fix_missing_locations(self.tree), str(self.path), "exec")
        return code


def mutants_of(path: Path, module: str) -> list[Mutant]:
    """Every mutant of one module, in the order of its source."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: list[Mutant] = []
    seen: dict[str, int] = {}
    for where, parent, name, index, node in _places(tree, ""):
        for lie in _lies(parent, name, node):
            key = f"{module.rpartition('.')[2]}{where}: {ast.unparse(node)} -> {ast.unparse(lie) if lie else 'nothing'}"
            seen[key] = seen.get(key, 0) + 1
            key = key if seen[key] == 1 else f"{key} #{seen[key]}"
            line = getattr(node, "lineno", 0)
            found.append(Mutant(module, path, line, key, tree, parent, name, index, lie))
    return found


def _places(node: ast.AST, where: str) -> Iterator[tuple[str, ast.AST, str, int | None, ast.AST]]:
    """Every expression and statement with the place where it stands; names and types are left alone."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        where = f"{where}.{node.name}"
    for name, value in ast.iter_fields(node):
        if name in NOT_CODE or _is_a_type(node, name):
            continue
        children = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for index, child in children:
            if isinstance(child, (ast.expr, ast.stmt, ast.comprehension, ast.keyword)) and not _is_left_out(child):
                yield where, node, name, index, child
                yield from _places(child, where)
            elif isinstance(child, ast.arguments):
                yield from _places(child, where)


def _is_a_type(node: ast.AST, name: str) -> bool:
    return (isinstance(node, ast.Subscript) and name in {"value", "slice"} and _names_a_type(node)) or (
        isinstance(node, ast.ClassDef) and name == "bases"
    )


def _names_a_type(node: ast.Subscript) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in {"tuple", "dict", "list", "Callable", "Mapping"}


def _is_left_out(node: ast.AST) -> bool:
    """Imports, documentation, and the keyword of which the language itself makes an assertion."""
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    is_type_variable = isinstance(node, ast.Assign) and ast.unparse(node.value).startswith("TypeVar(")
    is_strict = isinstance(node, ast.keyword) and node.arg == "strict"
    return isinstance(node, (ast.Import, ast.ImportFrom)) or is_text or is_type_variable or is_strict


def _lies(parent: ast.AST, name: str, node: ast.AST) -> Iterator[ast.AST | None]:
    yield from next((lies(node) for kind, lies in FAMILIES.items() if isinstance(node, kind)), ())
    if _may_be_dropped(parent, name):
        yield None


def _may_be_dropped(parent: ast.AST, name: str) -> bool:
    """An element of a collection, a keyword of a call, a condition of a comprehension, a branch of a dictionary."""
    is_element = name == "elts" and isinstance(getattr(parent, "ctx", ast.Load()), ast.Load)
    return is_element or name in {"keywords", "ifs"} or (name == "keys" and isinstance(parent, ast.Dict))


def _comparisons(node: ast.Compare) -> Iterator[ast.AST]:
    for place, operator in enumerate(node.ops):
        for other in COMPARISONS[type(operator)]:
            yield ast.Compare(node.left, [*node.ops[:place], other(), *node.ops[place + 1 :]], node.comparators)


def _boolean(node: ast.BoolOp) -> Iterator[ast.AST]:
    other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield ast.BoolOp(other, node.values)
    for place in range(len(node.values)):
        rest = [*node.values[:place], *node.values[place + 1 :]]
        yield rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)


def _arithmetic(node: ast.BinOp) -> Iterator[ast.AST]:
    if type(node.op) in ARITHMETIC:
        yield ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)
    elif isinstance(node.op, ast.BitOr):
        yield from (node.left, node.right)


def _constants(node: ast.Constant) -> Iterator[ast.AST]:
    match node.value:
        case bool():
            yield ast.Constant(not node.value)
        case int() | float():
            yield ast.Constant(node.value + 1)
        case str():
            yield ast.Constant(node.value + "x")


def _calls(node: ast.Call) -> Iterator[ast.AST]:
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    if name in FUNCTIONS:
        yield ast.Call(ast.Name(FUNCTIONS[name], ast.Load()), node.args, node.keywords)
    if name in {"abs", "tuple", "replace"}:
        yield node.args[0]


def _negation(node: ast.If) -> Iterator[ast.AST]:
    yield ast.If(ast.UnaryOp(ast.Not(), node.test), node.body, node.orelse)


def _answers(node: ast.Return) -> Iterator[ast.AST]:
    if node.value is None or ast.unparse(node.value) in {"None", "False"}:
        return
    yield ast.Return(ast.Constant(None))
    if isinstance(node.value, (ast.Compare, ast.BoolOp, ast.UnaryOp)):
        yield ast.Return(ast.UnaryOp(ast.Not(), node.value))


def _members(node: ast.Attribute) -> Iterator[ast.AST]:
    """The next member of the same enumeration."""
    if isinstance(node.value, ast.Name) and node.value.id in ENUMS:
        members = list(ENUMS[node.value.id].__members__)
        after = members[(members.index(node.attr) + 1) % len(members)]
        yield ast.Attribute(node.value, after, ast.Load())


FAMILIES: dict[type[ast.AST], Callable[..., Iterator[ast.AST]]] = {
    ast.Compare: _comparisons,
    ast.BoolOp: _boolean,
    ast.BinOp: _arithmetic,
    ast.UnaryOp: lambda node: iter((node.operand,)),
    ast.Constant: _constants,
    ast.Call: _calls,
    ast.IfExp: lambda node: iter((node.body, node.orelse)),
    ast.Attribute: _members,
    ast.If: _negation,
    ast.Return: _answers,
    ast.Expr: lambda _node: iter((ast.Pass(),)),
}
