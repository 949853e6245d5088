"""Modbus/TCP Security: who we are, whom we trust, and the context made of it.

Source: Modbus/TCP Security Protocol Specification V2.1: TLS 1.2 at least, and both sides show a certificate. Its roles,
an extension of our certificate, are for the device to judge.

Dates are not looked at: in a blackout a hub may not know what day it is (docs/decisions/0013-pinned-certificates.md).
"""

from __future__ import annotations

import ssl

from controller.config.types import Tls

NO_CHECK_TIME = ssl.VerifyFlags(0x20_0000)  # X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which Python's ssl does not name


def context_of(tls: Tls | None) -> ssl.SSLContext | None:
    """Verifies the other side's certificate and name, whatever day it is, and shows ours. None without TLS.

    Raises:
        OSError: a file cannot be read, or is no certificate, or no key of that certificate (ssl.SSLError is one).
    """
    if tls is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # name and certificate are checked, old protocols refused
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_flags |= NO_CHECK_TIME
    context.load_verify_locations(tls.ca)
    context.load_cert_chain(tls.certificate, tls.key)
    return context
