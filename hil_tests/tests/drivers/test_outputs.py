"""Commands become wishes exactly as they mean it, and in the order of urgency."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.config.load import load_site
from controller.config.paths import configs_dir
from controller.config.types import Site
from controller.drivers.link import Value
from controller.drivers.outputs import Outputs
from controller.model.commands import (
    BatteryCommand,
    Commands,
    GensetCommand,
    Order,
    PoiCommand,
    PvCommand,
    SwitchCommand,
)
from controller.model.reasons import Reason
from controller.model.words import SettingsGroup, Switcher

NOW_S = 100.0
ORDER = Order(Reason.RESTORE, issued_at_s=99.0, expires_at_s=101.0, attempt=1)
EXPIRED = Order(Reason.RESTORE, issued_at_s=97.0, expires_at_s=99.0, attempt=1)


@pytest.fixture(scope="module")
def site() -> Site:
    return load_site(configs_dir() / "hubs" / "musterhallig.toml")


Wish = tuple[str, str, Value]


class Recorder:
    """All links of the site, writing into one list."""

    def __init__(self, name: str, written: list[Wish]) -> None:
        self.name, self.written, self.is_up = name, written, True
        self.changes_count = self.values_count = 0
        self.is_barred = self.is_empty = False
        self.impossible_at_s = lambda _: None

    def reading(self, point: str) -> None:  # noqa: ARG002 - of the shape of a link
        return None

    def write(self, point: str, value: Value) -> None:
        self.written.append((self.name, point, value))


def written(site: Site, commands: Commands, now_s: float = NOW_S) -> list[Wish]:
    wishes: list[Wish] = []
    Outputs(site).apply({name: Recorder(name, wishes) for name in site.devices}, commands, now_s)
    return wishes


def of(wishes: list[Wish], device: str) -> list[tuple[str, Value]]:
    return [(point, value) for name, point, value in wishes if name == device]


def test_with_no_wish_only_the_poi_levels_are_stated(site: Site) -> None:
    assert written(site, Commands()) == [
        ("poi_relay", "poi.open", False),
        ("poi_relay", "poi.close", False),
        ("poi_relay", "poi.close_permit", False),
    ]


def test_open_withdraws_every_leave_to_close(site: Site) -> None:
    wishes = written(site, Commands(poi=PoiCommand(open=True, close=ORDER)))
    assert wishes == [
        ("poi_relay", "poi.open", True),
        ("poi_relay", "poi.close", False),
        ("poi_relay", "poi.close_permit", False),
    ]


@pytest.mark.parametrize(
    ("closed_by", "order", "close", "permit"),
    [
        (Switcher.CONTROLLER, ORDER, True, False),
        (Switcher.SYNC_RELAY, ORDER, False, True),
        (Switcher.CONTROLLER, EXPIRED, False, False),
        (Switcher.SYNC_RELAY, EXPIRED, False, False),
        (Switcher.DEVICE, ORDER, False, False),
    ],
)
def test_who_closes_the_poi_gets_the_order(
    site: Site, closed_by: Switcher, order: Order, close: bool, permit: bool
) -> None:
    poi = replace(site.hub.poi, switching=replace(site.hub.poi.switching, closed_by=closed_by))
    other = replace(site, hub=replace(site.hub, poi=poi))
    wishes = of(written(other, Commands(poi=PoiCommand(close=order))), "poi_relay")
    assert ("poi.close", close) in wishes
    assert ("poi.close_permit", permit) in wishes


def test_settings_follow_when_wished(site: Site) -> None:
    wishes = of(written(site, Commands(poi=PoiCommand(settings_group=SettingsGroup.ISLAND))), "poi_relay")
    assert ("poi.settings_group", "island") in wishes


@pytest.mark.parametrize(
    ("command", "value"),
    [
        (SwitchCommand(open=True), False),
        (SwitchCommand(open=True, close=ORDER), False),
        (SwitchCommand(close=ORDER), True),
        (SwitchCommand(close=EXPIRED), None),
        (SwitchCommand(), None),
    ],
)
def test_a_switch_that_nobody_moves_is_left_as_it_is(site: Site, command: SwitchCommand, value: bool | None) -> None:
    expected = [] if value is None else [("feeder.3.closed", value)]
    assert of(written(site, Commands(feeders={"warm_room": command})), "io_module") == expected
    expected = [] if value is None else [("earthing.closed", value)]
    assert of(written(site, Commands(earthing=command)), "io_module") == expected


@pytest.mark.parametrize(
    ("command", "mode"),
    [
        (BatteryCommand(stop=True, form=ORDER, follow=True), "off"),
        (BatteryCommand(form=ORDER, follow=True), "grid_forming"),
        (BatteryCommand(follow=True), "grid_following"),
        (BatteryCommand(form=EXPIRED), None),
        (BatteryCommand(), None),
    ],
)
def test_stop_beats_form_beats_follow(site: Site, command: BatteryCommand, mode: str | None) -> None:
    wishes = of(written(site, Commands(batteries={"battery_main": command})), "inverter_main")
    assert wishes == ([] if mode is None else [("battery.mode_set", mode)])


def test_set_points_are_there_before_the_inverter_forms(site: Site) -> None:
    command = BatteryCommand(form=ORDER, frequency_set_hz=50.1, voltage_set_v=230.0, charge_limit_w=5000.0)
    points = [point for point, _ in of(written(site, Commands(batteries={"battery_main": command})), "inverter_main")]
    assert points[-1] == "battery.mode_set"
    assert set(points[:-1]) == {"battery.frequency_set_hz", "battery.voltage_set_v", "battery.charge_limit_set_w"}


def test_a_device_without_the_point_is_not_asked_for_it(site: Site) -> None:
    command = BatteryCommand(frequency_set_hz=50.1, power_set_w=0.0)
    wishes = of(written(site, Commands(batteries={"battery_second": command})), "inverter_second")
    assert wishes == [("battery.power_set_w", 0.0)]


def test_a_pv_limit_of_none_lifts_it(site: Site) -> None:
    commands = Commands(pv={"pv_school": PvCommand(), "pv_barn": PvCommand(limit_w=0.0)})
    wishes = written(site, commands)
    assert of(wishes, "inverter_school") == [("pv.limit_set_w", 50_000.0)]
    assert of(wishes, "inverter_barn") == [("pv.limit_set_w", 0.0)]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (GensetCommand(stop=True, crank=ORDER), [("genset.run", False)]),
        (GensetCommand(crank=ORDER, power_set_w=9e3), [("genset.run", True), ("genset.power_set_w", 9e3)]),
        (GensetCommand(crank=EXPIRED), []),
    ],
)
def test_a_genset_is_cranked_by_an_order_and_stopped_by_a_level(
    site: Site, command: GensetCommand, expected: list[tuple[str, Value]]
) -> None:
    assert of(written(site, Commands(gensets={"genset": command})), "genset_panel") == expected


def test_what_opens_and_limits_goes_before_what_closes(site: Site) -> None:
    commands = Commands(
        poi=PoiCommand(close=ORDER),
        batteries={"battery_main": BatteryCommand(follow=True)},
        pv={"pv_school": PvCommand(limit_w=1.0)},
        feeders={"warm_room": SwitchCommand(close=ORDER), "ev_posts": SwitchCommand(open=True)},
        earthing=SwitchCommand(close=ORDER),
    )
    points = [point for _, point, _ in written(site, commands)]
    assert points == [
        "poi.open",
        "feeder.5.closed",
        "pv.limit_set_w",
        "battery.mode_set",
        "earthing.closed",
        "feeder.3.closed",
        "poi.close",
        "poi.close_permit",
    ]
