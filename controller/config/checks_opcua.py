"""OPC UA: who speaks with whom, and whether the files for it serve."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from controller import clock
from controller.config.checks_trust import is_real
from controller.config.draft import Draft
from controller.config.errors import Problem
from controller.config.types import Protocol, Security
from controller.model.words import ClockQuality

OTHERS_MAY_READ = 0o077


def _files_serve(draft: Draft) -> Iterator[Problem]:
    for name, security in _secured(draft):
        from controller.config.credentials import mistakes  # noqa: PLC0415 - cryptography, only where it is needed

        for mistake in mistakes(security):
            loc = ("devices", name, "security", mistake.key)
            yield draft.file.problem(loc, mistake.found, mistake.wanted)


def _dates_are_right(draft: Draft) -> Iterator[Problem]:
    """A warning: in a blackout there is no time of day, so no date may keep the hub from its devices."""
    if clock.quality() is ClockQuality.UNSET:
        return
    for name, security in _secured(draft):
        from controller.config.credentials import CredentialError, credentials, dates, is_valid_at  # noqa: PLC0415

        try:
            found = credentials(security)
        except CredentialError:
            continue
        pair = {"certificate": found.certificate, "server_certificate": found.server_certificate}
        for key, certificate in pair.items():
            if not is_valid_at(certificate, clock.unix_s()):
                wanted = "a new one before the server refuses it" if key == "certificate" else "a new one, on both ends"
                yield draft.file.warning(("devices", name, "security", key), dates(certificate), wanted)


def _password_is_secret(draft: Draft) -> Iterator[Problem]:
    for name, security in _secured(draft):
        path = security.password_file
        for key, file in (("private_key", security.private_key), ("password_file", path)):
            if file is not None and file.is_file() and file.stat().st_mode & OTHERS_MAY_READ:
                found = f"{file}, which others may read"
                yield draft.file.warning(("devices", name, "security", key), found, f"chmod 600 {file}")


def _one_server_is_met_in_one_way(draft: Draft) -> Iterator[Problem]:
    """Devices behind one address share its connection."""
    first: dict[str, str] = {}
    for name, device in draft.devices.items():
        if device.table.protocol is Protocol.OPCUA and device.url:
            other = first.setdefault(device.url, name)
            if device.security != draft.devices[other].security:
                found = f"something else than '{other}' has at the same url"
                yield draft.file.problem(("devices", name, "security"), found, "the same: they share a connection")


def _real_servers_are_known(draft: Draft) -> Iterator[Problem]:
    if not is_real(draft):
        return
    for name, device in draft.devices.items():
        if device.table.protocol is Protocol.OPCUA and device.security is None:
            wanted = "security: without it anybody at that address can say what he likes, and order what he likes"
            yield draft.file.warning(("devices", name), "an OPC UA device without security", wanted)


def _secured(draft: Draft) -> Iterator[tuple[str, Security]]:
    for name, device in draft.devices.items():
        if device.security is not None and device.table.protocol is Protocol.OPCUA:
            yield name, device.security


CHECKS: tuple[Callable[[Draft], Iterator[Problem]], ...] = (
    _files_serve,
    _dates_are_right,
    _password_is_secret,
    _one_server_is_met_in_one_way,
    _real_servers_are_known,
)
