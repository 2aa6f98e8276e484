"""The algorithms of keys and signatures, by AWS's names.

Post-quantum (ML-DSA) and Chinese (SM2) keys are not here: no proxy could use a certificate that they sign.
Source: https://docs.aws.amazon.com/privateca/latest/userguide/supported-algorithms.html
"""

from __future__ import annotations

from enum import StrEnum


class KeyFamily(StrEnum):
    """The families of algorithms; a key and its signatures have the same."""

    RSA = "RSA"
    EC = "EC"


class KeyAlgorithm(StrEnum):
    """The algorithms of an authority's key."""

    RSA_2048 = "RSA_2048"
    RSA_3072 = "RSA_3072"
    RSA_4096 = "RSA_4096"
    EC_prime256v1 = "EC_prime256v1"
    EC_secp384r1 = "EC_secp384r1"
    EC_secp521r1 = "EC_secp521r1"

    @property
    def family(self) -> KeyFamily:
        """The kind of key that this is: RSA or elliptic curve."""
        return KeyFamily.RSA if self.startswith("RSA") else KeyFamily.EC


class SigningAlgorithm(StrEnum):
    """The signature algorithms of an authority."""

    SHA256WITHECDSA = "SHA256WITHECDSA"
    SHA384WITHECDSA = "SHA384WITHECDSA"
    SHA512WITHECDSA = "SHA512WITHECDSA"
    SHA256WITHRSA = "SHA256WITHRSA"
    SHA384WITHRSA = "SHA384WITHRSA"
    SHA512WITHRSA = "SHA512WITHRSA"
    SHA256WITHRSA_PSS = "SHA256WITHRSA_PSS"
    SHA384WITHRSA_PSS = "SHA384WITHRSA_PSS"
    SHA512WITHRSA_PSS = "SHA512WITHRSA_PSS"

    @property
    def family(self) -> KeyFamily:
        """The kind of key that signs with it."""
        return KeyFamily.EC if self.endswith("ECDSA") else KeyFamily.RSA

    @property
    def digest(self) -> str:
        """The hash: ``SHA256``, ``SHA384`` or ``SHA512``."""
        return self.value[:6]

    @property
    def pss(self) -> bool:
        """Whether RSA is padded by PSS."""
        return self.endswith("_PSS")
