"""Certificates as they come from outside: read, and held against each other."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from moyai.ports.pki import Mismatch, UnreadableCertificate


def one(pem: bytes) -> x509.Certificate:
    """The only certificate. Raises UnreadableCertificate."""
    found = many(pem)
    if len(found) != 1:
        raise UnreadableCertificate(f"Certificate must hold one certificate as PEM, and holds {len(found)}.")
    return found[0]


def many(pem: bytes) -> list[x509.Certificate]:
    """All certificates, in their order; none of an empty text. Raises UnreadableCertificate."""
    if not pem.strip():
        return []
    try:
        return list(x509.load_pem_x509_certificates(pem))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnreadableCertificate(f"The certificate can't be read as PEM: {error}.") from error


def key_of(certificate: x509.Certificate) -> CertificatePublicKeyTypes:
    """Its public key. Raises UnreadableCertificate."""
    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnreadableCertificate(f"The certificate's key can't be read: {error}.") from error


def check_link(below: x509.Certificate, over: x509.Certificate) -> None:
    """Raises Mismatch unless the one is signed by the other."""
    try:
        below.verify_directly_issued_by(over)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
        who = f"{below.subject.rfc4514_string()!r} by {over.subject.rfc4514_string()!r}"
        raise Mismatch(f"The chain does not hold: {who} is not what was signed.") from error


def serial_of(certificate: x509.Certificate) -> str:
    """Its serial number, hexadecimal bytes with colons between them."""
    number = certificate.serial_number
    return number.to_bytes(max(1, -(-number.bit_length() // 8)), "big").hex(":")


def written(*certificates: x509.Certificate) -> str:
    """As PEM, one after the other."""
    return "".join(one.public_bytes(Encoding.PEM).decode() for one in certificates)
