"""Batteries, PV and gensets, and the earthing that they need: whether an island can form, steer and end well."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

from controller.config.capacity import curve_of, formers
from controller.config.draft import Draft
from controller.config.errors import Problem
from controller.config.schema import SourceEntry


def _sources(draft: Draft) -> Iterator[tuple[str, str, SourceEntry]]:
    sections: tuple[tuple[str, Mapping[str, SourceEntry]], ...] = (
        ("batteries", draft.site.batteries),
        ("gensets", draft.site.gensets),
    )
    for section, entries in sections:
        for name, entry in entries.items():
            yield section, name, entry


def _somebody_can_form(draft: Draft) -> Iterator[Problem]:
    if draft.is_sound("batteries") and not formers(draft):
        yield draft.file.problem(("batteries",), "no battery with can_form on the island side", "at least one")


def _former_takes_the_order(draft: Draft) -> Iterator[Problem]:
    for name in formers(draft):
        device = draft.device_of(name, "mode_set")
        if device is None:
            continue
        words = (device.table.points[draft.bindings[name].writes["mode_set"].point].enum or {}).values()
        if words and "grid_forming" not in words:
            found = f"true, but 'mode_set' of '{device.name}' knows only {', '.join(words)}"
            yield draft.file.problem(("batteries", name, "can_form"), found, "a device that can be told to form")


def _former_says_what_it_carries(draft: Draft) -> Iterator[Problem]:
    for name, entry in formers(draft).items():
        device = draft.device_of(name, "mode_set")
        if device is not None and not curve_of(entry, device) and draft.is_sound("batteries", name):
            wanted = "what the inverter carries for seconds, as a list of load_ratio and hold_s, here or in its table"
            yield draft.file.problem(("batteries", name, "short_time"), "nothing", wanted)
        for index, (before, after) in enumerate(pairwise(entry.short_time), start=1):
            if after.load_ratio <= before.load_ratio or after.hold_s >= before.hold_s:
                found = (
                    f"{after.load_ratio:g} for {after.hold_s:g} s after {before.load_ratio:g} for {before.hold_s:g} s"
                )
                yield draft.file.problem(("batteries", name, "short_time", index), found, "more load for less time")


def _curve_has_a_source(draft: Draft) -> Iterator[Problem]:
    for name, entry in draft.site.batteries.items():
        if entry.short_time and entry.short_time_source is None:
            wanted = "where the curve is written: the inverter's manual and page"
            yield draft.file.warning(("batteries", name, "short_time_source"), "nothing", wanted)


def _facts_have_a_source(draft: Draft) -> Iterator[Problem]:
    for name, entry in draft.site.batteries.items():
        if entry.shifts_frequency and entry.shifts_frequency_source is None:
            wanted = "where it is written that it does so by itself: the manual and page, or a test"
            yield draft.file.warning(("batteries", name, "shifts_frequency_source"), "nothing", wanted)
        if entry.gives_up_soc_pct is not None and entry.gives_up_source is None:
            wanted = "where it is written: the inverter's or the battery's manual and page"
            yield draft.file.warning(("batteries", name, "gives_up_source"), "nothing", wanted)


def _source_has_what_it_can_set(draft: Draft) -> Iterator[Problem]:
    for section, name, entry in _sources(draft):
        for key, point in (("can_set_frequency", "frequency_set_hz"), ("can_set_voltage", "voltage_set_v")):
            binding = draft.bindings.get(name)
            if getattr(entry, key) and binding is not None and binding.writes and point not in binding.writes:
                wanted = f"a source with the point '{point}'"
                yield draft.file.problem((section, name, key), "true", wanted, "false")


def _parallel_means_can(draft: Draft) -> Iterator[Problem]:
    for name, entry in draft.site.batteries.items():
        if entry.forms_in_parallel and not (entry.can_form and entry.can_set_frequency and entry.can_set_voltage):
            wanted = "can_form, can_set_frequency and can_set_voltage = true beside it"
            yield draft.file.problem(("batteries", name, "forms_in_parallel"), "true", wanted, "false")


def _always_forms_wants_detection(draft: Draft) -> Iterator[Problem]:
    """It holds a dead street up inside every band, where we cannot tell it from a grid: docs/safety.md."""
    always = [name for name, entry in formers(draft).items() if entry.always_forms]
    if always and draft.site.poi is not None and draft.site.poi.active_detection is None:
        found = f"nothing, and '{always[0]}' always forms"
        wanted = "which relay finds an island with active detection and opens the POI, and its certificate"
        yield draft.file.problem(("poi", "active_detection"), found, wanted)


def _always_forms_means_can(draft: Draft) -> Iterator[Problem]:
    for section, name, entry in _sources(draft):
        if entry.always_forms and not entry.can_form:
            yield draft.file.problem((section, name, "always_forms"), "true", "can_form = true beside it", "false")


def _controller_can_steer(draft: Draft) -> Iterator[Problem]:
    """Who times the closing must be able to bring the angle round."""
    poi, able = draft.site.poi, formers(draft)
    if poi is None or poi.closed_by != "controller" or not able or not draft.is_sound("batteries"):
        return
    if not any(entry.can_set_frequency for entry in able.values()):
        wanted = "a forming battery with can_set_frequency, to steer into step"
        yield draft.file.problem(("poi", "closed_by"), '"controller"', wanted, "open_transition")


def _charge_levels_rise(draft: Draft) -> Iterator[Problem]:
    for name, entry in draft.site.batteries.items():
        for low, high in (("empty_soc_pct", "reserve_soc_pct"), ("reserve_soc_pct", "full_soc_pct")):
            yield from _rises(draft, ("batteries", name), entry, low, high)
    for name, genset in draft.site.gensets.items():
        yield from _rises(draft, ("gensets", name), genset, "start_below_soc_pct", "stop_above_soc_pct")


def _rises(draft: Draft, loc: tuple[str, ...], entry: object, low: str, high: str) -> Iterator[Problem]:
    if getattr(entry, low) >= getattr(entry, high):
        wanted = f"less than {high}, which is {getattr(entry, high):g}"
        yield draft.file.problem((*loc, low), f"{getattr(entry, low):g}", wanted)


def _genset_can_carry_its_least(draft: Draft) -> Iterator[Problem]:
    for name, entry in draft.site.gensets.items():
        if entry.min_load_w > entry.rating_va:
            wanted = f"at most its rating, {entry.rating_va:g} VA"
            yield draft.file.problem(("gensets", name, "min_load_w"), f"{entry.min_load_w:g}", wanted)


def _phases_differ(draft: Draft) -> Iterator[Problem]:
    site = draft.site
    for section in ("batteries", "pv", "gensets", "feeders"):
        for name, entry in getattr(site, section).items():
            if len(set(entry.phases)) != len(entry.phases):
                found = f"[{', '.join(entry.phases)}]"
                yield draft.file.problem((section, name, "phases"), found, "each phase once")


def _earthing_is_complete(draft: Draft) -> Iterator[Problem]:
    earthing = draft.site.earthing
    if earthing is None:
        return
    has = {"relay": earthing.relay is not None, "from": earthing.source is not None}
    for key, is_there in has.items():
        if earthing.kind == "switched_by_us" and not is_there and draft.is_sound("earthing"):
            wanted = "a value: the relay that we switch, since kind is switched_by_us"
            yield draft.file.problem(("earthing", key), "nothing", wanted)
        if earthing.kind == "permanent" and is_there:
            wanted = "no relay, since kind is permanent"
            yield draft.file.problem(("earthing", key), f"the key '{key}'", wanted)


CHECKS: tuple[Callable[[Draft], Iterator[Problem]], ...] = (
    _somebody_can_form,
    _former_takes_the_order,
    _former_says_what_it_carries,
    _curve_has_a_source,
    _facts_have_a_source,
    _source_has_what_it_can_set,
    _always_forms_wants_detection,
    _always_forms_means_can,
    _parallel_means_can,
    _controller_can_steer,
    _charge_levels_rise,
    _genset_can_carry_its_least,
    _phases_differ,
    _earthing_is_complete,
)
