"""The part of the page for engineers: each device, whether it is believed, and since when nothing good came of it.

Instants and no ages: a page that changes with every second is fetched anew by every phone that shows it.
"""

from __future__ import annotations

from controller.status import DeviceStatus, Status
from supervisor.instants import Now, since_when
from supervisor.parts import DevicesView, Mark, Row, unsure_if
from supervisor.reading import Reading
from supervisor.words import Words

DIGITS_SHOWN_COUNT = 16
CURRENT_S = 15.0  # the slowest devices are asked every few seconds


def devices(reading: Reading, status: Status, now: Now, say: Words) -> DevicesView | None:
    """All of them, under a title that tells how many are not well. None where there are none."""
    if not status.devices:
        return None
    rows = tuple(_device(device, status, now, say) for device in status.devices)
    wrong_count = sum(row.mark is not Mark.ON for row in rows)
    title = say("page.devices") + (f" – {say.count('devices.wrong', wrong_count)}" if wrong_count else "")
    return DevicesView(title, unsure_if(reading.is_stale, rows), _limits(status, say))


def _limits(status: Status, say: Words) -> str:
    """The first digits are enough to tell two files apart; `sha256sum` says the same."""
    held = status.envelope
    return "" if held is None else say("page.limits", name=held.name, checksum=held.sha256[:DIGITS_SHOWN_COUNT])


def _device(device: DeviceStatus, status: Status, now: Now, say: Words) -> Row:
    note = ", ".join(_notes(device, status, now, say))
    if device.is_quarantined:
        return Row(device.name, say("device.quarantined"), Mark.UNSURE, note)
    if not device.is_up:
        return Row(device.name, say("device.silent"), Mark.OFF, note)
    has_stopped = device.last_good_at_s is not None and not _is_current(device, status)
    return Row(device.name, say("device.answers"), Mark.UNSURE if has_stopped else Mark.ON, note)


def _is_current(device: DeviceStatus, status: Status) -> bool:
    """Its values are believed, and new."""
    is_new = device.last_good_at_s is not None and status.written_at_s - device.last_good_at_s <= CURRENT_S
    return is_new and not device.is_quarantined


def _notes(device: DeviceStatus, status: Status, now: Now, say: Words) -> list[str]:
    notes = []
    if device.quarantined_since_s is not None:
        notes.append(say("device.quarantine", when=since_when(say, now, device.quarantined_since_s)))
    if device.last_good_at_s is not None:
        when = since_when(say, now, device.last_good_at_s)
        notes.append(say("device.current") if _is_current(device, status) else say("device.no_good", when=when))
    if device.refuted_count:
        notes.append(say.count("device.doubts", device.refuted_count))
    return notes
