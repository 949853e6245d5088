"""What the shape of a scenario cannot say: verbs, assets, signals, instants and expectations against the hub."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations

from pydantic import ValidationError

from controller.config.errors import Problem, nearest
from controller.config.toml_file import TomlFile
from controller.config.toml_places import KeyPath
from controller.config.types import Site
from controller.config.wording import wrong_value
from controller.model.reasons import EventKind, Reason
from controller.model.words import Mode
from hil_tests.bench.durations import spoken
from hil_tests.bench.expressions import ExpressionError, compile_condition
from hil_tests.bench.hardware import check_hardware
from hil_tests.bench.plant_options import check_plant
from hil_tests.bench.predicates import PARAMETERS
from hil_tests.bench.scenario import Action, Expectation, Scenario
from hil_tests.bench.signals import signals_of
from hil_tests.bench.verbs import ASSET_PARAMETERS, VERBS, parameters_model
from hil_tests.checkers.metrics import metric_names
from hil_tests.faults.checks import check_fault

NEGATED = re.compile(r"not\s+(?:\((?P<all>[^()]*)\)|(?P<one>[\w.]+))\s*")
MODES = frozenset(f"mode.{mode.value}" for mode in Mode)


def check_scenario(file: TomlFile, scenario: Scenario, site: Site) -> Iterator[Problem]:
    """Everything that is wrong with it on this hub."""
    for number, action in enumerate(scenario.timeline):
        yield from _check_action(file, ("timeline", number), action, scenario, site)
    labels = {action.label for action in scenario.timeline} | MODES
    labels |= {f"{action.label}.end" for action in scenario.timeline if action.do == "fault"}
    signals = signals_of(site)
    for number, expected in enumerate(scenario.expect):
        loc = ("expect", number)
        yield from _check_window(file, loc, expected, scenario, labels)
        yield from _check_kind(file, loc, expected, site, list(signals))
    yield from _contradictions(file, scenario)
    if scenario.stop_when is not None:
        yield from _check_condition(file, ("stop_when",), scenario.stop_when, site)
    yield from check_hardware(file, scenario, site)
    yield from check_plant(file, scenario, site)


def _check_action(file: TomlFile, loc: KeyPath, action: Action, scenario: Scenario, site: Site) -> Iterator[Problem]:
    last_s = action.instants_s[-1]
    if last_s >= scenario.until:
        key = "repeat" if action.repeat is not None else "at"
        wanted = f"an instant before the end at {spoken(scenario.until)}"
        yield file.problem((*loc, key), spoken(last_s), wanted)
    if action.do == "fault":
        yield from check_fault(file, loc, action, scenario, site)
        return
    if action.do not in VERBS:
        wanted = f"fault, or one of {', '.join(VERBS)}"
        yield file.problem((*loc, "do"), f"'{action.do}'", wanted, nearest(action.do, [*VERBS, "fault"]))
        return
    yield from _check_parameters(file, loc, action, site)


def _check_parameters(file: TomlFile, loc: KeyPath, action: Action, site: Site) -> Iterator[Problem]:
    model = parameters_model(action.do)
    try:
        model.model_validate(action.parameters)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            name = str(detail["loc"][0])
            if detail["type"] == "missing":
                yield file.problem(loc, f"no '{name}'", f"'{name}' for {action.do}")
            elif detail["type"] == "extra_forbidden":
                wanted = f"one of {', '.join(model.model_fields) or 'none'} for {action.do}"
                yield file.problem((*loc, name), f"the unknown key '{name}'", wanted, nearest(name, model.model_fields))
            else:
                yield wrong_value(file, (*loc, name), [detail])
    for parameter, where in ASSET_PARAMETERS.items():
        asset = action.parameters.get(parameter)
        known = list(getattr(site.hub, where))
        if isinstance(asset, str) and asset not in known:
            wanted = f"one of {', '.join(known) or 'none: this hub has no such asset'}"
            yield file.problem((*loc, parameter), f"'{asset}'", wanted, nearest(asset, known))


def _check_window(
    file: TomlFile, loc: KeyPath, expected: Expectation, scenario: Scenario, labels: set[str]
) -> Iterator[Problem]:
    if expected.after is not None and expected.after not in labels:
        wanted = f"the label of an action, or one of {', '.join(sorted(MODES))}"
        yield file.problem((*loc, "after"), f"'{expected.after}'", wanted, nearest(expected.after, labels))
        return
    base_s = next((action.at for action in scenario.timeline if action.label == expected.after), 0.0)
    for key, value_s in (("within", expected.within), ("at", expected.at), ("during", (expected.during or (0, 0))[1])):
        if value_s is not None and base_s + value_s > scenario.until + 1e-9:
            wanted = f"an end no later than the scenario's, {spoken(scenario.until)}"
            yield file.problem((*loc, key), spoken(base_s + value_s), wanted)
    given = [key for key in ("within", "at", "during") if getattr(expected, key) is not None]
    if len(given) > 1:
        yield file.problem((*loc, given[-1]), " and ".join(given), "one of within, at, during")


def _check_kind(
    file: TomlFile, loc: KeyPath, expected: Expectation, site: Site, signals: list[str]
) -> Iterator[Problem]:
    kind = expected.kind
    if kind in {"that", "always", "never"}:
        yield from _check_condition(file, (*loc, kind), getattr(expected, kind), site)
    elif kind == "metric" and expected.metric not in (known := metric_names(site)):
        hint = nearest(expected.metric or "", sorted(known))
        yield file.problem((*loc, "metric"), f"'{expected.metric}'", "the name of a metric of this hub", hint)
    elif kind == "event":
        yield from _check_event(file, loc, expected)
    elif expected.signal is not None:
        yield from _check_shape(file, loc, expected, signals)


def _check_condition(file: TomlFile, loc: KeyPath, text: str, site: Site) -> Iterator[Problem]:
    try:
        compile_condition(text, signals_of(site))
    except ExpressionError as error:
        yield file.problem(loc, error.word or f"'{text}'", str(error), error.hint)


def _check_event(file: TomlFile, loc: KeyPath, expected: Expectation) -> Iterator[Problem]:
    for key, known in (("event", [k.value for k in EventKind]), ("reason", [r.value for r in Reason])):
        word = getattr(expected, key)
        if word is not None and word not in known:
            yield file.problem((*loc, key), f"'{word}'", f"one of {', '.join(known)}", nearest(word, known))


def _check_shape(file: TomlFile, loc: KeyPath, expected: Expectation, signals: list[str]) -> Iterator[Problem]:
    if expected.signal not in signals:
        hint = nearest(expected.signal or "", signals)
        yield file.problem((*loc, "signal"), f"'{expected.signal}'", "a signal of this hub", hint)
    if expected.kind == "is_constant":
        return
    required, optional = PARAMETERS[expected.kind]
    given = set(getattr(expected, expected.kind))
    for name in sorted(given - required - optional):
        hint = nearest(name, required | optional)
        yield file.problem((*loc, expected.kind, name), f"the unknown key '{name}'", "a parameter of the shape", hint)
    for name in sorted(required - given):
        yield file.problem((*loc, expected.kind), f"no '{name}'", f"'{name}' for {expected.kind}")


def _contradictions(file: TomlFile, scenario: Scenario) -> Iterator[Problem]:
    """`always` and `never` of one thing in windows that overlap, and bounds of a metric that exclude each other."""
    for (_, one), (second, other) in combinations(enumerate(scenario.expect), 2):
        if _text(one) != _text(other) or one.after != other.after:
            continue
        if _is_lasting(one) and _is_lasting(other) and _is_meant(one) != _is_meant(other) and _overlap(one, other):
            loc = ("expect", second, other.kind)
            yield file.problem(loc, f"{other.kind} {_said(other)}", f"no contradiction to {one.kind} {_said(one)}")
        if one.kind == other.kind == "metric" and _exclude(one, other):
            loc = ("expect", second, "max" if other.min is None else "min")
            yield file.problem(loc, f"bounds of {_text(other)}", "no contradiction to those before")


def _said(expected: Expectation) -> str:
    return " ".join((expected.always or expected.never or "").split())


def _text(expected: Expectation) -> str:
    """What it is about, without a `not` in front."""
    text = " ".join((expected.always or expected.never or expected.metric or expected.that or "").split())
    found = NEGATED.fullmatch(text)
    return text if found is None else found["all"] or found["one"]


def _is_lasting(expected: Expectation) -> bool:
    return expected.kind in {"always", "never"}


def _is_meant(expected: Expectation) -> bool:
    """To be so, not to be otherwise."""
    text = (expected.always or expected.never or "").strip()
    return (expected.kind == "always") != bool(NEGATED.fullmatch(text))


def _overlap(one: Expectation, other: Expectation) -> bool:
    first, second = one.during or (0.0, float("inf")), other.during or (0.0, float("inf"))
    return first[0] < second[1] and second[0] < first[1]


def _exclude(one: Expectation, other: Expectation) -> bool:
    lows = [low for low in (one.min, other.min) if low is not None]
    highs = [high for high in (one.max, other.max) if high is not None]
    return bool(lows and highs) and max(lows) > min(highs)
