"""The lists of the page: the feeders, the radio, and where the power comes from. No litres and no kilowatts."""

from __future__ import annotations

from controller.model.words import BreakerPosition, GensetState, GridVerdict, InverterMode
from controller.status import BatteryStatus, FeederStatus, GensetStatus, PvStatus, RadioStatus, Status
from supervisor.headline import has_power
from supervisor.instants import Now, since_when
from supervisor.parts import Group, Mark, Row
from supervisor.public_words import of_enum
from supervisor.words import Words

SOLAR_ON_ABOVE_W = 50.0  # less is the inverter's own noise
NO_GRID = frozenset({GridVerdict.LOST, GridVerdict.REJECTED})
GENSET_MARKS = {
    GensetState.READY: Mark.ON,
    GensetState.LOADED: Mark.ON,
    GensetState.FAULT: Mark.OFF,
    None: Mark.UNSURE,
}
INVERTER_MARKS = {InverterMode.FAULT: Mark.OFF, InverterMode.OFF: Mark.OFF, None: Mark.UNSURE}
GRID_MARKS = {GridVerdict.OK: Mark.ON, GridVerdict.UNKNOWN: Mark.UNSURE}


def feeders(status: Status, now: Now, say: Words) -> tuple[Group, ...]:
    """The tiers in the site's own words, with what hangs on each."""
    power = has_power(status)
    return tuple(
        Group(
            tier.label.get(say.language, str(tier.number)),
            tuple(_feeder(feeder, power, now, say) for feeder in tier.feeders),
        )
        for tier in status.tiers
        if tier.feeders
    )


def _feeder(feeder: FeederStatus, power: bool | None, now: Now, say: Words) -> Row:
    name = feeder.label.get(say.language) or feeder.id
    match feeder.position:
        case BreakerPosition.CLOSED if power is False:
            return Row(name, say("position.no_power"), Mark.OFF)
        case BreakerPosition.CLOSED:
            return Row(name, say("position.closed"), Mark.ON)
        case BreakerPosition.OPEN:
            return Row(name, say("position.open"), Mark.OFF, _why_off(feeder, now, say))
        case _:
            return Row(name, of_enum(say, "position", feeder.position), Mark.UNSURE)


def _why_off(feeder: FeederStatus, now: Now, say: Words) -> str:
    why = "" if feeder.reason is None else say(f"reason.{feeder.reason.value}")
    when = "" if feeder.since_s is None else since_when(say, now, feeder.since_s)
    return " – ".join(part for part in (why, when) if part)


def radios(status: Status, say: Words) -> tuple[Row, ...]:
    """The emergency radio nodes."""
    return tuple(_radio(radio, say) for radio in status.radios)


def _radio(radio: RadioStatus, say: Words) -> Row:
    name = radio.label.get(say.language) or radio.id
    reserve = "" if radio.reserve_pct is None else say("radio.reserve", pct=whole_pct(radio.reserve_pct))
    supply = ""
    if radio.is_supplied is not None:
        supply = say("radio.supplied" if radio.is_supplied else "radio.own_battery")
    note = ", ".join(part for part in (supply, reserve) if part)
    if radio.is_alive is None:
        return Row(name, say("radio.none"), Mark.UNSURE, note)
    if radio.is_alive:
        return Row(name, say("radio.alive"), Mark.ON, note)
    return Row(name, say("radio.dead"), Mark.OFF, note)


def sources(status: Status, now: Now, say: Words) -> tuple[Row, ...]:
    """Grid, batteries, sun and gensets."""
    return (
        _grid(status, now, say),
        *(_battery(battery, say) for battery in status.batteries),
        *(_solar(plant, say) for plant in status.pv),
        *(_genset(genset, say) for genset in status.gensets),
    )


def _grid(status: Status, now: Now, say: Words) -> Row:
    grid = status.grid
    why = "" if grid.verdict is GridVerdict.OK else say(f"reason.{grid.reason.value}")
    when = since_when(say, now, grid.since_s, is_at_least=grid.is_since_at_least) if grid.verdict in NO_GRID else ""
    note = ", ".join(part for part in (f"{why[:1].upper()}{why[1:]}", when) if part)
    return Row(say("page.grid"), say(f"grid.{grid.verdict.value}"), GRID_MARKS.get(grid.verdict, Mark.OFF), note)


def _battery(battery: BatteryStatus, say: Words) -> Row:
    name = battery.label.get(say.language) or battery.id
    note = of_enum(say, "inverter", battery.mode)
    if battery.soc_pct is None:
        return Row(name, say("battery.unknown"), Mark.UNSURE, note)
    pct = whole_pct(battery.soc_pct)
    return Row(name, say("battery.charge", pct=pct), INVERTER_MARKS.get(battery.mode, Mark.NONE), note, pct)


def _solar(plant: PvStatus, say: Words) -> Row:
    name = plant.label.get(say.language) or plant.id
    if plant.power_w is None:
        return Row(name, say("solar.none"), Mark.UNSURE)
    delivers = plant.power_w > SOLAR_ON_ABOVE_W
    return Row(name, say("solar.on" if delivers else "solar.off"), Mark.ON if delivers else Mark.NONE)


def _genset(genset: GensetStatus, say: Words) -> Row:
    name = genset.label.get(say.language) or genset.id
    return Row(name, of_enum(say, "genset", genset.state), GENSET_MARKS.get(genset.state, Mark.NONE))


def whole_pct(share_pct: float) -> int:
    """Rounded down: a gauge must not promise."""
    return max(0, min(100, int(share_pct)))
