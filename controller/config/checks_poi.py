"""The point of interconnection: whether it can be opened and closed the way the site says, and judged in time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from controller.config.draft import Draft
from controller.config.errors import Problem
from controller.config.schema import PoiEntry
from controller.config.types import PointRef

BOTH_SIDES = (
    "angle_difference_deg",
    "grid_frequency_hz",
    "bus_frequency_hz",
    "grid_voltage_l1_v",
    "bus_voltage_l1_v",
    "bus_voltage_l2_v",
    "bus_voltage_l3_v",
)
ORDERS = {  # who closes -> the order that it takes from us
    "controller": "close",
    "sync_relay": "close_permit",
    "open_transition": "close",
}

CORE_WINDOW_RATIO = 0.9  # of the grid code's angle and slip: what the core's closings stay in until contact
CORE_VOLTAGE_RATIO = 0.4  # of its voltage difference: where the core aims
CORE_AIM_RATIO = 0.4  # of its angle, the instrument's error included: where the core orders
ROOM_LEAST_DEG = 0.5  # from judgement: half of what instruments scatter by
ROUNDING = 1e-9


def _poi(draft: Draft) -> Iterator[tuple[PoiEntry, str, dict[str, tuple[PointRef, ...]], set[str]]]:
    """The POI, its first source, and the fields it can read and write; nothing when its devices could not be read."""
    poi = draft.site.poi
    if poi is None or poi.id not in draft.bindings:
        return
    sources = [poi.source] if isinstance(poi.source, str) else poi.source
    names = [source.partition("#")[0] for source in sources]
    binding = draft.bindings[poi.id]
    if names and binding.reads and all(name in draft.devices for name in names):
        yield poi, names[0], dict(binding.reads), set(binding.writes)


def _one_instrument_sees_both_sides(draft: Draft) -> Iterator[Problem]:
    for poi, first, reads, _ in _poi(draft):
        if poi.closed_by != "controller":
            continue
        lacking = [field for field in BOTH_SIDES if first not in [ref.device for ref in reads.get(field, ())]]
        if lacking:
            wanted = "one instrument that sees both sides as the first source, since closed_by is controller"
            yield draft.file.problem(("poi", "from"), f"'{first}' without {', '.join(lacking)}", wanted)


def _takes_the_closing_order(draft: Draft) -> Iterator[Problem]:
    for poi, _, _, writes in _poi(draft):
        order = ORDERS.get(poi.closed_by)
        if order is not None and order not in writes:
            able = [who for who, each in ORDERS.items() if each in writes]
            wanted = f"a source with the point '{order}'"
            yield draft.file.problem(("poi", "closed_by"), f'"{poi.closed_by}"', wanted, able[0] if able else "")


def _can_be_left_closed(draft: Draft) -> Iterator[Problem]:
    """Only who closes the breaker can leave it closed, and a source that cannot be stopped would feed the dead line."""
    poi = draft.site.poi
    if poi is None or poi.unattended == "open":
        return
    if poi.closed_by not in ("controller", "open_transition"):
        wanted = f"'open', since closed_by is {poi.closed_by}: nobody else can be told to close onto a dead side"
        yield draft.file.problem(("poi", "unattended"), '"closed"', wanted, "open")


def _has_the_settings_groups_it_claims(draft: Draft) -> Iterator[Problem]:
    for poi, _, reads, writes in _poi(draft):
        if poi.has_settings_groups and not ("settings_group" in reads and "settings_group" in writes):
            wanted = "a source whose point 'settings_group' can be read and written"
            yield draft.file.problem(("poi", "has_settings_groups"), "true", wanted, "false")


def _scatters_less_than_it_takes(draft: Draft) -> Iterator[Problem]:
    poi = draft.site.poi
    if poi is not None and poi.breaker_closing_uncertainty_s >= poi.breaker_closing_s:
        found = f"{poi.breaker_closing_uncertainty_s:g}"
        wanted = f"less than breaker_closing_s, which is {poi.breaker_closing_s:g}"
        yield draft.file.problem(("poi", "breaker_closing_uncertainty_s"), found, wanted)


def _guard_agrees_with_the_code(draft: Draft) -> Iterator[Problem]:
    """Where the grid code calls the grid good, the envelope must not forbid to close onto it."""
    code, envelope = draft.grid_code, draft.envelope
    if code is None or envelope is None:
        return
    window = code.return_window
    for name, inner, outer, is_lower in (
        ("voltage_min_ratio", window.voltage_min_ratio, envelope.grid_voltage_min_ratio, True),
        ("voltage_max_ratio", window.voltage_max_ratio, envelope.grid_voltage_max_ratio, False),
        ("frequency_min_hz", window.frequency_min_hz, envelope.grid_frequency_min_hz, True),
        ("frequency_max_hz", window.frequency_max_hz, envelope.grid_frequency_max_hz, False),
    ):
        if inner < outer if is_lower else inner > outer:
            found = f'"{draft.site.envelope}" with grid_{name} {outer:g}'
            wanted = f"an envelope around the grid code's return window, {name} {inner:g}"
            yield draft.file.problem(("envelope",), found, wanted)


def _guard_lets_pass_what_the_core_orders(draft: Draft) -> Iterator[Problem]:
    """The core's closing window lies inside the guard's: else the guard refuses the return that the core orders."""
    poi, code, envelope = draft.site.poi, draft.grid_code, draft.envelope
    if poi is None or code is None or envelope is None or poi.closed_by != "controller":
        return
    sync = code.sync
    for name, inner, outer, ratio in (
        ("angle_max_deg", sync.angle_max_deg, envelope.sync_angle_max_deg, CORE_WINDOW_RATIO),
        ("slip_max_hz", sync.slip_max_hz, envelope.sync_slip_max_hz, CORE_WINDOW_RATIO),
        (
            "voltage_difference_max_ratio",
            sync.voltage_difference_max_ratio,
            envelope.sync_voltage_difference_max_ratio,
            CORE_VOLTAGE_RATIO,
        ),
    ):
        if ratio * inner > outer + ROUNDING:
            found = f'"{draft.site.envelope}" with sync_{name} {outer:g}'
            wanted = f"at least {ratio * inner:g}: the core closes within {ratio:g} of the grid code's {inner:g}"
            yield draft.file.problem(("envelope",), found, wanted)
            return
    room_deg = envelope.sync_angle_max_deg - CORE_WINDOW_RATIO * sync.angle_max_deg
    least_deg = envelope.sync_angle_error_deg - room_deg
    if poi.angle_error_deg < least_deg - ROUNDING:
        wanted = (
            f"at least {least_deg:g}: the guard adds sync_angle_error_deg {envelope.sync_angle_error_deg:g} of "
            f'"{draft.site.envelope}", and refuses what the core closes on a smaller error'
        )
        found = f"{poi.angle_error_deg:g}"
        yield draft.file.problem(("poi", "angle_error_deg"), found, wanted, f"{least_deg:g}")


def _leaves_an_angle_to_aim_at(draft: Draft) -> Iterator[Problem]:
    """The core adds the instrument's error to every angle: where that alone fills its window, nothing is ordered."""
    poi, code = draft.site.poi, draft.grid_code
    if poi is None or code is None or poi.closed_by != "controller":
        return
    most_deg = CORE_AIM_RATIO * code.sync.angle_max_deg
    if poi.angle_error_deg >= most_deg - ROUNDING:
        found = f"{poi.angle_error_deg:g}"
        wanted = f"less than {most_deg:g}: within that the closing is ordered, error included, and else never"
        yield draft.file.problem(("poi", "angle_error_deg"), found, wanted)
    elif most_deg - poi.angle_error_deg < ROOM_LEAST_DEG - ROUNDING:
        found = f"{poi.angle_error_deg:g}, which leaves {most_deg - poi.angle_error_deg:g} deg to aim at"
        wanted = f"at most {most_deg - ROOM_LEAST_DEG:g}: on an uneasy day the island may wait long for its instant"
        yield draft.file.warning(("poi", "angle_error_deg"), found, wanted)


CHECKS: tuple[Callable[[Draft], Iterator[Problem]], ...] = (
    _one_instrument_sees_both_sides,
    _takes_the_closing_order,
    _can_be_left_closed,
    _has_the_settings_groups_it_claims,
    _scatters_less_than_it_takes,
    _guard_agrees_with_the_code,
    _guard_lets_pass_what_the_core_orders,
    _leaves_an_angle_to_aim_at,
)
