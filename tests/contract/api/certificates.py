"""Certificates of an authority outside of moyai, to be imported."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from moyai.kernel.clock import later
from moyai.pki.keys import PrivateKey

DAY = 86400


class MadeCertificate(NamedTuple):
    """A certificate of an authority outside of moyai, and its key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def private(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def brought(self, **more) -> dict[str, Any]:
        return {"Certificate": self.pem, "PrivateKey": self.private} | more


def make_certificate(
    installation, name, above: MadeCertificate | None = None, key: PrivateKey | None = None, days=30, usages=()
) -> MadeCertificate:
    own = key or ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
    builder = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=above.certificate.subject if above else subject)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment(installation, -1))
        .not_valid_after(moment(installation, days))
        .add_extension(x509.BasicConstraints(ca=above is None, path_length=None), critical=True)
    )
    if "." in name:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    if usages:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    return MadeCertificate(builder.sign(above.key if above else own, hashes.SHA256()), own)


def moment(installation, days):
    return datetime.fromtimestamp(int(later(installation.now, days * DAY)), UTC)
