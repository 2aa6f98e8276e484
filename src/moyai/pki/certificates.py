"""Parses certificates, and checks that one was signed by another."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from moyai.ports.pki import Mismatch, UnreadableCertificate


def parse_certificate(pem: bytes) -> x509.Certificate:
    """Parse exactly one certificate. Raises UnreadableCertificate."""
    certificates = parse_certificates(pem)
    if len(certificates) != 1:
        raise UnreadableCertificate(f"Certificate must hold one certificate as PEM, and holds {len(certificates)}.")
    return certificates[0]


def parse_certificates(pem: bytes) -> list[x509.Certificate]:
    """Parse any number of certificates, in their order. Raises UnreadableCertificate."""
    if not pem.strip():
        return []
    try:
        return list(x509.load_pem_x509_certificates(pem))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnreadableCertificate(f"The certificate can't be read as PEM: {error}.") from error


def key_of(certificate: x509.Certificate) -> CertificatePublicKeyTypes:
    """A certificate's public key. Raises UnreadableCertificate."""
    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnreadableCertificate(f"The certificate's key can't be read: {error}.") from error


def check_link(below: x509.Certificate, over: x509.Certificate) -> None:
    """Raise Mismatch unless ``over`` has signed ``below``."""
    try:
        below.verify_directly_issued_by(over)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
        subject, signer = below.subject.rfc4514_string(), over.subject.rfc4514_string()
        raise Mismatch(f"The chain does not hold: {subject!r} by {signer!r} is not what was signed.") from error


def serial_of(certificate: x509.Certificate) -> str:
    """A certificate's serial number, as hexadecimal bytes separated by colons."""
    number = certificate.serial_number
    return number.to_bytes(max(1, -(-number.bit_length() // 8)), "big").hex(":")


def to_pem(*certificates: x509.Certificate) -> str:
    """The certificates as PEM, one after the other."""
    return "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in certificates)
