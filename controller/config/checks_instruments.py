"""The instruments at the POI: fine enough to judge the grid and to close in step, and quick enough for both."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from controller.config.binding import COARSE_HZ, FREQUENCIES
from controller.config.bus_budget import busy_s, poll_wait_s, write_latency
from controller.config.draft import Draft
from controller.config.errors import Problem
from controller.config.types import AssetBinding, Device, Point, PointRef, PollGroup, Protocol
from controller.config.vocabulary import DEFAULT_MAX_AGE_S

SAMPLE_AGE_MAX_S = 0.1  # own choice: two cycles; older samples make a close a guess
LOSS_REFRESH_MAX_S = 0.02  # the criterion's clock starts when it is first true at the instrument
STUCK_MARGIN_S = 0.3  # the core calls a POI stuck so long after the breaker's own opening time
WITNESS_HZ = 0.01  # 7 degrees of an angle that sticks (`drivers/angle.py`); coarser steps hide more than a closing may
POLLS_TO_STALE = 2  # one lost answer must not make a value stale

VOLTAGES = tuple(f"{side}_voltage{phase}_v" for side in ("grid", "bus") for phase in ("", "_l1", "_l2", "_l3"))
WATCHED = (*FREQUENCIES, *VOLTAGES, "angle_difference_deg", "position")
LOSS = (*FREQUENCIES[:1], *VOLTAGES[:4])


def _poi_binding(draft: Draft) -> AssetBinding | None:
    poi = draft.site.poi
    return None if poi is None else draft.bindings.get(poi.id)


def _point(draft: Draft, ref: PointRef) -> tuple[Device, Point]:
    device = draft.devices[ref.device]
    return device, device.table.points[ref.point]


def _is_fine_enough(draft: Draft) -> Iterator[Problem]:
    """Each device once, for the first quantity in which it is too coarse."""
    binding = _poi_binding(draft)
    if binding is None:
        return
    complained: set[str] = set()
    for field, limit, unit in _limits(draft):
        for ref in binding.reads.get(field, ()):
            device, point = _point(draft, ref)
            if device.name not in complained and point.resolution is not None and point.resolution > limit:
                complained.add(device.name)
                found = f"'{device.name}' with a resolution of {point.resolution:g} {unit} in '{field}'"
                yield draft.file.problem(("poi", "from"), found, f"{limit:g} {unit} or finer, for loss and sync")


def _limits(draft: Draft) -> Iterator[tuple[str, float, str]]:
    """Half of what the tighter of grid code and envelope allows at the instant of closing."""
    code, envelope, site = draft.grid_code, draft.envelope, draft.site
    if code is None or envelope is None:
        return
    for field in FREQUENCIES:
        yield field, COARSE_HZ, "Hz"
    difference_ratio = min(code.sync.voltage_difference_max_ratio, envelope.sync_voltage_difference_max_ratio)
    for field in VOLTAGES:
        yield field, difference_ratio * site.nominal_voltage_v / 2, "V"
    yield "angle_difference_deg", min(code.sync.angle_max_deg, envelope.sync_angle_max_deg) / 2, "deg"


def _says_how_fine_it_is(draft: Draft) -> Iterator[Problem]:
    """A floating-point register looks fine to the last digit, whatever the instrument behind it sees."""
    binding = _poi_binding(draft)
    unknown = {
        ref.device
        for field in FREQUENCIES
        for ref in (binding.reads.get(field, ()) if binding is not None else ())
        if _point(draft, ref)[1].resolution is None
    }
    for name in sorted(unknown):
        found = f"'{name}', whose table declares neither resolution nor accuracy of its frequency"
        wanted = f"one of them from its manual, {COARSE_HZ:g} Hz or finer, before loss or sync is judged by it"
        yield draft.file.warning(("poi", "from"), found, wanted)


def _angle_error_is_honest(draft: Draft) -> Iterator[Problem]:
    poi, binding = draft.site.poi, _poi_binding(draft)
    if poi is None or binding is None or poi.closed_by != "controller":
        return
    for ref in binding.reads.get("angle_difference_deg", ())[:1]:
        device, point = _point(draft, ref)
        if point.resolution is not None and poi.angle_error_deg < point.resolution:
            wanted = f"at least {point.resolution:g}, the resolution of '{device.name}'"
            yield draft.file.problem(
                ("poi", "angle_error_deg"), f"{poi.angle_error_deg:g}", wanted, f"{point.resolution:g}"
            )


def _angle_has_a_witness(draft: Draft) -> Iterator[Problem]:
    """Who closes by an angle must notice one that sticks, and only the two frequencies can show it."""
    poi, binding = draft.site.poi, _poi_binding(draft)
    if poi is None or binding is None or poi.closed_by != "controller" or not binding.reads.get("angle_difference_deg"):
        return
    coarse: dict[str, float] = {}
    for field in FREQUENCIES:
        for ref in binding.reads.get(field, ())[:1]:
            device, point = _point(draft, ref)
            if WITNESS_HZ < (point.resolution or 0.0) <= COARSE_HZ:
                coarse[device.name] = point.resolution or 0.0
    for name, step_hz in coarse.items():
        found = f"'{name}' with frequencies in steps of {step_hz:g} Hz beside closed_by = \"controller\""
        yield draft.file.warning(
            ("poi", "from"), found, f"{WITNESS_HZ:g} Hz or finer, else a sticking angle is not found"
        )


def _is_fresh_enough(draft: Draft) -> Iterator[Problem]:
    """Poll, the instrument's own refresh, and the wire: how old the newest sample may be when the next one comes."""
    for (name, key), (age_s, parts) in _ages(draft).items():
        if age_s > SAMPLE_AGE_MAX_S:
            wanted = f"at most {SAMPLE_AGE_MAX_S:g} s at the POI, for loss and sync"
            yield draft.file.problem(("devices", name, key), f"samples up to {age_s:.3g} s old ({parts})", wanted)


