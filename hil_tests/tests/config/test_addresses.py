"""Addresses: what can be one passes, and what cannot is told with what was meant."""

from __future__ import annotations

import pytest

from controller.config.addresses import host_slip, port_slip, url_slip


@pytest.mark.parametrize(
    "host",
    ["192.0.2.1", "::1", "fe80::1%eth0", "localhost", "meter-1.hub.local", "wärme_1", "hub.", "1.hub", "2.pool.hub"],
)
def test_a_host_passes(host: str) -> None:
    assert host_slip(host) is None


@pytest.mark.parametrize(
    ("host", "hint"),
    [
        ("localhost:502", "localhost"),
        ("192.0.2.1:502", "192.0.2.1"),
        ("[::1]:502", "::1"),
        ("[::1]", "::1"),
        ("tcp://192.0.2.1:502/x", "192.0.2.1"),
        ("http:/hub.local", "hub.local"),
        ("user@hub", "hub"),
        ("hub/1", "hub"),
        (" hub", "hub"),
        ("192.0.2", ""),
        ("192.0.2.256", ""),
        ("192.0.2.1O", "192.0.2.10"),
        ("192.0.2.l", "192.0.2.1"),
        ("192.0.2.x", ""),
        ("one two", ""),
        ("a..b", ""),
        (":502", ""),
        (" ", ""),
    ],
)
def test_what_is_no_host_is_told_with_what_was_meant(host: str, hint: str) -> None:
    slip = host_slip(host)
    assert slip is not None
    assert slip.hint == hint
    assert hint == "" or host_slip(hint) is None


@pytest.mark.parametrize("url", ["opc.tcp://192.0.2.1:4840", "opc.tcp://[::1]:4840/hallig/", "opc.tcp://hub:1/x?y"])
def test_a_url_passes(url: str) -> None:
    assert url_slip(url) is None


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("opc.tcp://hub", "opc.tcp://hub:4840"),
        ("opc.tcp://hub:/x", "opc.tcp://hub:4840/x"),
        ("opc.tcp://[::1]/x", "opc.tcp://[::1]:4840/x"),
        ("opc.tcp:/hub:4840", "opc.tcp://hub:4840"),
        ("http://hub:4840/x", "opc.tcp://hub:4840/x"),
        ("hub:4840", "opc.tcp://hub:4840"),
        ("opc.tcp://hub:0", ""),
        ("opc.tcp://hub:70000", ""),
        ("opc.tcp://hub:port", ""),
        ("opc.tcp://:4840", ""),
        ("opc.tcp://192.0.2.1O:4840", ""),
        ("opc.tcp://", ""),
        ("opc.tcp://[::1", ""),
    ],
)
def test_what_is_no_url_is_told_with_what_was_meant(url: str, hint: str) -> None:
    slip = url_slip(url)
    assert slip is not None
    assert slip.hint == hint
    assert hint == "" or url_slip(hint) is None


@pytest.mark.parametrize("port", ["/dev/ttyAMA0", "/dev/serial/by-id/usb-FTDI_1-if00-port0", "/tmp/line"])
def test_a_serial_port_passes(port: str) -> None:
    assert port_slip(port) is None


@pytest.mark.parametrize(
    ("port", "hint"),
    [
        ("ttyAMA0", "/dev/ttyAMA0"),
        ("dev/ttyUSB0", "/dev/ttyUSB0"),
        ("/dev/ttyS0 ", "/dev/ttyS0"),
        ("serial/by-id/usb-x", "/dev/serial/by-id/usb-x"),
        ("COM3", ""),
        ("/dev/", ""),
        ("192.0.2.1:502", ""),
    ],
)
def test_what_is_no_serial_port_is_told_with_what_was_meant(port: str, hint: str) -> None:
    slip = port_slip(port)
    assert slip is not None
    assert slip.hint == hint
    assert hint == "" or port_slip(hint) is None
