"""What the shape of a scenario cannot say: verbs, assets, signals, instants and expectations against the hub."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from pydantic import ValidationError

from controller.config.errors import Problem, nearest
from controller.config.toml_file import TomlFile
from controller.config.toml_places import KeyPath
from controller.config.types import Site
from controller.config.wording import written_as, wrong_value
from controller.model.reasons import EventKind, Reason
from controller.model.words import Mode
from hil_tests.bench.contradictions import contradictions
from hil_tests.bench.durations import spoken
from hil_tests.bench.expressions import ExpressionError, compile_condition
from hil_tests.bench.hardware import check_hardware
from hil_tests.bench.plant_options import check_plant
from hil_tests.bench.predicates import PARAMETERS
from hil_tests.bench.scenario import Action, Expectation, Scenario
from hil_tests.bench.shape import Shaped
from hil_tests.bench.signals import not_a_signal, signals_of
from hil_tests.bench.verbs import ASSET_PARAMETERS, VERBS, parameters_model
from hil_tests.checkers.catalogue import all_checkers
from hil_tests.checkers.metrics import metric_names
from hil_tests.faults.checks import check_fault

REQUESTED = {"open_feeder": "feeders", "close_feeder": "feeders", "start_genset": "gensets", "stop_genset": "gensets"}
SUBJECTS: Mapping[str, Callable[[Site], Iterable[str]]] = {  # of what is only ever said of these
    "shed": lambda site: site.hub.feeders,
    "restored": lambda site: site.hub.feeders,
    "device": lambda site: site.devices,
}
MODES = frozenset(f"mode.{mode.value}" for mode in Mode)


def check_scenario(file: TomlFile, scenario: Scenario, site: Site, read: Shaped) -> Iterator[Problem]:
    """Everything that is wrong with it on this hub; of what could not be read it has been told."""
    for number, action in enumerate(scenario.timeline):
        if read.is_there("timeline", number):
            yield from check_action(file, ("timeline", number), action, scenario, site)
    labels = [*labels_of(scenario), *_lost_labels(file, read)]
    signals = signals_of(site)
    for number, expected in enumerate(scenario.expect):
        loc = ("expect", number)
        if not read.is_there(*loc):
            continue
        yield from _check_window(file, loc, expected, scenario, labels)
        if expected.name is not None and labels.count(expected.name) > 1:
            yield file.problem((*loc, "name"), f"'{expected.name}'", "a name that nothing else has")
        yield from check_kind(file, loc, expected, site, list(signals))
    yield from contradictions(file, scenario, read)
    if scenario.stop_when is not None:
        yield from _check_condition(file, ("stop_when",), scenario.stop_when, site)
    yield from check_exceptions(file, scenario)
    yield from _check_breaks(file, scenario)
    yield from check_hardware(file, scenario, site)
    yield from check_plant(file, scenario, site)


def labels_of(scenario: Scenario) -> list[str]:
    """What an `after` may name; what has no name of its own is called by what it does."""
    actions = [action.label for action in scenario.timeline]
    actions += [meant for action in scenario.timeline if action.name is None and (meant := meant_verb(action.do))]
    ends = [
        f"{action.label}.end" for action in scenario.timeline if action.do == "fault" and "for" in action.parameters
    ]
    waits = [expected.name for expected in scenario.expect if expected.name is not None]
    return [*actions, *ends, *waits, *MODES]


def meant_verb(word: str) -> str:
    """The verb that somebody had in mind who wrote something else; nothing when none is alike."""
    return "" if word in {*VERBS, "fault"} else nearest(word, [*VERBS, "fault"])


def _lost_labels(file: TomlFile, read: Shaped) -> Iterator[str]:
    """What an `after` may have meant: the names of what could not be read."""
    for section, number, *_ in (loc for loc in read.lost if len(loc) > 1 and loc[0] in {"timeline", "expect"}):
        for key in ("name", "do"):
            label = file.value((section, number, key))
            if isinstance(label, str):
                yield from (label, f"{label}.end")


def check_action(file: TomlFile, loc: KeyPath, action: Action, scenario: Scenario, site: Site) -> Iterator[Problem]:
    """One line of the timeline."""
    last_s = action.instants_s[-1]
    if last_s >= scenario.until:
        key = "repeat" if action.repeat is not None else "at"
        wanted = f"an instant before the end at {spoken(scenario.until)}"
        yield file.problem((*loc, key), spoken(last_s), wanted)
    if action.do == "fault":
        yield from check_fault(file, loc, action, scenario, site)
        return
    if action.do not in VERBS:
        meant = meant_verb(action.do)
        family = [verb for verb in VERBS if meant and verb.partition(".")[0] == meant.partition(".")[0]]
        more = f" ({len(VERBS) - len(family)} more)" if family else ""
        wanted = f"fault, or one of {', '.join(family or VERBS)}{more}"
        yield file.problem((*loc, "do"), f"'{action.do}'", wanted, meant)
        yield from _check_assets(file, loc, action, site)
        return
    yield from _check_parameters(file, loc, action, site)


def _check_parameters(file: TomlFile, loc: KeyPath, action: Action, site: Site) -> Iterator[Problem]:
    model = parameters_model(action.do)
    try:
        model.model_validate(action.parameters)
    except ValidationError as error:
        details = error.errors(include_url=False)
        unknown = [str(detail["loc"][0]) for detail in details if detail["type"] == "extra_forbidden"]
        for detail in details:
            name = str(detail["loc"][0])
            if detail["type"] == "missing" and nearest(name, unknown):
                continue  # one slip of the pen, one problem
            if detail["type"] == "missing":
                yield file.problem(loc, f"no '{name}'", f"'{name}' for {action.do}")
            elif detail["type"] == "extra_forbidden":
                wanted = f"one of {', '.join(model.model_fields) or 'none'} for {action.do}"
                yield file.problem((*loc, name), f"the unknown key '{name}'", wanted, nearest(name, model.model_fields))
            elif detail["type"] == "enum":
                words = re.findall(r"'([^']+)'", str(detail.get("ctx", {}).get("expected", "")))
                found = written_as(action.parameters[name])
                yield file.problem(
                    (*loc, name), found, f"one of {', '.join(words)}", _near(action.parameters[name], words)
                )
            else:
                yield wrong_value(file, (*loc, name), [detail])
    yield from _check_request(file, loc, action, site)
    yield from _check_assets(file, loc, action, site)


def _check_assets(file: TomlFile, loc: KeyPath, action: Action, site: Site) -> Iterator[Problem]:
    """Feeders and sources that the hub does not have, whatever the verb."""
    for parameter, where in ASSET_PARAMETERS.items():
        asset = action.parameters.get(parameter)
        known = list(getattr(site.hub, where))
        if isinstance(asset, str) and asset not in known:
            wanted = f"one of {', '.join(known) or 'none: this hub has no such asset'}"
            yield file.problem((*loc, parameter), f"'{asset}'", wanted, nearest(asset, known))


def _near(value: object, words: list[str]) -> str:
    """Capitals are no difference."""
    return nearest(str(value).lower(), words)


def _check_request(file: TomlFile, loc: KeyPath, action: Action, site: Site) -> Iterator[Problem]:
    """Whom a person asks about: `subject` is a feeder, or a genset."""
    request, subject = action.parameters.get("request"), action.parameters.get("subject")
    kind = REQUESTED.get(str(request)) if action.do == "operator" else None
    known = [*getattr(site.hub, kind)] if kind is not None else []
    if kind is not None and subject not in known:
        place = loc if subject is None else (*loc, "subject")
        found = "no 'subject'" if subject is None else f"'{subject}'"
        wanted = f"one of {', '.join(known) or 'none: this hub has no such asset'}"
        yield file.problem(place, found, wanted, nearest(str(subject or ""), known))


def check_exceptions(file: TomlFile, scenario: Scenario) -> Iterator[Problem]:
    """Invariants that are left out must exist, and there must be a reason."""
    known = [checker.about.id for checker in all_checkers()]
    for name, why in scenario.except_invariants.items():
        if name not in known:
            yield file.problem(
                ("except_invariants", name), f"'{name}'", f"one of {', '.join(known)}", nearest(name, known)
            )
        elif not why.strip():
            yield file.problem(("except_invariants", name), '""', "the reason why it does not hold here")


def _check_breaks(file: TomlFile, scenario: Scenario) -> Iterator[Problem]:
    known = [checker.about.id for checker in all_checkers()]
    known += [f"expect.{number}" for number in range(1, len(scenario.expect) + 1)]
    for number, entry in enumerate(scenario.breaks):
        where, name = ("", *entry.split(" ", 1))[-2:]
        if name not in known:
            yield file.problem(("breaks", number), f"'{name}'", f"one of {', '.join(known)}", nearest(name, known))
        if where and scenario.tiers and where not in {tier.value for tier in scenario.tiers}:
            yield file.problem(("breaks", number), f"'{where}'", "nothing, or one of the scenario's tiers, before it")


def _check_window(
    file: TomlFile, loc: KeyPath, expected: Expectation, scenario: Scenario, labels: list[str]
) -> Iterator[Problem]:
    if expected.after is not None and expected.after not in labels:
        unknown = {action.do for action in scenario.timeline if action.name is None and meant_verb(action.do)}
        labels = [label for label in dict.fromkeys(labels) if label not in unknown]
        known = [label for label in labels if label not in MODES]
        wanted = f"one of {', '.join([*known, *sorted(MODES)])}"
        yield file.problem((*loc, "after"), f"'{expected.after}'", wanted, nearest(expected.after, labels))
        return
    instants = {action.at for action in scenario.timeline if action.label == expected.after}
    if len(instants) > 1:
        found = f"'{expected.after}', which {len(instants)} lines of the timeline are called"
        yield file.problem((*loc, "after"), found, "a `name` for the line that is meant")
    base_s = next((action.at for action in scenario.timeline if action.label == expected.after), 0.0)
    given = [key for key in ("within", "at", "during") if getattr(expected, key) is not None]
    spans_s = {"within": expected.within, "at": expected.at, "during": (expected.during or (0.0, 0.0))[1]}
    for key in given or ["after"]:
        end_s = base_s + (spans_s.get(key) or 0.0)
        if end_s > scenario.until + 1e-9:
            wanted = f"an end no later than the scenario's, {spoken(scenario.until)}"
            yield file.problem((*loc, key), spoken(end_s), wanted)
    if len(given) > 1:
        yield file.problem((*loc, given[-1]), " and ".join(given), "one of within, at, during")


def check_kind(
    file: TomlFile, loc: KeyPath, expected: Expectation, site: Site, signals: list[str]
) -> Iterator[Problem]:
    """What an expectation speaks of."""
    kind = expected.kind
    if kind in {"that", "wait_until", "always", "never"}:
        yield from _check_condition(file, (*loc, kind), getattr(expected, kind), site)
    elif kind == "metric" and expected.metric not in (known := metric_names(site)):
        hint = nearest(expected.metric or "", sorted(known))
        wanted = "the name of a metric of this hub" + ("" if hint else f": {', '.join(sorted(known))}")
        yield file.problem((*loc, "metric"), f"'{expected.metric}'", wanted, hint)
    elif kind == "event":
        yield from _check_event(file, loc, expected, site)
    elif expected.signal is not None:
        yield from _check_shape(file, loc, expected, signals)


def _check_condition(file: TomlFile, loc: KeyPath, text: str, site: Site) -> Iterator[Problem]:
    try:
        compile_condition(text, signals_of(site))
    except ExpressionError as error:
        yield file.problem(loc, error.word or f"'{text}'", str(error), error.hint)


def _check_event(file: TomlFile, loc: KeyPath, expected: Expectation, site: Site) -> Iterator[Problem]:
    for key, known in (("event", [k.value for k in EventKind]), ("reason", [r.value for r in Reason])):
        word = getattr(expected, key)
        if word is not None and word not in known:
            yield file.problem((*loc, key), f"'{word}'", f"one of {', '.join(known)}", nearest(word, known))
    where = SUBJECTS.get(expected.event or "")
    if where is not None and expected.subject not in {None, *(known := [*where(site)])}:
        hint = nearest(expected.subject or "", known)
        yield file.problem((*loc, "subject"), f"'{expected.subject}'", f"one of {', '.join(known)}", hint)
        return
    subjects = [*site.bindings, *site.devices]
    meant = nearest(expected.subject or "", subjects) if expected.subject not in subjects else ""
    if meant:  # what else the log speaks of is not listed anywhere: only what looks like a slip is one
        yield file.problem((*loc, "subject"), f"'{expected.subject}'", "an asset or device of this hub", meant)


def _check_shape(file: TomlFile, loc: KeyPath, expected: Expectation, signals: list[str]) -> Iterator[Problem]:
    if expected.signal not in signals:
        word, wanted, hint = not_a_signal(expected.signal or "", signals)
        yield file.problem((*loc, "signal"), f"'{word}'", wanted, hint)
    if expected.kind == "is_constant":
        return
    required, optional = PARAMETERS[expected.kind]
    given = set(getattr(expected, expected.kind))
    for name in sorted(given - required - optional):
        hint = nearest(name, required | optional)
        yield file.problem((*loc, expected.kind, name), f"the unknown key '{name}'", "a parameter of the shape", hint)
    for name in sorted(required - given):
        yield file.problem((*loc, expected.kind), f"no '{name}'", f"'{name}' for {expected.kind}")