def _ages(draft: Draft) -> dict[tuple[str, str], tuple[float, str]]:
    """Device and poll key of what judges the grid -> the worst age of its samples, and the sum behind it."""
    binding, ages = _poi_binding(draft), dict[tuple[str, str], tuple[float, str]]()
    if binding is None or not draft.is_sound("devices"):
        return ages
    for field in WATCHED:
        for ref in binding.reads.get(field, ())[:1]:
            device, point = _point(draft, ref)
            key, period_s = _period(device, point)
            wire_s = poll_wait_s(device, draft.devices)
            age_s = period_s + point.refresh_s + wire_s
            if age_s > ages.get((device.name, key), (0.0, ""))[0]:
                parts = f"poll {period_s:g} + refresh {point.refresh_s:g} + wire {wire_s:.3g}"
                ages[device.name, key] = (age_s, parts)
    return ages


def _period(device: Device, point: Point) -> tuple[str, float]:
    periods = {PollGroup.FAST: device.fast_s, PollGroup.NORMAL: device.normal_s, PollGroup.SLOW: device.slow_s}
    return f"{point.group.value}_s", periods[point.group]


def _refreshes_within_a_period(draft: Draft) -> Iterator[Problem]:
    """A meter that averages over longer sees the loss late, however often it is asked."""
    binding = _poi_binding(draft)
    late: dict[str, tuple[str, float]] = {}
    for field in LOSS if binding is not None else ():
        assert binding is not None
        for ref in binding.reads.get(field, ())[:1]:
            device, point = _point(draft, ref)
            if point.refresh_s > LOSS_REFRESH_MAX_S:
                late.setdefault(device.name, (field, point.refresh_s))
    for name, (field, refresh_s) in late.items():
        found = f"'{name}', which refreshes '{field}' every {refresh_s:g} s"
        yield draft.file.warning(("poi", "from"), found, f"{LOSS_REFRESH_MAX_S:g} s: a loss is seen so much later")


def _is_not_stale_at_once(draft: Draft) -> Iterator[Problem]:
    """A value that is polled too seldom for its role is unknown after one lost answer."""
    ages = {**DEFAULT_MAX_AGE_S, **{str(role): age_s for role, age_s in draft.site.max_age_s.items()}}
    too_old = {key for key, (age_s, _) in _ages(draft).items() if age_s > SAMPLE_AGE_MAX_S}
    worst: dict[tuple[str, ...], tuple[float, PointRef, str]] = {}
    for binding in draft.bindings.values():
        for ref in {refs[0] for refs in binding.reads.values() if draft.is_sound("devices", refs[0].device)}:
            device, point = _point(draft, ref)
            key, period_s = _period(device, point)
            needed_s = POLLS_TO_STALE * period_s + point.refresh_s
            loc = ("max_age_s",) if binding.role in draft.site.max_age_s else (device.name, key)
            is_worse = needed_s > worst.get((*loc, binding.role), (0.0,))[0]
            if needed_s > ages[binding.role] and is_worse and (device.name, key) not in too_old:
                worst[*loc, binding.role] = (needed_s, ref, binding.role)
    for needed_s, ref, role in worst.values():
        yield _stale(draft, ref, role, needed_s, ages[role])


