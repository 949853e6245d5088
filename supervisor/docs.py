"""The description of the API as one small page without scripts: made from openapi.json, needs no internet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

PROBLEM_TYPE = "application/problem+json"
ERRORS_FROM = 400


@dataclass(frozen=True, slots=True)
class Entry:
    """A parameter or a field: its name, its type, and what it means."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One question that a program may ask."""

    path: str
    meaning: str
    parameters: tuple[Entry, ...]
    answers: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """One object of an answer, or the words of an enum."""

    name: str
    meaning: str
    fields: tuple[Entry, ...]
    words: tuple[str, ...]


def describe(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description, made once: errors are declared as what they are, not as plain JSON."""
    if app.openapi_schema is None:
        description = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
        for operation in _operations_of(description):
            for code, answer in operation["responses"].items():
                if int(code) >= ERRORS_FROM:
                    answer["content"] = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for unused in ("HTTPValidationError", "ValidationError"):
            description["components"]["schemas"].pop(unused, None)
        app.openapi_schema = description
    return app.openapi_schema


def operations(description: dict[str, Any]) -> tuple[Operation, ...]:
    """What can be asked."""
    return tuple(
        Operation(
            path,
            operation.get("description", operation.get("summary", "")),
            tuple(_parameter(one) for one in operation.get("parameters", ())),
            tuple(_answer(code, answer) for code, answer in operation["responses"].items()),
        )
        for path, methods in description["paths"].items()
        for operation in methods.values()
    )


def shapes(description: dict[str, Any]) -> tuple[Shape, ...]:
    """What the answers are made of, by name."""
    return tuple(
        Shape(
            name,
            " ".join(schema.get("description", "").split()),
            tuple(
                Entry(field, _type(inner), inner.get("description", ""))
                for field, inner in schema.get("properties", {}).items()
            ),
            tuple(str(word) for word in schema.get("enum", ())),
        )
        for name, schema in sorted(description["components"]["schemas"].items())
    )


def _operations_of(description: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in description["paths"].values():
        yield from methods.values()


def _parameter(parameter: dict[str, Any]) -> Entry:
    schema = parameter["schema"]
    bounds = (f"{word} {schema[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in schema)
    default = f"default {schema['default']}" if "default" in schema else ""
    meaning = ", ".join(part for part in (parameter.get("description", ""), *bounds, default) if part)
    return Entry(parameter["name"], _type(schema), meaning)


def _answer(code: str, answer: dict[str, Any]) -> Entry:
    kinds = (_type(content.get("schema", {})) for content in answer.get("content", {}).values())
    return Entry(code, ", ".join(kinds), answer.get("description", ""))


def _type(schema: dict[str, Any]) -> str:
    """A type in one line: `Status`, `list of LoggedEvent`, `number or null`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("type", "anything"))
