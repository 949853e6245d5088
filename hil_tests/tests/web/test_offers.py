from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from controller.model.phases import PhaseValues
from controller.model.reasons import Reason
from controller.model.words import Authority, BreakerPosition, Mode
from controller.status import FeederStatus, Status
from hil_tests.tests.web.html import LANGUAGE, page, text, tree
from hil_tests.tests.web.statuses import aged, dark, islanded
from supervisor.words import words

PHONES = {"de": "Handy laden", "da": "Oplade mobilen", "en": "Charge your phone"}
WARMTH = {"de": "Sich aufwärmen", "da": "Få varmen", "en": "Get warm"}


def rows(html: str) -> dict[str, str]:
    found = {
        row.findtext("span[@class='name']"): " ".join(" ".join(row.itertext()).split()) for row in tree(html).iter("li")
    }
    return {name: told.removeprefix(name).strip() for name, told in found.items() if name}


def with_phones(status: Status, **change: object) -> Status:
    def changed(feeder: FeederStatus) -> FeederStatus:
        return replace(feeder, **change) if feeder.id == "phones" else feeder  # type: ignore[arg-type]

    tiers = (replace(tier, feeders=tuple(changed(feeder) for feeder in tier.feeders)) for tier in status.tiers)
    return replace(status, tiers=tuple(tiers))


def charged(status: Status, soc_pct: float) -> Status:
    return replace(status, batteries=tuple(replace(battery, soc_pct=soc_pct) for battery in status.batteries))


@LANGUAGE
def test_what_there_is_now_and_what_is_off_until_when_is_said_in_the_sites_own_words(
    tmp_path: Path, language: str
) -> None:
    told, say = rows(page(tmp_path, charged(islanded(), 40.0), language)), words(language)
    assert told[PHONES[language]] == f"✕ {say('offer.off')} {say('until.charge', pct=60)}"
    assert told[WARMTH[language]] == f"✓ {say('offer.now')}"


@pytest.mark.parametrize(
    ("reason", "until"),
    [
        (Reason.LOW_SOC, "until the battery is charged to 60% or the power grid is back"),
        (Reason.PREPARED_SHED, "until the battery is charged to 60% or the power grid is back"),
        (Reason.OVERLOAD, "until there is enough power for it again"),
        (Reason.PICKUP_COLLAPSE, "until there is enough power for it again"),
        (Reason.TRIPPED, "until somebody here switches it on again"),
        (None, "until somebody here switches it on again"),
    ],
)
def test_an_offer_is_off_until_what_took_it_is_over(tmp_path: Path, reason: Reason | None, until: str) -> None:
    assert (
        rows(page(tmp_path, with_phones(charged(islanded(), 40.0), reason=reason)))["Charge your phone"]
        == f"✕ off {until}"
    )


def test_a_battery_that_is_charged_enough_is_not_waited_for(tmp_path: Path) -> None:
    """At 84 % the page said "until the battery is charged to 60%"."""
    status = with_phones(charged(islanded(), 84.0), reason=Reason.PREPARED_SHED)
    assert rows(page(tmp_path, status))["Charge your phone"] == "✕ off until there is enough power for it again"


def test_on_grid_it_comes_back_in_a_moment(tmp_path: Path) -> None:
    """Just after the return the page said "until there is enough power", with the grid there."""
    for reason in (Reason.LOW_SOC, Reason.OVERLOAD):
        back = replace(with_phones(islanded(), reason=reason), mode=Mode.GRID_CONNECTED)
        assert rows(page(tmp_path, back))["Charge your phone"] == "✕ off comes back by itself in a moment"
        for change in ({"authority": Authority.MANUAL}, {"keys_are_seen": False}):
            assert "in a moment" not in rows(page(tmp_path, replace(back, **change)))["Charge your phone"]
    by_hand = replace(with_phones(islanded(), reason=Reason.TRIPPED), mode=Mode.GRID_CONNECTED)
    assert "until somebody here" in rows(page(tmp_path, by_hand))["Charge your phone"]


def test_without_a_level_it_is_off_until_the_grid_is_back(tmp_path: Path) -> None:
    status = islanded()
    older = replace(status, tiers=tuple(replace(tier, restore_above_soc_pct=None) for tier in status.tiers))
    assert rows(page(tmp_path, older))["Charge your phone"] == "✕ off until the power grid is back"


@pytest.mark.parametrize("position", [None, BreakerPosition.BAD, BreakerPosition.INTERMEDIATE])
def test_what_is_not_seen_is_not_promised(tmp_path: Path, position: BreakerPosition | None) -> None:
    assert rows(page(tmp_path, with_phones(islanded(), position=position)))["Charge your phone"] == "? unknown"


def test_a_closed_contactor_on_a_dead_bus_offers_nothing(tmp_path: Path) -> None:
    for status in (dark(), replace(islanded(), bus_voltage_v=PhaseValues.even(3.0))):
        html = page(tmp_path, status)
        assert rows(html)["Get warm"] == "✕ off until there is power here again"
        assert "How long power lasts" not in text(html)


@pytest.mark.parametrize(
    ("is_alive", "told"),
    [
        (True, "✓ now"),
        (None, "? unknown"),
        (False, "✕ off until the radio answers again; ask at the desk all the same"),
    ],
)
def test_an_emergency_call_needs_a_radio_that_answers(tmp_path: Path, is_alive: bool | None, told: str) -> None:
    status = islanded()
    radios = tuple(replace(radio, is_alive=is_alive) for radio in status.radios)
    assert rows(page(tmp_path, replace(status, radios=radios)))["Make an emergency call"] == told


def test_an_emergency_call_is_taken_as_long_as_the_radio_has_its_battery(tmp_path: Path) -> None:
    told = rows(page(tmp_path, dark()))
    assert told["Make an emergency call"] == "✓ now"
    assert told["Light and information"].startswith("✕ off")


def test_stale_data_only_tell_what_was(tmp_path: Path) -> None:
    told = rows(page(tmp_path, aged(islanded(), 700.0)))
    assert told["Get warm"] == "? last seen on"
    assert told["Charge your phone"] == "? last seen off"
    assert not any("✓" in row for row in told.values()), "nothing keeps its tick"


# ---- a site that names no offers: its feeders are told --------------------------------------------------------------


def test_without_offers_the_feeders_are_told_with_why_they_are_off(tmp_path: Path) -> None:
    told = rows(page(tmp_path, replace(islanded(), offers=())))
    assert told["Warm room"] == "✓ on"
    assert told["Charging of phones"].startswith("✕ off to save the battery – since")
    assert rows(page(tmp_path, replace(dark(), offers=())))["Warm room"] == "✕ without power"


def test_an_unseen_contactor_is_unknown(tmp_path: Path) -> None:
    unclear = with_phones(replace(islanded(), offers=()), position=BreakerPosition.BAD)
    assert rows(page(tmp_path, unclear))["Charging of phones"] == "? unclear"