def _stale(draft: Draft, ref: PointRef, role: str, needed_s: float, limit_s: float) -> Problem:
    key, period_s = _period(*_point(draft, ref))
    if role in draft.site.max_age_s:
        wanted = f"at least {needed_s:g}: two polls of '{ref.device}' ({key} = {period_s:g}) and its refresh"
        return draft.file.problem(("max_age_s", role), f"{limit_s:g}", wanted, f"{needed_s:g}")
    found = f"{period_s:g}, two polls and a refresh in {needed_s:g} s"
    wanted = f"two polls within {limit_s:g} s, after which a {role} is unknown (max_age_s.{role})"
    return draft.file.problem(("devices", ref.device, key), found, wanted)


def _can_ever_close_in_step(draft: Draft) -> Iterator[Problem]:
    """The instrument's error, the breaker's scatter and the sample's age alone must leave room for an angle."""
    poi, envelope, code = draft.site.poi, draft.envelope, draft.grid_code
    if poi is None or envelope is None or code is None or poi.closed_by != "controller":
        return
    limit_deg = min(envelope.sync_angle_max_deg, code.sync.angle_max_deg)
    slip_hz = min(envelope.sync_slip_max_hz, code.sync.slip_max_hz)
    scatter_s = poi.breaker_closing_uncertainty_s
    used_deg = poi.angle_error_deg + 360.0 * slip_hz * scatter_s
    wanted = f"less than {limit_deg:g} deg, else no closing is ever allowed"
    if used_deg >= limit_deg:
        sums = f"{poi.angle_error_deg:g} + 360 x {slip_hz:g} Hz x {scatter_s:g} s = {used_deg:.1f} deg"
        yield draft.file.problem(("poi", "breaker_closing_uncertainty_s"), f"{scatter_s:g} ({sums})", wanted)
        return
    age_s = draft.site.max_age_s.get("poi")
    if age_s is not None and used_deg + 360.0 * slip_hz * age_s >= limit_deg:
        total_deg = used_deg + 360.0 * slip_hz * age_s
        found = f"{age_s:g} ({used_deg:.1f} deg + 360 x {slip_hz:g} Hz x {age_s:g} s = {total_deg:.1f} deg)"
        yield draft.file.problem(("max_age_s", "poi"), found, f"samples so fresh that {limit_deg:g} deg can be kept")


def _order_arrives_when_it_should(draft: Draft) -> Iterator[Problem]:
    """On a serial line an order waits for others: the closing order by more than the breaker scatters, or the opening
    order so long that the breaker seems stuck.
    """
    poi, binding = draft.site.poi, _poi_binding(draft)
    if poi is None or binding is None or not draft.is_sound("devices"):
        return
    close = binding.writes.get("close")
    if close is not None and poi.closed_by == "controller":
        device = draft.devices[close.device]
        wait_s = busy_s(device, draft.devices)
        if device.table.protocol is Protocol.MODBUS_RTU and wait_s > poi.breaker_closing_uncertainty_s:
            found = f"'{device.name}', whose line {device.serial_port} keeps an order waiting for up to {wait_s:.3f} s"
            wanted = f"at most breaker_closing_uncertainty_s, which is {poi.breaker_closing_uncertainty_s:g}"
            yield draft.file.problem(("poi", "from"), found, wanted)
    opening = binding.writes.get("open")
    if opening is not None:
        order = write_latency(opening, draft.devices, draft.bindings.values(), draft.site.timing.cycle_s)
        if order.total_s > STUCK_MARGIN_S:
            found = f"an order to open that takes up to {order.total_s:.2f} s to '{opening.device}' ({order})"
            wanted = f"at most {STUCK_MARGIN_S:g} s, after which the breaker is called stuck"
            yield draft.file.problem(("poi", "opened_by"), found, wanted)


CHECKS: tuple[Callable[[Draft], Iterator[Problem]], ...] = (
    _is_fine_enough,
    _says_how_fine_it_is,
    _angle_error_is_honest,
    _angle_has_a_witness,
    _is_fresh_enough,
    _refreshes_within_a_period,
    _is_not_stale_at_once,
    _can_ever_close_in_step,
    _order_arrives_when_it_should,
)
