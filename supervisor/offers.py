"""What is on offer here now, in the words of the site: there, or off until something happens."""

from __future__ import annotations

from dataclasses import replace

from controller.model.reasons import Reason
from controller.model.words import Authority, BreakerPosition, Mode
from controller.status import FeederStatus, OfferStatus, Status
from supervisor.headline import has_power
from supervisor.parts import Mark, Row
from supervisor.reading import Reading
from supervisor.words import Words

WAITS_FOR_CHARGE = frozenset({Reason.LOW_SOC, Reason.PREPARED_SHED})
WAITS_FOR_ROOM = frozenset({Reason.OVERLOAD, Reason.UNDERFREQUENCY, Reason.PICKUP_COLLAPSE})


def offers(reading: Reading, status: Status, say: Words) -> tuple[Row, ...]:
    """One row for each offer. Of a stale status only what was, never what is."""
    rows = tuple(_offer(offer, status, say) for offer in status.offers)
    return tuple(_as_it_was(row, say) for row in rows) if reading.is_stale else rows


def _offer(offer: OfferStatus, status: Status, say: Words) -> Row:
    name = offer.label.get(say.language) or offer.id
    wires = {feeder.id: feeder for tier in status.tiers for feeder in tier.feeders}
    needed = [wires.get(feeder) for feeder in offer.feeders]
    if needed and has_power(status) is False:
        return Row(name, say("offer.off"), Mark.OFF, say("until.power"))
    for feeder in needed:
        if feeder is not None and feeder.position is BreakerPosition.OPEN:
            return Row(name, say("offer.off"), Mark.OFF, _until(feeder, status, say))
    if not all(feeder is not None and feeder.position is BreakerPosition.CLOSED for feeder in needed):
        return Row(name, say("offer.none"), Mark.UNSURE)
    return _by_radio(name, offer, status, say)


def _by_radio(name: str, offer: OfferStatus, status: Status, say: Words) -> Row:
    """All is supplied; the radio has the last word, where the offer needs one."""
    answers = [radio.is_alive for radio in status.radios if radio.id in offer.radios]
    if not offer.radios or True in answers:
        return Row(name, say("offer.now"), Mark.ON)
    if None in answers or not answers:
        return Row(name, say("offer.none"), Mark.UNSURE)
    return Row(name, say("offer.off"), Mark.OFF, say("until.radio"))


def _until(feeder: FeederStatus, status: Status, say: Words) -> str:
    """What must happen before it comes back. A time of day would be a guess: it hangs on sun, grid and people."""
    comes_by_itself = status.mode is Mode.GRID_CONNECTED and status.authority is Authority.AUTO and status.keys_are_seen
    if feeder.reason in WAITS_FOR_ROOM | WAITS_FOR_CHARGE and comes_by_itself:
        return say("until.soon")  # one after the other, for what was cold draws more
    if feeder.reason in WAITS_FOR_ROOM:
        return say("until.room")
    if feeder.reason not in WAITS_FOR_CHARGE:
        return say("until.person")
    level_pct = next((tier.restore_above_soc_pct for tier in status.tiers if feeder in tier.feeders), None)
    if level_pct is None:
        return say("until.grid")
    charges_pct = [battery.soc_pct for battery in status.batteries if battery.soc_pct is not None]
    if charges_pct and min(charges_pct) >= level_pct:  # so it is not the charge that it waits for
        return say("until.room")
    return say("until.charge", pct=f"{level_pct:.0f}")


def _as_it_was(row: Row, say: Words) -> Row:
    states = {Mark.ON: say("offer.was_on"), Mark.OFF: say("offer.was_off")}
    return replace(row, state=states.get(row.mark, row.state), mark=Mark.UNSURE, note="")
