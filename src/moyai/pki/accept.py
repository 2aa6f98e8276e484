"""An authority's certificate that comes from outside, held against the authority's own request.

Promise: what is accepted signs for this key under this name, may sign others, and its chain holds link by link up to a
root that signs itself. When it is valid is looked at by whoever asks.
Source: https://docs.aws.amazon.com/privateca/latest/APIReference/API_ImportCertificateAuthorityCertificate.html
"""

from __future__ import annotations

from itertools import pairwise

from cryptography import x509

from moyai.domain.pca.authority import AuthorityCertificate, AuthorityType
from moyai.kernel.clock import Instant
from moyai.pki.certificates import check_link, key_of, many, one, serial_of, written
from moyai.ports.pki import Mismatch, UnreadableCertificate


def accept(csr: str, type_: AuthorityType, certificate: bytes, chain: bytes) -> AuthorityCertificate:
    """The certificate, when it may be the authority's. Raises UnreadableCertificate, Mismatch."""
    own, above = one(certificate), many(chain)
    request = x509.load_pem_x509_csr(csr.encode())
    if key_of(own) != request.public_key():
        raise Mismatch("The certificate is not of this authority's key: it has to be made from its own request.")
    if own.subject != request.subject:
        raise Mismatch("The certificate's subject is not that of the authority's request.")
    _check_signs_others(own)
    _check_place(type_, own, above)
    for below, over in pairwise((own, *above)):
        check_link(below, over)
    return AuthorityCertificate(
        pem=written(own),
        chain=written(*above),
        serial=serial_of(own),
        not_before=Instant(own.not_valid_before_utc.timestamp()),
        not_after=Instant(own.not_valid_after_utc.timestamp()),
    )


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
        check_link(own, own)
        return
    if signs_itself:
        raise Mismatch("A subordinate authority's certificate is signed by another authority.")
    if not above:
        raise Mismatch("A subordinate authority's certificate needs its CertificateChain, up to the root.")
    if above[-1].issuer != above[-1].subject:
        raise Mismatch("The last certificate of CertificateChain must be the root.")
    check_link(above[-1], above[-1])
