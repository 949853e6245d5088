"""Two of the four lawful closings: a live grid onto a proven dead bus, and dead onto dead with every source stopped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.guard import rules
from controller.guard.memory import GuardMemory
from controller.guard.proof import Case
from controller.guard.rules import Ask
from controller.guard.vet import Verdict
from controller.model.commands import BatteryCommand, Commands, GensetCommand, PoiCommand
from controller.model.hub import Hub
from controller.model.image import GensetSeen, ProcessImage
from controller.model.phases import ZERO, PhaseValues
from controller.model.reasons import Reason
from controller.model.words import BreakerPosition, GensetState, GridSource, InverterMode, SettingsGroup, Switcher
from hil_tests.tests.guard.hubs import HUB, hub_closed_by, hub_with_poi
from hil_tests.tests.guard.scene import (
    CYCLE_S,
    LIVE,
    NOTHING,
    OPEN,
    Watch,
    dark,
    reasons,
    watch_after,
    with_battery,
    with_genset,
    with_poi,
)

LEFT_CLOSED = hub_with_poi(is_closed_unattended=True)
PROOF_S = 0.5


def all_dead() -> ProcessImage:
    """Both sides dead, every source off or following nothing, the relay back on its grid settings."""
    seen = with_poi(dark(), settings_group=SettingsGroup.GRID)
    for battery in HUB.batteries:
        seen = with_battery(seen, battery, mode=InverterMode.OFF, voltage_v=ZERO)
    return seen


def grid_beside() -> ProcessImage:
    """The same, and the grid has come back."""
    return with_poi(all_dead(), grid_voltage_v=LIVE, grid_frequency_hz=50.0)


def stopping(close: PoiCommand, **more: object) -> Commands:
    """Close, with every source that can form told to stop."""
    formers = [battery.id for battery in HUB.batteries.values() if battery.capabilities.can_form]
    return replace(Commands(poi=close, batteries={b: BatteryCommand(stop=True) for b in formers}), **more)  # type: ignore[arg-type]


def ask(seen: ProcessImage, watch: Watch | None = None, **more: object) -> Verdict:
    """Half a second of this picture, then the order."""
    watch = watch or Watch()
    watch.sees_for(seen, PROOF_S)
    return watch.sees(seen, stopping(PoiCommand(close=watch.order()), **more))


@pytest.mark.parametrize("kind", [Switcher.CONTROLLER, Switcher.OPEN_TRANSITION])
def test_a_live_grid_closes_onto_a_proven_dead_bus(kind: Switcher) -> None:
    verdict = ask(grid_beside(), Watch(hub=hub_closed_by(kind)))
    assert verdict.vetoes == ()
    assert verdict.allowed.poi.close is not None


@pytest.mark.parametrize("kind", [Switcher.SYNC_RELAY, Switcher.DEVICE])
def test_who_closes_by_another_hand_is_not_told_to(kind: Switcher) -> None:
    assert ask(grid_beside(), Watch(hub=hub_closed_by(kind))).allowed.poi.close is None


def test_a_way_of_closing_that_knows_no_sync_never_closes_onto_a_live_bus() -> None:
    live = with_poi(grid_beside(), bus_voltage_v=LIVE, bus_frequency_hz=50.0, angle_difference_deg=0.0)
    assert reasons(ask(live, Watch(hub=hub_closed_by(Switcher.OPEN_TRANSITION)))) == [Reason.VETO_OUT_OF_SYNC]


def test_dead_is_what_has_been_dead_for_half_a_second() -> None:
    watch = Watch()
    live = with_poi(grid_beside(), bus_voltage_v=LIVE)
    watch.sees(live)
    for _ in range(round(PROOF_S / CYCLE_S)):
        assert reasons(watch.sees(grid_beside(), stopping(PoiCommand(close=watch.order())))) == [
            Reason.VETO_OUT_OF_SYNC
        ]
    assert reasons(watch.sees(grid_beside(), stopping(PoiCommand(close=watch.order())))) == []


def test_a_dead_sample_that_is_old_proves_nothing() -> None:
    watch = Watch()
    for _ in range(20):
        watch.sees(grid_beside(), age_s=1.0)
    assert reasons(watch.sees(grid_beside(), stopping(PoiCommand(close=watch.order())))) == [Reason.VETO_OUT_OF_SYNC]


def test_an_old_sample_breaks_the_run() -> None:
    watch = Watch()
    watch.sees_for(grid_beside(), PROOF_S)
    watch.sees(grid_beside(), age_s=1.0)
    assert reasons(watch.sees(grid_beside(), stopping(PoiCommand(close=watch.order())))) == [Reason.VETO_OUT_OF_SYNC]


def test_a_source_that_sees_voltage_outvotes_the_instrument() -> None:
    seen = with_battery(grid_beside(), voltage_v=PhaseValues(0.0, 0.0, 100.0))
    assert reasons(ask(seen)) == [Reason.VETO_OUT_OF_SYNC]
    assert reasons(ask(with_battery(grid_beside(), voltage_v=None))) == []


def test_one_phase_of_the_bus_is_enough_to_refuse() -> None:
    seen = with_poi(grid_beside(), bus_voltage_v=PhaseValues(0.0, 100.0, 0.0))
    assert reasons(ask(seen)) == [Reason.VETO_OUT_OF_SYNC]


def test_who_forms_forbids_it() -> None:
    seen = with_battery(grid_beside(), mode=InverterMode.GRID_FORMING)
    assert reasons(ask(seen)) == [Reason.VETO_SECOND_FORMER]


@pytest.mark.parametrize("state", [GensetState.STARTING, GensetState.READY, GensetState.LOADED])
def test_a_genset_that_comes_or_runs_forbids_it(state: GensetState) -> None:
    assert reasons(ask(with_genset(grid_beside(), state))) == [Reason.VETO_SECOND_FORMER]


@pytest.mark.parametrize("state", [GensetState.STOPPED, GensetState.COOLING, GensetState.FAULT, None])
def test_a_genset_that_is_not_on_forbids_nothing(state: GensetState | None) -> None:
    assert reasons(ask(with_genset(grid_beside(), state))) == []


def test_a_genset_that_nobody_has_in_the_image_forbids_nothing() -> None:
    assert reasons(ask(replace(grid_beside(), gensets={}))) == []


def test_one_genset_of_two_is_enough() -> None:
    seen = with_genset(grid_beside(), GensetState.LOADED)
    two = replace(seen, gensets={**seen.gensets, "other": GensetSeen(0.0, GensetState.STOPPED, ZERO, 150.0)})
    assert reasons(ask(two)) == [Reason.VETO_SECOND_FORMER]


def test_a_battery_that_cannot_form_need_not_be_stopped() -> None:
    main = HUB.batteries["main"]
    follower = replace(main, id="follower", capabilities=replace(main.capabilities, can_form=False))
    hub = replace(HUB, batteries={**HUB.batteries, "follower": follower})
    assert reasons(ask(grid_beside(), Watch(hub=hub))) == []


def test_a_crank_in_the_same_breath_forbids_it() -> None:
    watch = Watch()
    watch.sees_for(grid_beside(), PROOF_S)
    order = watch.order()
    verdict = watch.sees(
        grid_beside(), stopping(PoiCommand(close=order), gensets={"genset": GensetCommand(crank=order)})
    )
    assert poi_reasons(verdict) == [Reason.VETO_SECOND_FORMER]


def poi_reasons(verdict: Verdict) -> list[Reason]:
    return [veto.reason for veto in verdict.vetoes if veto.subject == "poi"]


def test_a_former_that_is_not_told_to_stop_forbids_it() -> None:
    formers = [battery.id for battery in HUB.batteries.values() if battery.capabilities.can_form]
    for left_out in formers:
        rest = {b: BatteryCommand(stop=True) for b in formers if b != left_out}
        assert poi_reasons(ask(grid_beside(), batteries=rest)) == [Reason.VETO_SECOND_FORMER]
        followed = rest | {left_out: BatteryCommand(follow=True)}
        assert poi_reasons(ask(grid_beside(), batteries=followed)) == [Reason.VETO_SECOND_FORMER]


REFUSED = [
    ({"grid_frequency_hz": None}, Reason.VETO_GRID_NOT_OK),
    ({"grid_frequency_hz": 52.0}, Reason.VETO_GRID_NOT_OK),
    ({"grid_voltage_v": None}, Reason.VETO_GRID_NOT_OK),
    ({"grid_voltage_v": PhaseValues(230.0, 230.0, 0.0)}, Reason.VETO_GRID_NOT_OK),
    ({"source": GridSource.GENSET}, Reason.VETO_GRID_NOT_OK),
    ({"settings_group": SettingsGroup.ISLAND}, Reason.VETO_ISLAND_SETTINGS),
    ({"position": None}, Reason.VETO_STALE),
    ({"position": BreakerPosition.BAD}, Reason.VETO_STALE),
    ({"dso_lock": True}, Reason.VETO_LOCKED_OUT),
    ({"bus_voltage_v": None}, Reason.VETO_OUT_OF_SYNC),
]


@pytest.mark.parametrize("row", REFUSED)
@pytest.mark.parametrize("kind", [Switcher.CONTROLLER, Switcher.OPEN_TRANSITION])
def test_each_missing_condition_refuses_by_itself(kind: Switcher, row: tuple[dict[str, object], Reason]) -> None:
    change, reason = row
    verdict = ask(with_poi(grid_beside(), **change), Watch(hub=hub_closed_by(kind)))
    assert reasons(verdict) == [reason]
    assert verdict.allowed.poi.close is None


def test_the_emergency_off_and_people_forbid_it_too() -> None:
    assert poi_reasons(ask(replace(grid_beside(), emergency_off=True))) == [Reason.VETO_EMERGENCY_OFF]
    assert poi_reasons(ask(replace(grid_beside(), local_control=True))) == [Reason.VETO_LOCKED_OUT]
    assert poi_reasons(ask(grid_beside(), Watch(latched=frozenset({"poi_close"})))) == [Reason.VETO_LOCKED_OUT]


def test_wear_counts_as_for_every_other_closing() -> None:
    watch = Watch()
    assert reasons(ask(grid_beside(), watch)) == []
    assert reasons(watch.sees(grid_beside(), stopping(PoiCommand(close=watch.order())))) == [Reason.VETO_HAMMERING]


# ---- dead onto dead


@pytest.mark.parametrize("kind", [Switcher.CONTROLLER, Switcher.OPEN_TRANSITION])
def test_a_site_that_wants_it_is_left_closed(kind: Switcher) -> None:
    hub = hub_closed_by(kind)
    left = replace(hub, poi=replace(hub.poi, is_closed_unattended=True))
    verdict = ask(all_dead(), Watch(hub=left))
    assert verdict.vetoes == ()
    assert verdict.allowed.poi.close is not None


def test_any_other_site_is_left_open() -> None:
    assert reasons(ask(all_dead())) == [Reason.VETO_NOT_OURS]


def test_dead_onto_dead_asks_for_every_source_too() -> None:
    seen = with_battery(all_dead(), mode=InverterMode.GRID_FORMING)
    assert reasons(ask(seen, Watch(hub=LEFT_CLOSED))) == [Reason.VETO_SECOND_FORMER]


@pytest.mark.parametrize("grid_v", [None, PhaseValues(0.0, 60.0, 0.0), PhaseValues.even(100.0)])
def test_a_line_that_half_lives_is_neither(grid_v: PhaseValues | None) -> None:
    assert reasons(ask(with_poi(all_dead(), grid_voltage_v=grid_v), Watch(hub=LEFT_CLOSED))) == [
        Reason.VETO_GRID_NOT_OK
    ]


def test_wear_counts_here_as_well() -> None:
    watch = Watch(hub=LEFT_CLOSED)
    assert reasons(ask(all_dead(), watch)) == []
    assert reasons(watch.sees(all_dead(), stopping(PoiCommand(close=watch.order())))) == [Reason.VETO_HAMMERING]


def test_an_old_sample_of_a_dead_line_is_none() -> None:
    watch = Watch(hub=LEFT_CLOSED)
    watch.sees_for(all_dead(), PROOF_S)
    verdict = watch.sees(all_dead(), stopping(PoiCommand(close=watch.order())), age_s=1.0)
    assert reasons(verdict) == [Reason.VETO_STALE]


def test_the_scenes_are_what_they_say() -> None:
    assert watch_after(all_dead()).memory.dead_since_s is not None
    assert with_genset(all_dead(), None).gensets["genset"] == GensetSeen(0.0, None, ZERO, 150.0)
    assert all_dead().poi.position is OPEN
    assert isinstance(LEFT_CLOSED, Hub)


def test_each_rule_answers_for_itself_also_where_nothing_was_seen_yet() -> None:
    watch = Watch()
    case = Case(GuardMemory(), NOTHING, grid_beside(), watch.bounds, watch.now_s)
    assert rules.is_bus_not_proven_dead(case, Ask("poi", watch.order(), OPEN))
