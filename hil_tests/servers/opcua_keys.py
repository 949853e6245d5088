"""What a secured OPC UA server and its hub need of each other: made anew for each bench, thrown away with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.crypto.validator import CertificateValidator, CertificateValidatorOptions
from asyncua.server.server import Server
from asyncua.server.user_managers import UserManager
from asyncua.ua.status_codes import StatusCodes
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from controller import clock
from controller.config.types import Security

USER, PASSWORD = "hub", "Nordsee ist Mordsee"
TWENTY_YEARS_D = 7300
FORM = CertificateValidatorOptions.EXT_VALIDATION | CertificateValidatorOptions.PEER_CLIENT
POLICIES = {
    "Basic256Sha256": ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
    "Aes256Sha256RsaPss": ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
}


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate and its key, as files."""

    name: str
    certificate: Path  # DER
    private_key: Path  # PEM

    @classmethod
    def of(cls, folder: Path, name: str) -> Identity:
        """The files of that name in a folder."""
        return cls(name, folder / f"{name}.der", folder / f"{name}.pem")

    @property
    def uri(self) -> str:
        """Its application's."""
        return f"urn:hallig:bench:{self.name}"


@dataclass(frozen=True, slots=True)
class Keys:
    """Both ends of one secured server."""

    policy: str
    server: Identity
    hub: Identity
    password_file: Path

    @classmethod
    def of(cls, folder: Path, policy: str) -> Keys:
        """Those that lie in a folder, or will."""
        return cls(policy, Identity.of(folder, "server"), Identity.of(folder, "hub"), folder / "password")

    @property
    def security(self) -> Security:
        """As the hub needs it."""
        return Security(
            self.policy,
            self.hub.certificate,
            self.hub.private_key,
            self.server.certificate,
            USER,
            self.password_file,
        )

    @property
    def override(self) -> dict[str, object]:
        """The same as the site file says it."""
        return {key: str(value) for key in Security.__dataclass_fields__ if (value := getattr(self.security, key))}


def new_keys(folder: Path, policy: str = "Basic256Sha256", server_ended_d: int = 0) -> Keys:
    """A server and a hub that trust each other. With `server_ended_d`, the server's certificate ran out so long ago."""
    keys = Keys.of(folder, policy)
    keys.password_file.touch(mode=0o600)
    keys.password_file.write_text(f"{PASSWORD}\n", encoding="utf-8")
    write_identity(keys.server, server_ended_d)
    write_identity(keys.hub)
    return keys


def write_identity(identity: Identity, ended_d: int = 0) -> None:
    """A key, and a certificate that it signs itself as OPC 10000-6, 6.2.2 wants it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    end = datetime.fromtimestamp(clock.unix_s(), UTC) + timedelta(days=-ended_d if ended_d else TWENTY_YEARS_D)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, identity.name)])
    usage = dict.fromkeys(("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"), True)
    never = dict.fromkeys(("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(end - timedelta(days=2 * TWENTY_YEARS_D))
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity.uri)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=False)
        .add_extension(x509.KeyUsage(**usage, **never), critical=False)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
        )
        .sign(key, SHA256())
    )
    identity.certificate.write_bytes(certificate.public_bytes(Encoding.DER))
    identity.private_key.touch(mode=0o600)
    identity.private_key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


class OneUser(UserManager):
    """The hub, by its password."""

    def get_user(  # noqa: D102 - as the library wants it
        self, iserver: object, username: str | None = None, password: str | None = None, certificate: object = None
    ) -> User | None:
        del iserver, certificate
        return User(role=UserRole.User) if (username, password) == (USER, PASSWORD) else None


def new_server(keys: Keys | None) -> Server:
    """One that knows the hub by its password, or anybody."""
    return Server() if keys is None else Server(user_manager=OneUser())


async def secure(server: Server, keys: Keys | None) -> None:
    """After `init`: one endpoint, signed and encrypted, for the hub alone; or an open one."""
    if keys is None:
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        return
    await server.set_application_uri(keys.server.uri)
    server.set_security_policy([POLICIES[keys.policy]])
    await server.load_certificate(str(keys.server.certificate))
    await server.load_private_key(str(keys.server.private_key))
    hub = x509.load_der_x509_certificate(keys.hub.certificate.read_bytes())
    form = CertificateValidator(FORM)

    async def is_the_hub(certificate: x509.Certificate, application: ua.ApplicationDescription) -> None:
        await form.validate(certificate, application)
        if certificate != hub:
            raise ServiceError(StatusCodes.BadCertificateUntrusted)

    server.set_certificate_validator(is_the_hub)
    server.set_identity_tokens([ua.UserNameIdentityToken])
