"""Makes private keys, and converts them to and from PEM.

Promise: a key is parsed without checking its numbers, which takes longer than a signature: it comes from the store, and
was made here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from moyai.domain.pca.algorithms import KeyAlgorithm, KeyFamily, SigningAlgorithm
from moyai.kernel.secret import Secret

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_EXPONENT = 65537
_CURVES: Mapping[KeyAlgorithm, ec.EllipticCurve] = MappingProxyType(
    {
        KeyAlgorithm.EC_prime256v1: ec.SECP256R1(),
        KeyAlgorithm.EC_secp384r1: ec.SECP384R1(),
        KeyAlgorithm.EC_secp521r1: ec.SECP521R1(),
    }
)
_DIGESTS: Mapping[str, hashes.SHA256 | hashes.SHA384 | hashes.SHA512] = MappingProxyType(
    {"SHA256": hashes.SHA256(), "SHA384": hashes.SHA384(), "SHA512": hashes.SHA512()}
)


def new_private_key(algorithm: KeyAlgorithm) -> PrivateKey:
    """Make a new key."""
    if algorithm.family is KeyFamily.RSA:
        return rsa.generate_private_key(_EXPONENT, int(algorithm.rpartition("_")[2]))
    return ec.generate_private_key(_CURVES[algorithm])


def key_to_pem(key: PrivateKey) -> Secret:
    """A key as PEM, without encryption."""
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Secret(pem.decode())


def encrypt_key(secret: Secret, passphrase: bytes) -> str:
    """A key as PEM, encrypted with a passphrase."""
    encryption = serialization.BestAvailableEncryption(passphrase)
    pem = parse_key(secret).private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    return pem.decode()


def parse_key(secret: Secret) -> PrivateKey:
    """Parse a key that was made here."""
    key = serialization.load_pem_private_key(secret.reveal().encode(), None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, PrivateKey):
        raise TypeError(f"no key of an authority: {type(key).__name__}")
    return key


def digest_of(algorithm: SigningAlgorithm) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512:
    """The digest of a signing algorithm."""
    return _DIGESTS[algorithm.digest]


def rsa_padding(algorithm: SigningAlgorithm) -> padding.PSS | padding.PKCS1v15 | None:
    """The padding of an RSA signing algorithm; None for other algorithms."""
    if algorithm.family is not KeyFamily.RSA:
        return None
    if algorithm.pss:
        return padding.PSS(padding.MGF1(digest_of(algorithm)), padding.PSS.DIGEST_LENGTH)
    return padding.PKCS1v15()
