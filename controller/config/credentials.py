"""The files by which a hub and an OPC UA server know each other: read, and checked as far as files can be.

Importing this module costs 15 ms and 6 MB (cryptography): only a site with such a device does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

from controller.config.types import Security

PEM = b"-----BEGIN"
KEY_BITS = (2048, 4096)  # OPC 10000-7: asymmetric key length of both policies


class CredentialError(Exception):
    """One file that does not serve: its key in the site file, what was found, what is wanted."""

    def __init__(self, key: str, found: str, wanted: str) -> None:
        super().__init__(f"{key}: found {found}, wanted {wanted}")
        self.key, self.found, self.wanted = key, found, wanted


@dataclass(frozen=True, slots=True)
class Credentials:
    """What is in the files."""

    policy: str
    certificate: x509.Certificate
    private_key: RSAPrivateKey
    server_certificate: x509.Certificate
    application_uri: str  # as our certificate says it: a server compares
    user: str
    password: str


def credentials(security: Security) -> Credentials:
    """Read the files. Raises CredentialError for the first that does not serve."""
    return Credentials(
        policy=security.policy,
        certificate=_certificate("certificate", security.certificate),
        private_key=_private_key(security),
        server_certificate=_certificate("server_certificate", security.server_certificate),
        application_uri=_application_uri(security),
        user=security.user,
        password=_password(security),
    )


def mistakes(security: Security) -> Iterator[CredentialError]:
    """Every file that does not serve."""
    readers: tuple[Callable[[], object], ...] = (
        lambda: _application_uri(security),
        lambda: _private_key(security),
        lambda: _certificate("server_certificate", security.server_certificate),
        lambda: _password(security),
    )
    for read in readers:
        try:
            read()
        except CredentialError as error:
            yield error


def out_of_date_in(path: Path, unix_s: float) -> Iterator[x509.Certificate]:
    """Those of the certificates in a PEM file that the wall clock finds too old or too new; none of an unfit file."""
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm):
        return
    yield from (certificate for certificate in found if not is_valid_at(certificate, unix_s))


def is_valid_at(certificate: x509.Certificate, unix_s: float) -> bool:
    """The wall clock lies within the certificate's dates."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return begin.timestamp() <= unix_s <= end.timestamp()


def dates(certificate: x509.Certificate) -> str:
    """For people."""
    return f"valid {certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}"


def _certificate(key: str, path: Path) -> x509.Certificate:
    raw = _bytes(key, path)
    load = x509.load_pem_x509_certificate if raw.lstrip().startswith(PEM) else x509.load_der_x509_certificate
    try:
        return load(raw)
    except (ValueError, UnsupportedAlgorithm):
        raise CredentialError(key, f"no certificate in {path}", "an X.509 certificate, PEM or DER") from None


def _application_uri(security: Security) -> str:
    certificate = _certificate("certificate", security.certificate)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        names = x509.SubjectAlternativeName([])
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    if not uris:
        wanted = "a URI among its subject alternative names: OPC UA servers ask for it"
        raise CredentialError("certificate", f"a certificate without one in {security.certificate}", wanted)
    return uris[0]


def _private_key(security: Security) -> RSAPrivateKey:
    key, path = "private_key", security.private_key
    raw = _bytes(key, path)
    load = load_pem_private_key if raw.lstrip().startswith(PEM) else load_der_private_key
    try:
        found = load(raw, password=None)
    except TypeError:
        raise CredentialError(key, f"a key with a password in {path}", "one without: nobody types it") from None
    except (ValueError, UnsupportedAlgorithm):
        raise CredentialError(key, f"no private key in {path}", "a private key, PEM or DER") from None
    low, high = KEY_BITS
    if not isinstance(found, RSAPrivateKey) or not low <= found.key_size <= high:
        size = f"{found.key_size} bits" if isinstance(found, RSAPrivateKey) else "another kind of key"
        raise CredentialError(key, f"{size} in {path}", f"an RSA key with {low} to {high} bits")
    if _certificate("certificate", security.certificate).public_key() != found.public_key():
        raise CredentialError(key, f"the key of another certificate in {path}", f"that of {security.certificate}")
    return found


def _password(security: Security) -> str:
    key, path = "password_file", security.password_file
    if bool(security.user) != (path is not None):
        there, missing = ("user", key) if security.user else (key, "user")
        raise CredentialError(missing, f"a {there} alone", f"a {missing} with it, or neither")
    if path is None:
        return ""
    try:
        first = _bytes(key, path).decode("utf-8").partition("\n")[0].rstrip("\r")
    except UnicodeDecodeError:
        raise CredentialError(key, f"no text in {path}", "the password in its first line, in UTF-8") from None
    if not first:
        raise CredentialError(key, f"nothing in the first line of {path}", "the password there")
    return first


def _bytes(key: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CredentialError(key, f"{path}: {error.strerror or error}", "a file that can be read") from None
