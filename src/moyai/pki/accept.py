"""An authority's certificate that comes from outside, held against the authority's own request.

Promise: what is accepted signs for this key under this name, may sign others, and its chain holds link by link up to a
root that signs itself. When it is valid is looked at by whoever asks.
Source: https://docs.aws.amazon.com/privateca/latest/APIReference/API_ImportCertificateAuthorityCertificate.html
"""

from __future__ import annotations

from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding

from moyai.domain.pca.authority import AuthorityCertificate, AuthorityType
from moyai.kernel.clock import Instant
from moyai.ports.pki import Mismatch, UnreadableCertificate


def accept(csr: str, type_: AuthorityType, certificate: bytes, chain: bytes) -> AuthorityCertificate:
    """The certificate, when it may be the authority's. Raises UnreadableCertificate, Mismatch."""
    own, above = _one(certificate), _many(chain)
    request = x509.load_pem_x509_csr(csr.encode())
    if _key(own) != request.public_key():
        raise Mismatch("The certificate is not of this authority's key: it has to be made from its own request.")
    if own.subject != request.subject:
        raise Mismatch("The certificate's subject is not that of the authority's request.")
    _check_signs_others(own)
    _check_place(type_, own, above)
    for below, over in pairwise((own, *above)):
        _check_link(below, over)
    return AuthorityCertificate(
        pem=_pem(own),
        chain="".join(_pem(one) for one in above),
        serial=own.serial_number.to_bytes(max(1, -(-own.serial_number.bit_length() // 8)), "big").hex(":"),
        not_before=Instant(own.not_valid_before_utc.timestamp()),
        not_after=Instant(own.not_valid_after_utc.timestamp()),
    )


def _key(own: x509.Certificate) -> CertificatePublicKeyTypes:
    try:
        return own.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnreadableCertificate(f"The certificate's key can't be read: {error}.") from error


def _one(pem: bytes) -> x509.Certificate:
    found = _many(pem)
    if len(found) != 1:
        raise UnreadableCertificate(f"Certificate must hold one certificate as PEM, and holds {len(found)}.")
    return found[0]


def _many(pem: bytes) -> list[x509.Certificate]:
    if not pem.strip():
        return []
    try:
        return list(x509.load_pem_x509_certificates(pem))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnreadableCertificate(f"The certificate can't be read as PEM: {error}.") from error


def _check_signs_others(own: x509.Certificate) -> None:
    try:
        basic = own.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, ValueError, x509.DuplicateExtension) as error:
        raise UnreadableCertificate("The certificate has no basic constraints, so it is no authority's.") from error
    if not basic.critical or not basic.value.ca:
        raise UnreadableCertificate("The basic constraints must be critical and say that it is an authority.")


def _check_place(type_: AuthorityType, own: x509.Certificate, above: list[x509.Certificate]) -> None:
    signs_itself = own.issuer == own.subject
    if type_ is AuthorityType.ROOT:
        if not signs_itself or above:
            raise Mismatch("A root authority's certificate signs itself and has no chain.")
        _check_link(own, own)
        return
    if signs_itself:
        raise Mismatch("A subordinate authority's certificate is signed by another authority.")
    if not above:
        raise Mismatch("A subordinate authority's certificate needs its CertificateChain, up to the root.")
    if above[-1].issuer != above[-1].subject:
        raise Mismatch("The last certificate of CertificateChain must be the root.")
    _check_link(above[-1], above[-1])


def _check_link(below: x509.Certificate, over: x509.Certificate) -> None:
    try:
        below.verify_directly_issued_by(over)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
        who = f"{below.subject.rfc4514_string()!r} by {over.subject.rfc4514_string()!r}"
        raise Mismatch(f"The chain does not hold: {who} is not what was signed.") from error


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
