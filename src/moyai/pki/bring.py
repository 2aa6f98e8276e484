"""A certificate that comes from outside with its key.

Promise: what is taken is a certificate of that very key, with a chain that holds link by link; without a chain it signs
itself. When it is valid is looked at by whoever asks. A key is proven by using it, which takes milliseconds, where
checking its numbers takes a second.
Source: https://docs.aws.amazon.com/acm/latest/userguide/import-certificate-prerequisites.html
"""

from __future__ import annotations

from itertools import pairwise

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import Certificate

from moyai.pki.certificates import check_link, many, one, written
from moyai.pki.facts import facts, signed_with
from moyai.pki.keys import PrivateKey
from moyai.pki.keys import written as written_key
from moyai.ports.pki import Brought, Mismatch, UnreadableCertificate, UnreadableKey

_LONGEST_CHAIN = 10
_PROBE = b"whose key is this"
_DIGEST = hashes.SHA256()


def bring(certificate: bytes, private: bytes, chain: bytes) -> Brought:
    """The certificate, its chain and its key. Raises UnreadableCertificate, UnreadableKey, Mismatch."""
    own, above = one(certificate), many(chain)
    said = facts(own)
    if len(above) > _LONGEST_CHAIN:
        raise UnreadableCertificate(f"CertificateChain has up to {_LONGEST_CHAIN} certificates.")
    if not own.issuer.rdns:
        raise UnreadableCertificate("The certificate has no issuer.")
    if not above and own.issuer != own.subject:
        raise Mismatch("The certificate does not sign itself, so its CertificateChain is needed.")
    for below, over in pairwise((own, *(above or [own]))):
        check_link(below, over)
    if signed_with(own) is not said.key_algorithm.family:
        raise Mismatch(f"The certificate's key is {said.key_algorithm}, and what signed it is of another kind.")
    key = _key(private)
    _check_pair(key, own)
    return Brought(written(own), written(*above), written_key(key), said)


def _key(private: bytes) -> PrivateKey:
    try:
        key = serialization.load_pem_private_key(private, None, unsafe_skip_rsa_key_validation=True)
    except TypeError as error:
        raise UnreadableKey("The private key is encrypted. It has to be as it is.") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise UnreadableKey("The private key can't be read as PEM.") from error
    if not isinstance(key, PrivateKey):
        raise UnreadableKey("The private key is neither RSA nor elliptic.")
    return key


def _check_pair(key: PrivateKey, own: Certificate) -> None:
    if key.public_key() != own.public_key():
        raise Mismatch("The private key is not that of the certificate.")
    try:
        _use(key)
    except (ValueError, InvalidSignature) as error:
        raise UnreadableKey("The private key does not work.") from error


def _use(key: PrivateKey) -> None:
    if isinstance(key, rsa.RSAPrivateKey):
        signed = key.sign(_PROBE, padding.PKCS1v15(), _DIGEST)
        key.public_key().verify(signed, _PROBE, padding.PKCS1v15(), _DIGEST)
    else:
        key.public_key().verify(key.sign(_PROBE, ec.ECDSA(_DIGEST)), _PROBE, ec.ECDSA(_DIGEST))
