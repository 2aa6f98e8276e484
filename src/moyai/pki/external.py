"""Checks certificates that come from outside: an authority's own, and a certificate that is imported with its key.

Promise: an accepted authority's certificate is for the key and the subject of the authority's own request, may sign
others, and its chain is valid up to a self-signed root. An imported certificate is for the key that comes with it, and
its chain is valid; without a chain it is self-signed. The period of validity is checked by the caller. The key is
tested by a signature, which takes milliseconds, where checking its numbers takes a second.
Source: https://docs.aws.amazon.com/privateca/latest/APIReference/API_ImportCertificateAuthorityCertificate.html,
https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html
"""

from __future__ import annotations

from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from moyai.domain.pca.authority import AuthorityCertificate, AuthorityType
from moyai.kernel.clock import Instant
from moyai.pki.certificates import check_link, key_of, parse_certificate, parse_certificates, serial_of, to_pem
from moyai.pki.facts import facts, signed_with
from moyai.pki.keys import PrivateKey, key_to_pem
from moyai.ports.pki import ImportedCertificate, Mismatch, UnreadableCertificate, UnreadableKey

_LONGEST_CHAIN = 10
_PROBE = b"whose key is this"
_DIGEST = hashes.SHA256()


def accept_authority(csr: str, type_: AuthorityType, certificate: bytes, chain: bytes) -> AuthorityCertificate:
    """The certificate, when it may be the authority's. Raises UnreadableCertificate, Mismatch."""
    own, above = parse_certificate(certificate), parse_certificates(chain)
    request = x509.load_pem_x509_csr(csr.encode())
    if key_of(own) != request.public_key():
        raise Mismatch("The certificate is not of this authority's key: it has to be made from its own request.")
    if own.subject != request.subject:
        raise Mismatch("The certificate's subject is not that of the authority's request.")
    _check_is_authority(own)
    _check_chain(type_, own, above)
    for below, over in pairwise((own, *above)):
        check_link(below, over)
    return AuthorityCertificate(
        pem=to_pem(own),
        chain=to_pem(*above),
        serial=serial_of(own),
        not_before=Instant(own.not_valid_before_utc.timestamp()),
        not_after=Instant(own.not_valid_after_utc.timestamp()),
    )


def _check_is_authority(own: x509.Certificate) -> None:
    try:
        basic = own.extensions.get_extension_for_class(x509.BasicConstraints)
    except (x509.ExtensionNotFound, ValueError, x509.DuplicateExtension) as error:
        raise UnreadableCertificate("The certificate has no basic constraints, so it is no authority's.") from error
    if not basic.critical or not basic.value.ca:
        raise UnreadableCertificate("The basic constraints must be critical and say that it is an authority.")


def _check_chain(type_: AuthorityType, own: x509.Certificate, above: list[x509.Certificate]) -> None:
    is_self_signed = own.issuer == own.subject
    if type_ is AuthorityType.ROOT:
        if not is_self_signed or above:
            raise Mismatch("A root authority's certificate signs itself and has no chain.")
        check_link(own, own)
        return
    if is_self_signed:
        raise Mismatch("A subordinate authority's certificate is signed by another authority.")
    if not above:
        raise Mismatch("A subordinate authority's certificate needs its CertificateChain, up to the root.")
    if above[-1].issuer != above[-1].subject:
        raise Mismatch("The last certificate of CertificateChain must be the root.")
    check_link(above[-1], above[-1])


def import_certificate(certificate: bytes, private: bytes, chain: bytes) -> ImportedCertificate:
    """The certificate, its chain and its key. Raises UnreadableCertificate, UnreadableKey, Mismatch."""
    own, above = parse_certificate(certificate), parse_certificates(chain)
    content = facts(own)
    if len(above) > _LONGEST_CHAIN:
        raise UnreadableCertificate(f"CertificateChain has up to {_LONGEST_CHAIN} certificates.")
    if not own.issuer.rdns:
        raise UnreadableCertificate("The certificate has no issuer.")
    if not above and own.issuer != own.subject:
        raise Mismatch("The certificate does not sign itself, so its CertificateChain is needed.")
    for below, over in pairwise((own, *(above or [own]))):
        check_link(below, over)
    if signed_with(own) is not content.key_algorithm.family:
        raise Mismatch(f"The certificate's key is {content.key_algorithm}, and what signed it is of another kind.")
    key = _parse_key(private)
    _check_pair(key, own)
    return ImportedCertificate(to_pem(own), to_pem(*above), key_to_pem(key), content)


def _parse_key(private: bytes) -> PrivateKey:
    try:
        key = serialization.load_pem_private_key(private, None, unsafe_skip_rsa_key_validation=True)
    except TypeError as error:
        raise UnreadableKey("The private key is encrypted. It has to be as it is.") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnreadableKey("The private key can't be read as PEM.") from error
    if not isinstance(key, PrivateKey):
        raise UnreadableKey("The private key is neither RSA nor elliptic.")
    return key


def _check_pair(key: PrivateKey, own: x509.Certificate) -> None:
    if key.public_key() != own.public_key():
        raise Mismatch("The private key is not that of the certificate.")
    try:
        _test(key)
    except (ValueError, InvalidSignature) as error:
        raise UnreadableKey("The private key does not work.") from error


def _test(key: PrivateKey) -> None:
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(_PROBE, padding.PKCS1v15(), _DIGEST)
        key.public_key().verify(signature, _PROBE, padding.PKCS1v15(), _DIGEST)
    else:
        key.public_key().verify(key.sign(_PROBE, ec.ECDSA(_DIGEST)), _PROBE, ec.ECDSA(_DIGEST))
