"""Every decision names its rule and what it looked at, and both can be told in three languages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from controller.commands.explaining import SYMBOLS, explanation, input_label, rule_text
from controller.commands.vocabulary import INPUTS, RULES, rule_names
from controller.config.load import load_site
from controller.config.paths import site_path
from controller.core.charge_fall import NEXT_S
from controller.core.resync import CLOSINGS_MAX
from controller.core.transitions import TRANSITIONS
from controller.guard.bounds import Bounds
from controller.model.advice import Advice, OperatorRequest, RequestKind
from controller.model.commands import Commands, Order, PoiCommand
from controller.model.decision import Event, Veto
from controller.model.image import PoiSeen, ProcessImage
from controller.model.memory import DurableMemory
from controller.model.phases import PhaseValues
from controller.model.reasons import EventKind, Reason
from controller.model.words import Authority, GensetState, Mode
from controller.uncertainty import Uncertainties
from controller.veto_inputs import veto_inputs
from hil_tests.plant.plant import PlantOptions
from hil_tests.simulation.bench import Bench
from hil_tests.tests.core.hubs import hub, islanded, with_battery
from hil_tests.tests.core.run import Run
from hil_tests.tests.core.test_closings_used import closed_so_often
from hil_tests.tests.test_every_row import STORIES, from_every_mode
from supervisor.labels import Labels
from supervisor.words import LANGUAGES, words

DECIDED = frozenset(
    {
        EventKind.MODE_CHANGED,
        EventKind.RECOVERED,
        EventKind.GRID_VERDICT,
        EventKind.ORDERED_OPEN,
        EventKind.ORDERED_CLOSE,
        EventKind.ORDERED_FORM,
        EventKind.ORDERED_STOP,
        EventKind.ORDERED_CRANK,
        EventKind.SHED,
        EventKind.RESTORED,
        EventKind.CONTACT_MEASURED,
        EventKind.ALARM,
        EventKind.LATCHED,
        EventKind.RELEASED,
        EventKind.REQUESTED,
        EventKind.REQUEST_REFUSED,
    }
)
FACTS = frozenset(
    (EventKind.ALARM, reason)
    for reason in (
        Reason.KEYS_UNSEEN,
        Reason.SETTINGS_NOT_FOLLOWED,
        Reason.FEEDER_STAYS_ON,
        Reason.FEEDER_UNSEEN,
    )
)  # an alarm over what is seen, or not: nobody has decided it


def of_stories() -> Iterator[Event]:
    for story in STORIES.values():
        run = Run(hub())
        story(run)
        yield from run.events
    yield from of_an_island_that_runs_low()
    yield from closed_so_often(CLOSINGS_MAX).events
    run = Run(hub())
    from_every_mode(TRANSITIONS[1])(run)
    yield from run.events


def of_an_island_that_runs_low() -> list[Event]:
    """Tiers go by energy, the genset is cranked, runs and is let go, one feeder carries too much, a person asks."""
    heavy = Run(hub())
    heavy.see(lambda t: with_battery(islanded(t, 75_000.0), power_w=PhaseValues.even(25_000.0)), 10.0)
    run = Run(hub())
    run.see(islanded, 0.2)
    run.see(lambda t: at_soc(8.0, islanded(t)), NEXT_S + 0.2)
    run.see(lambda t: with_genset(at_soc(8.0, islanded(t)), GensetState.LOADED), 0.2)
    run.see(lambda t: with_genset(at_soc(95.0, islanded(t)), GensetState.LOADED), 610.0)
    for number, kind in enumerate((RequestKind.START_GENSET, RequestKind.RELEASE_LATCH)):
        wish = OperatorRequest(str(number), kind, "genset", "duty", at_the_hub=False, expires_at_s=run.now_s + 5.0)
        run.see(islanded, advice=Advice(requests=(wish,)))
    return [*heavy.events, *run.events]


def at_soc(soc_pct: float, seen: ProcessImage) -> ProcessImage:
    return with_battery(with_battery(seen, soc_pct=soc_pct), "second", soc_pct=soc_pct)


def with_genset(seen: ProcessImage, state: GensetState) -> ProcessImage:
    gensets = {name: replace(genset, state=state) for name, genset in seen.gensets.items()}
    return replace(seen, gensets=gensets)


def of_a_night_with_little_energy() -> Iterator[Event]:
    bench = Bench.of(options=PlantOptions(irradiance_w_per_m2=0.0, soc_pct=47.0, demand_ratio=0.95))
    bench.run_to(Mode.GRID_CONNECTED)
    bench.run_for(0.5)
    bench.plant.grid.blackout()
    bench.run_to(Mode.ISLANDED)
    bench.plant.grid.returns()
    bench.run_to(Mode.GRID_CONNECTED)
    bench.run_for(8.0)
    return (event for _, event in bench.events)


@pytest.fixture(scope="module")
def told() -> list[Event]:
    return [*of_stories(), *of_a_night_with_little_energy()]


def test_every_decision_has_a_rule_and_inputs_and_a_mere_fact_has_none(told: list[Event]) -> None:
    for event in told:
        assert event.is_decision is (event.kind in DECIDED and (event.kind, event.reason) not in FACTS), event
        assert bool(event.inputs) is event.is_decision, event


def test_a_change_of_mode_names_its_row(told: list[Event]) -> None:
    rows = {row.rule for row in TRANSITIONS}
    for event in told:
        if event.kind in {EventKind.MODE_CHANGED, EventKind.RECOVERED}:
            assert event.rule in rows
            assert event.rule.startswith(f"{event.values['from']} -> {event.values['to']}: ")


def line(event: Event) -> dict[str, object]:
    return {
        "seq": 7,
        "boot": "b",
        "mono_s": 1.0,
        "unix_s": 1.8e9,
        "clock": "holdover",
        "kind": event.kind.value,
        "reason": event.reason.value,
        "subject": event.subject,
        "values": dict(event.values),
        "rule": event.rule,
        "inputs": dict(event.inputs),
        "uncertainty_s": 0.07,
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_of_it_has_words_in_every_language(told: list[Event], language: str) -> None:
    say = words(language)
    for event in told:
        if event.is_decision:
            name = event.rule.rpartition(": ")[2]
            assert name in rule_names()
            assert rule_text(line(event), say) != name
            assert [key for key in event.inputs if input_label(key, say) == key] == [], event
            assert max(map(len, explanation(line(event), [], Labels(None, say), say))) <= 100


def test_numbers_among_the_inputs_end_in_their_unit(told: list[Event]) -> None:
    counted = {"tier", "attempt"}
    for event in told:
        for key, value in event.inputs.items():
            if isinstance(value, float):
                assert key.rpartition("_")[2] in SYMBOLS, key
            elif isinstance(value, int) and not isinstance(value, bool):
                assert key.endswith("_count") or key in counted, key


def test_the_stories_reach_nearly_every_rule(told: list[Event]) -> None:
    reached = {event.rule.rpartition(": ")[2] for event in told}
    unreached = {"veto", "core_failed", "decided_late", "sync_relay_may", "emergency_on_top"}
    assert {row.when.__name__ for row in TRANSITIONS} <= reached | unreached
    rare = {"underfrequency", "pickup_collapse", "left_alone", "not_followed", "feeder_overdrawn", "battery_full"}
    rare |= {"genset_black_start", "left_to_the_grid", "beside_the_grid", "island_low_soc", "island_time_over"}
    rare |= {"island_cut_by_start"}
    rare |= {"genset_gives_way", "genset_feeds_street", "import_limited", "import_free"}
    assert set(RULES) - reached <= unreached | rare


def test_a_shed_set_is_told_with_what_made_it(told: list[Event]) -> None:
    shed = next(event for event in told if event.rule == "shed: prepared_shed" and event.subject == "ev_posts")
    assert "ev_posts" in str(shed.inputs["shed_set"]).split()
    assert shed.inputs["former"] == "battery_main"
    assert shed.inputs["former_rating_va"] == 60_000.0
    assert {"net_import_l1_w", "load_w", "soc_pct", "tier"} <= set(shed.inputs)


def test_the_contact_is_told_as_the_instrument_saw_it(told: list[Event]) -> None:
    contact = [event for event in told if event.rule == "close: contact_measured"][-1]  # of the night, with a plant
    worst_deg, before_deg, gap_s = (contact.inputs[name] for name in ("contact_angle_deg", "angle_deg", "sample_gap_s"))
    assert isinstance(worst_deg, float)
    assert isinstance(before_deg, float)
    assert isinstance(gap_s, float)
    assert abs(before_deg) <= abs(worst_deg) <= 10.0
    assert 0.0 < gap_s <= 0.5
    assert contact.values["contact_angle_deg"] == worst_deg


def test_the_closing_is_told_with_its_window(told: list[Event]) -> None:
    closing = next(event for event in told if event.rule == "close: in_sync_window")
    angle_deg, limit_deg = closing.inputs["angle_deg"], closing.inputs["angle_limit_deg"]
    assert isinstance(angle_deg, float)
    assert isinstance(limit_deg, float)
    assert abs(angle_deg) <= limit_deg


SITE = load_site(site_path("musterhallig"))


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason.value.startswith("veto_")])
def test_a_veto_is_told_with_what_stood_against_it(reason: Reason) -> None:
    durable = DurableMemory(authority=Authority.AUTO)
    bounds = Bounds(
        hub=SITE.hub,
        envelope=SITE.envelope,
        authority=durable.authority,
        latched=frozenset(),
        held_open=frozenset(),
        shed_by_us=frozenset(),
        released=frozenset(),
        attempts=(),
    )
    seen = ProcessImage(poi=PoiSeen(measured_at_s=9.0, grid_voltage_v=PhaseValues.even(12.0), angle_difference_deg=9.0))
    wanted = Commands(poi=PoiCommand(close=Order(Reason.SYNC_WINDOW, 9.5, 11.0, 2)))
    inputs = veto_inputs(Veto("poi", reason), wanted, seen, bounds, 10.0)
    assert (inputs["ordered"], inputs["attempt"]) == ("close", 2)
    assert len(inputs) > 3
    for key in inputs:
        assert input_label(key, words("en")) != key
    event = Event(EventKind.VETOED, reason, "poi", {}, f"guard: {reason.value}", inputs)
    for language in LANGUAGES:
        assert reason.value not in rule_text(line(event), words(language))


def test_what_was_seen_is_uncertain_by_its_poll_and_what_we_did_is_not() -> None:
    of = Uncertainties(SITE).of
    assert of(Event(EventKind.POSITION_CHANGED, Reason.TRIPPED, "water")) == pytest.approx(0.45)
    assert of(Event(EventKind.GRID_VERDICT, Reason.GRID_DEAD, "grid")) == pytest.approx(0.07)
    assert of(Event(EventKind.ORDERED_OPEN, Reason.GRID_DEAD, "poi")) is None
    assert of(Event(EventKind.POSITION_CHANGED, Reason.TRIPPED, "nobody")) is None


def test_every_input_in_the_vocabulary_has_words() -> None:
    assert [name for name in INPUTS if not words("de").has(f"input.{name}")] == []
