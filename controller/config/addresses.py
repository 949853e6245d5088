"""Whether an address can be one: hosts, serial ports, and urls of OPC UA. Nobody is asked whether somebody is there."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import urlsplit

URL_START = "opc.tcp://"
OPCUA_PORT = 4840  # OPC 10000-6, 7.2: the registered port
A_HOST = "a name or an address alone"
FOUR_NUMBERS = "four numbers from 0 to 255 with dots between them, or a name"
_LIKE_NUMBERS = re.compile(r"\d+(\.\d+)*\.?|(\d+\.){2,}[\w-]+")  # the second form: a letter has got in at the end
_LOOKS_LIKE = str.maketrans({"O": "0", "o": "0", "l": "1", "I": "1"})
_NAME = re.compile(r"[\w-]+(\.[\w-]+)*\.?")
_PORT = re.compile(r"/dev/(tty\w+|serial/[\w/.:-]+)")
_SCHEME = re.compile(r"^[A-Za-z][\w+.-]*:/{1,2}")


class Slip(NamedTuple):
    """What is wanted instead, and what was probably meant."""

    wanted: str
    hint: str = ""


def host_slip(host: str) -> Slip | None:
    """What is wrong with a host; None when it can be one."""
    if _is_host(host):
        return None
    if _LIKE_NUMBERS.fullmatch(host):
        hint = host.translate(_LOOKS_LIKE)
        return Slip(FOUR_NUMBERS, hint if hint != host and _is_host(hint) else "")
    meant = re.split(r"[/?#]", _SCHEME.sub("", host.strip()))[0].rpartition("@")[2]
    name, colon, port = meant.rpartition(":")
    if colon and (port.isdecimal() or not port) and _is_host(name.strip("[]")):
        return Slip(f"{A_HOST}; its port has the key 'port'", name.strip("[]"))
    hint = meant.strip("[]")
    return Slip(A_HOST, hint if hint != host and _is_host(hint) else "")


def url_slip(url: str) -> Slip | None:
    """What is wrong with the url of an OPC UA server; None when it can be one."""
    rest = _SCHEME.sub("", url)
    if not url.startswith(URL_START):
        meant = URL_START + rest
        return Slip(f"an address that begins with {URL_START}", meant if url_slip(meant) is None else "")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return Slip(f"a port from 1 to 65535, as in {URL_START}192.0.2.1:{OPCUA_PORT}")
    if not _is_host(host):
        return Slip(f"{FOUR_NUMBERS if _LIKE_NUMBERS.fullmatch(host) else A_HOST} after {URL_START}")
    if port is None:
        host_end = len(URL_START) + len(parts.netloc.rstrip(":"))
        return Slip("its port, too", f"{url[:host_end]}:{OPCUA_PORT}{url[len(URL_START) + len(parts.netloc) :]}")
    return Slip("a port from 1 to 65535") if port == 0 else None


def port_slip(port: str) -> Slip | None:
    """What is wrong with a serial port; None when it can be one. Whether it is there, only its own machine can say."""
    if port.startswith("/") and not port.endswith("/") and port.strip() == port:
        return None
    meant = f"/dev/{port.strip().strip('/').removeprefix('dev/')}"
    return Slip("the whole path of a port, as in /dev/ttyAMA0", meant if _PORT.fullmatch(meant) else "")


def _is_host(host: str) -> bool:
    """An IP address, or a name. What looks like an address must be one."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return _NAME.fullmatch(host) is not None and not _LIKE_NUMBERS.fullmatch(host)
    return True
