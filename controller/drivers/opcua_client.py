"""An OPC UA client as the site wants it: who we are, whom we speak to, and what a refusal means.

The server's certificate is pinned: nobody else is spoken to, and its dates keep nobody away, because in a blackout a
hub may not know what day it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto.security_policies import (
    SecurityPolicy,
    SecurityPolicyAes256Sha256RsaPss,
    SecurityPolicyBasic256Sha256,
)
from asyncua.ua import uaerrors
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import load_der_x509_certificate

from controller.config.credentials import Credentials, dates, is_valid_at

POLICIES: Mapping[str, type[SecurityPolicy]] = {
    "Basic256Sha256": SecurityPolicyBasic256Sha256,
    "Aes256Sha256RsaPss": SecurityPolicyAes256Sha256RsaPss,
}
SESSION_S = 3.0
"""How long a server is to keep a session of ours that has fallen silent; the library itself asks once a second. After a
cut the old session still counts, and many servers have room for ten: with an hour, ten cuts lock us out for an hour."""

SIGN_AND_ENCRYPT = ua.MessageSecurityMode.SignAndEncrypt

THE_USER = (uaerrors.BadUserAccessDenied, uaerrors.BadIdentityTokenInvalid, uaerrors.BadIdentityTokenRejected)
OUR_CERTIFICATE = (
    uaerrors.BadCertificateChainIncomplete,
    uaerrors.BadCertificateInvalid,
    uaerrors.BadCertificatePolicyCheckFailed,
    uaerrors.BadCertificateRevoked,
    uaerrors.BadCertificateTimeInvalid,
    uaerrors.BadCertificateUntrusted,
    uaerrors.BadCertificateUriInvalid,
    uaerrors.BadCertificateUseNotAllowed,
    uaerrors.BadSecurityChecksFailed,  # what a server says that does not want to say which
)
THE_POLICY = (
    uaerrors.BadSecurityModeInsufficient,
    uaerrors.BadSecurityModeRejected,
    uaerrors.BadSecurityPolicyRejected,
)


def new_client(url: str, timeout_s: float, known: Credentials | None) -> Client:
    """A client that has not connected yet; each connection needs a new one."""
    client = Client(url, timeout=timeout_s)
    client.session_timeout = round(SESSION_S * 1000.0)
    if known is None:
        return client
    policy = POLICIES[known.policy](known.server_certificate, known.certificate, known.private_key, SIGN_AND_ENCRYPT)
    client.security_policy = policy  # type: ignore[assignment]  # declared too narrowly
    client.uaclient.set_security(policy)
    client.application_uri = known.application_uri
    if known.user:
        client.set_user(known.user)
        client.set_password(known.password)
    return client


def refusal(error: BaseException | None, known: Credentials | None) -> str | None:
    """What an error at connecting means, if it is one that trying again does not mend."""
    if isinstance(error, THE_USER):
        if known is None or not known.user:
            return "the server lets nobody in without a user and a password"
        return f"the server refuses the user '{known.user}' or its password"
    is_dumb = isinstance(error, AssertionError) and known is not None  # asyncua stumbles over a refusal of the channel
    if is_dumb or isinstance(error, OUR_CERTIFICATE):
        said = "it opens no channel" if is_dumb else type(error).__name__
        return f"the server refuses our certificate ({said}): it must be among those that it trusts"
    if isinstance(error, THE_POLICY):
        return f"the server has no endpoint {_way(known)}"
    if isinstance(error, InvalidSignature):
        return "the server has not the key of server_certificate: is it the right server?"
    return None


def disagreement(offered: Iterable[ua.EndpointDescription], known: Credentials | None) -> str | None:
    """Why we cannot get together with a server that offers these endpoints; None when it does not show."""
    endpoints = list(offered)
    fitting = [each for each in endpoints if _is_fitting(each, known)]
    if not fitting:
        there = ", ".join(sorted({_name(each) for each in endpoints})) or "none"
        return f"the server has no endpoint {_way(known)}; there are: {there}"
    if known is None:
        return None
    pinned = known.server_certificate.public_bytes(Encoding.DER)
    if any((each.ServerCertificate or b"").startswith(pinned) for each in fitting):
        return None
    shown = fitting[0].ServerCertificate
    return f"the server shows another certificate than server_certificate{_thumbprint(shown)}: is it the right server?"


def silence(known: Credentials) -> str:
    """What a secured server that says nothing at all may mean."""
    return f"no answer; if it is switched on: has it an endpoint {_way(known)}, and is server_certificate its own?"


def out_of_date(known: Credentials, unix_s: float) -> Iterator[str]:
    """Certificates that the wall clock, if it is right, finds too old or too new. They count all the same."""
    for name, certificate in (("our", known.certificate), ("the server's", known.server_certificate)):
        if not is_valid_at(certificate, unix_s):
            yield f"{name} certificate is {dates(certificate)}, by this hub's clock not now; it counts all the same"


def _is_fitting(endpoint: ua.EndpointDescription, known: Credentials | None) -> bool:
    if known is None:
        return bool(endpoint.SecurityMode == ua.MessageSecurityMode.None_)
    policy = POLICIES[known.policy]
    return bool(endpoint.SecurityMode == SIGN_AND_ENCRYPT and endpoint.SecurityPolicyUri == policy.URI)


def _way(known: Credentials | None) -> str:
    return "without security" if known is None else f"with {known.policy}, signed and encrypted"


def _name(endpoint: ua.EndpointDescription) -> str:
    return f"{endpoint.SecurityPolicyUri.rpartition('#')[2]} {endpoint.SecurityMode.name.rstrip('_')}"


def _thumbprint(der: bytes | None) -> str:
    """As OPC UA tools show it: SHA-1, in hexadecimal."""
    try:
        return f" (thumbprint {load_der_x509_certificate(der or b'').fingerprint(SHA1()).hex()})"
    except ValueError:
        return ""
