"""Numbers outside any village's hub: most often kW was meant where W is wanted, or milliseconds stand for seconds.

Odd is not impossible: warnings. A number that a safety rule counts on is an error where it can be no such thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from controller.config.draft import Draft
from controller.config.errors import Problem, Severity
from controller.config.shapes import Part
from controller.config.toml_places import KeyPath
from controller.config.usual import USUAL, Usual, usual_age


def with_sizes(draft: Draft, others: Iterable[Problem]) -> list[Problem]:
    """The others, and each odd number once: what else it was told for comes of the slip that explains it."""
    sizes = {problem.key: problem for problem in _sizes(draft)}
    kept = []
    for problem in others:
        size = sizes.get(problem.key)
        if size is None or not size.hint:
            kept.append(problem)
        elif problem.severity is Severity.ERROR:
            sizes[problem.key] = replace(size, severity=Severity.ERROR)
    return [*kept, *sizes.values()]


def is_usual(entry: Part, key: str) -> bool:
    """Nothing to ask about; else a complaint that rests on it would only repeat the mistake."""
    value = getattr(entry, key)
    return value is None or _is_within(value, USUAL[type(entry)][key].scaled(entry))


def _sizes(draft: Draft) -> Iterator[Problem]:
    for loc, part in _parts((), draft.site):
        for key, usual in USUAL.get(type(part), {}).items():
            value = getattr(part, key)
            if value is not None and (not usual.of or is_usual(part, usual.of)):
                yield from _judge(draft, (*loc, key), value, usual, usual.scaled(part))
    for role, age_s in draft.site.max_age_s.items():
        usual = usual_age(role)
        yield from _judge(draft, ("max_age_s", role), age_s, usual, usual.bounds)


def _parts(loc: KeyPath, part: Part) -> Iterator[tuple[KeyPath, Part]]:
    """This part of the site and all within it, each with its place."""
    yield loc, part
    for name in type(part).model_fields:
        value = getattr(part, name)
        within: Iterable[tuple[str | int, object]] = ()
        if isinstance(value, Part):
            yield from _parts((*loc, name), value)
        elif isinstance(value, dict):
            within = value.items()
        elif isinstance(value, list):
            within = enumerate(value)
        for key, each in within:
            if isinstance(each, Part):
                yield from _parts((*loc, name, key), each)


def _judge(draft: Draft, loc: KeyPath, value: float, usual: Usual, bounds: tuple[float, float]) -> Iterator[Problem]:
    if _is_within(value, bounds):
        return
    low, high = bounds
    wanted = f"{_number(low)} to {_number(high)} {usual.unit}, {usual.why}"
    problem = draft.file.problem(loc, _said(value, usual), wanted, _meant(value, usual, bounds))
    is_error = usual.error_above is not None and value > usual.error_above
    yield problem if is_error else replace(problem, severity=Severity.WARNING)


def _is_within(value: float, bounds: tuple[float, float]) -> bool:
    low, high = bounds
    return low <= value <= high or value == 0.0


def _meant(value: float, usual: Usual, bounds: tuple[float, float]) -> str:
    """With the factor that explains it; nothing, where none that we know of does."""
    is_small = value < bounds[0]
    factors = usual.factors_when_small if is_small else usual.factors
    likely = (value * factor if is_small else value / factor for factor in factors)
    return next((_said(meant, usual) for meant in likely if _is_within(meant, bounds)), "")


def _said(value: float, usual: Usual) -> str:
    return f"{_number(value)} {usual.unit}"


def _number(value: float) -> str:
    return f"{value:_.0f}" if float(value).is_integer() else f"{value:g}"
