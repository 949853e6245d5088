"""Wires: devices that share one agree on it, certificates can be used, and no device is asked faster than it can."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from controller import clock
from controller.config.bus_budget import TCP_SHARE_MAX_RATIO, asked_share_ratio, periods_s, serial_lines
from controller.config.draft import Draft
from controller.config.errors import Problem
from controller.config.tls import context_of
from controller.config.types import Device, Protocol
from controller.model.words import ClockQuality

LINE_KEYS = ("baudrate", "parity", "stop_bits", "has_echo")


def _line_is_one(draft: Draft) -> Iterator[Problem]:
    """A serial line has one speed and one form of a character."""
    for port, devices in serial_lines(_sound(draft)).items():
        first = devices[0]
        for device in devices[1:]:
            key = next((key for key in LINE_KEYS if getattr(device, key) != getattr(first, key)), None)
            if key is not None:
                found = f"{_said(device, key)} on {port}"
                wanted = f"one {WORDS[key]} for the whole line: '{first.name}' has {_said(first, key, bare=True)}"
                yield draft.file.problem(("devices", device.name, key), found, wanted)


WORDS = {"baudrate": "speed", "parity": "parity", "stop_bits": "number of stop bits", "has_echo": "has_echo"}


def _said(device: Device, key: str, *, bare: bool = False) -> str:
    value = getattr(device, key)
    if key == "baudrate":
        return f"{value}" if bare else f"{value} baud"
    word = str(value).lower()
    return word if bare else f"{key} {word}"


def _connection_is_one(draft: Draft) -> Iterator[Problem]:
    """Units behind one host and port share a connection, so they share its certificates."""
    first: dict[tuple[str, int], Device] = {}
    for device in _on_tcp(_sound(draft).values()):
        other = first.setdefault((device.host, device.port), device)
        if device.host and device.tls != other.tls:
            found = f"other certificates than '{other.name}', behind the same {device.host}:{device.port}"
            yield draft.file.problem(("devices", device.name, "tls"), found, "the same tls for one connection")


def _certificates_can_be_used(draft: Draft) -> Iterator[Problem]:
    for device in draft.devices.values():
        if device.tls is None or device.table.protocol is not Protocol.MODBUS_TCP:
            continue  # where nobody reads the key, that is complained of
        missing = [key for key in ("ca", "certificate", "key") if not getattr(device.tls, key).is_file()]
        for key in missing:
            path = getattr(device.tls, key)
            yield draft.file.problem(("devices", device.name, "tls", key), f"no file {path}", "a file in PEM")
        if not missing:
            try:
                context_of(device.tls)
            except OSError as error:
                wanted = "certificates in PEM, and the key of ours without a password"
                yield draft.file.problem(("devices", device.name, "tls"), f"what cannot be used: {error}", wanted)


def _dates_are_right(draft: Draft) -> Iterator[Problem]:
    """A warning: no date keeps the hub from its devices, but a device may look at ours."""
    if clock.quality() is ClockQuality.UNSET:
        return
    for device in _on_tcp(draft.devices.values()):
        if device.tls is None:
            continue
        from controller.config.credentials import dates, out_of_date_in  # noqa: PLC0415 - only where it is needed

        for key in ("ca", "certificate"):
            for certificate in out_of_date_in(getattr(device.tls, key), clock.unix_s()):
                wanted = "a new one: the hub accepts any date, the device may not"
                yield draft.file.warning(("devices", device.name, "tls", key), dates(certificate), wanted)


def _device_is_asked_slowly_enough(draft: Draft) -> Iterator[Problem]:
    """A device that wants a pause between questions, against how often it is asked. Serial lines have a check of their
    own, with the pause in it.
    """
    for device in _on_tcp(_sound(draft).values()):
        gap_s = device.table.min_gap_s
        share_ratio = asked_share_ratio(device)
        if gap_s and share_ratio > TCP_SHARE_MAX_RATIO:
            key = f"{next(iter(periods_s(device))).value}_s"
            found = f"a poll plan that needs {share_ratio:.0%} of the device's time, with its pause of {gap_s:g} s"
            yield draft.file.problem(("devices", device.name, key), found, f"at most {TCP_SHARE_MAX_RATIO:.0%}")


def _on_tcp(devices: Iterable[Device]) -> Iterator[Device]:
    return (device for device in devices if device.table.protocol is Protocol.MODBUS_TCP)


def _sound(draft: Draft) -> dict[str, Device]:
    """Without those whose keys may be defaults in place of what was wrong."""
    return {name: device for name, device in draft.devices.items() if draft.is_sound("devices", name)}


CHECKS: tuple[Callable[[Draft], Iterator[Problem]], ...] = (
    _line_is_one,
    _connection_is_one,
    _certificates_can_be_used,
    _dates_are_right,
    _device_is_asked_slowly_enough,
)
