"""Pictures of the sample hub at the moments that rows of the transition table are about."""

from __future__ import annotations

from controller.model.frozen import replace
from controller.model.image import EarthingSeen, PoiSeen, ProcessImage, WeatherSeen
from controller.model.phases import ZERO, PhaseValues
from controller.model.words import BreakerPosition, InverterMode, SettingsGroup
from hil_tests.tests.core.hubs import (
    CLOSED,
    DEAD,
    LIVE,
    OPEN,
    dark,
    islanded,
    nothing_left,
    on_grid,
    with_battery,
    with_poi,
)


def blind(_: float) -> ProcessImage:
    return ProcessImage()


def pressed(at_s: float) -> ProcessImage:
    return replace(on_grid(at_s), emergency_off=True)


def blackout(at_s: float) -> ProcessImage:
    """The grid is gone and the POI has not opened yet."""
    return with_poi(
        on_grid(at_s), grid_voltage_v=DEAD, bus_voltage_v=DEAD, grid_frequency_hz=None, angle_difference_deg=None
    )


def relay_is_gone(at_s: float) -> ProcessImage:
    """The POI's instrument was fed by the grid, and went with it."""
    return replace(with_battery(on_grid(at_s), voltage_v=DEAD), poi=PoiSeen())


def no_transformer(at_s: float) -> ProcessImage:
    """The contact says open, both sides are dead, and the current is not measured."""
    return with_poi(dark(at_s), current_a=None)


def battery_is_faulty(at_s: float) -> ProcessImage:
    return with_battery(dark(at_s), mode=InverterMode.FAULT)


def nobody_can_form(at_s: float) -> ProcessImage:
    """No battery, and of the genset nothing is seen."""
    return replace(battery_is_faulty(at_s), gensets={})


def forms_on_grid(at_s: float) -> ProcessImage:
    """The POI has just closed, and the former has not been told yet."""
    return with_battery(on_grid(at_s), mode=InverterMode.GRID_FORMING)


def formed_and_blind(at_s: float) -> ProcessImage:
    """It has formed, and the POI's relay says nothing: nobody knows what it feeds."""
    return replace(islanded(at_s), poi=PoiSeen())


def idle_street(at_s: float) -> ProcessImage:
    """It says open, and the street lives as one with the island, and draws nothing."""
    return with_poi(
        islanded(at_s), grid_voltage_v=LIVE, grid_frequency_hz=50.0, angle_difference_deg=0.0, current_a=ZERO
    )


def lying_contact(at_s: float) -> ProcessImage:
    return with_poi(
        islanded(at_s),
        grid_voltage_v=LIVE,
        grid_frequency_hz=50.0,
        angle_difference_deg=0.0,
        current_a=PhaseValues.even(40.0),
    )


def returned(at_s: float, angle_deg: float = 2.0) -> ProcessImage:
    """The grid is back, the POI still open."""
    return with_poi(
        islanded(at_s),
        grid_voltage_v=LIVE,
        grid_frequency_hz=50.0,
        angle_difference_deg=angle_deg,
        settings_group=SettingsGroup.GRID,
    )


def far_apart(at_s: float) -> ProcessImage:
    return returned(at_s, 90.0)


def returned_without_island(at_s: float) -> ProcessImage:
    seen = with_poi(returned(at_s), bus_voltage_v=DEAD, bus_frequency_hz=None, angle_difference_deg=None)
    return with_battery(seen, voltage_v=DEAD, power_w=ZERO)


def beside_a_good_grid(at_s: float) -> ProcessImage:
    """The POI is open, the grid lives, the bus is dead, and nobody can form."""
    seen = with_poi(dark(at_s), grid_voltage_v=LIVE, grid_frequency_hz=50.0)
    return with_battery(seen, mode=InverterMode.FAULT)


def earthed_and_dark(at_s: float) -> ProcessImage:
    return replace(dark(at_s), earthing=EarthingSeen(at_s, CLOSED))


def sunrise(at_s: float) -> ProcessImage:
    """Dark, the battery empty but for what the BMS keeps, and the sun is up."""
    seen = with_battery(nothing_left(at_s), soc_pct=3.0, discharge_limit_w=5_000.0)
    return replace(seen, weather=WeatherSeen(at_s, 600.0, 12.0))


def nearly_dry(at_s: float) -> ProcessImage:
    """An island that has come down to little: what is left then did not fall at one blow."""
    return with_battery(islanded(at_s), soc_pct=8.0)


def runs_dry(at_s: float) -> ProcessImage:
    """An island on its last percents."""
    seen = with_battery(islanded(at_s), soc_pct=4.0, power_w=PhaseValues.even(500.0))
    return replace(seen, gensets={})


def good_grid_beside_the_dark(at_s: float) -> ProcessImage:
    return with_poi(nothing_left(at_s), grid_voltage_v=LIVE, grid_frequency_hz=50.0, settings_group=SettingsGroup.GRID)


def unseen_on_the_way(at_s: float) -> ProcessImage:
    """The POI is seen open; what lies behind it is not measured any more."""
    return with_poi(far_apart(at_s), grid_voltage_v=None, grid_frequency_hz=None, angle_difference_deg=None)


def unseen_in_the_dark(at_s: float) -> ProcessImage:
    return with_poi(good_grid_beside_the_dark(at_s), grid_voltage_v=None, grid_frequency_hz=None)


def quiet(at_s: float) -> ProcessImage:
    """On the grid, and nothing flows through the POI."""
    return with_poi(on_grid(at_s), power_w=PhaseValues.even(0.0), current_a=PhaseValues.even(0.0))


def quiet_and_joined(at_s: float) -> ProcessImage:
    """The contact says open; the sides live as one, and current flows."""
    return with_poi(quiet(at_s), position=OPEN, current_a=PhaseValues.even(40.0))


def quiet_and_unclear(at_s: float) -> ProcessImage:
    return with_poi(quiet(at_s), position=BreakerPosition.INTERMEDIATE)


def by_hand(at_s: float) -> ProcessImage:
    return replace(quiet(at_s), local_control=True)


def keys_unseen(at_s: float) -> ProcessImage:
    return replace(quiet(at_s), emergency_off=None)


def tripped(at_s: float) -> ProcessImage:
    """The protection has tripped the POI, and it is still closed."""
    return with_poi(quiet(at_s), relay_tripped=True)


def old_flag(at_s: float) -> ProcessImage:
    """On a good grid, and the relay still says that it has tripped."""
    return with_poi(on_grid(at_s), relay_tripped=True)


def low(at_s: float) -> ProcessImage:
    return with_battery(quiet(at_s), soc_pct=10.0)


def broken(at_s: float) -> ProcessImage:
    return with_battery(quiet(at_s), mode=InverterMode.FAULT)
