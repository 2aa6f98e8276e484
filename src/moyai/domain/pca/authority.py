"""Certificate authorities, and the table of their states.

Promise: the record of an authority has no secrets. Its private key is a record of its own, which only the code that
signs reads (docs/decisions/keys-in-the-store.md).
Source: https://docs.aws.amazon.com/privateca/latest/APIReference/API_CertificateAuthority.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final

import msgspec

from moyai.domain.pca.algorithms import KeyAlgorithm, SigningAlgorithm
from moyai.domain.record import ArnRecord, StoredRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import CertificateAuthorityArn
from moyai.kernel.secret import Secret


class AuthorityType(StrEnum):
    """Whether an authority signs itself."""

    ROOT = "ROOT"
    SUBORDINATE = "SUBORDINATE"


class AuthorityStatus(StrEnum):
    """The status of an authority."""

    CREATING = "CREATING"
    PENDING_CERTIFICATE = "PENDING_CERTIFICATE"
    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"
    EXPIRED = "EXPIRED"
    DELETED = "DELETED"


class UsageMode(StrEnum):
    """The usage mode. SHORT_LIVED_CERTIFICATE: its certificates are valid for seven days at most."""

    GENERAL_PURPOSE = "GENERAL_PURPOSE"
    SHORT_LIVED_CERTIFICATE = "SHORT_LIVED_CERTIFICATE"


class Subject(msgspec.Struct, frozen=True):
    """An X.500 name by its attributes."""

    country: str | None = None
    organization: str | None = None
    organizational_unit: str | None = None
    distinguished_name_qualifier: str | None = None
    state: str | None = None
    common_name: str | None = None
    serial_number: str | None = None
    locality: str | None = None
    title: str | None = None
    surname: str | None = None
    given_name: str | None = None
    initials: str | None = None
    pseudonym: str | None = None
    generation_qualifier: str | None = None


class KeyUsage(msgspec.Struct, frozen=True):
    """The key usages in an authority's own signing request."""

    digital_signature: bool = False
    non_repudiation: bool = False
    key_encipherment: bool = False
    data_encipherment: bool = False
    key_agreement: bool = False
    key_cert_sign: bool = False
    crl_sign: bool = False
    encipher_only: bool = False
    decipher_only: bool = False


class CsrExtensions(msgspec.Struct, frozen=True):
    """The extensions in an authority's own signing request."""

    key_usage: KeyUsage | None = None


class AuthorityProperties(msgspec.Struct, frozen=True):
    """The key, the signature algorithm and the subject of an authority."""

    key_algorithm: KeyAlgorithm
    signing_algorithm: SigningAlgorithm
    subject: Subject
    csr_extensions: CsrExtensions | None = None


class AuthorityCertificate(msgspec.Struct, frozen=True):
    """An authority's own certificate as PEM. ``chain``: those above it, the root last; empty for a root."""

    pem: str
    chain: str
    serial: str
    """Hexadecimal bytes with colons between them."""
    not_before: Instant
    not_after: Instant

    @property
    def root(self) -> str:
        """The root certificate as PEM."""
        return last_of(self.chain or self.pem)


class AuthorityPermission(msgspec.Struct, frozen=True):
    """The permissions of Certificate Manager for an authority."""

    actions: tuple[str, ...]
    created_at: Instant


DEFAULT_KEY_STORAGE: Final = "FIPS_140_2_LEVEL_3_OR_HIGHER"


class CertificateAuthority(ArnRecord, frozen=True, tag="certificate_authority"):
    """An authority without its key."""

    arn: CertificateAuthorityArn
    type: AuthorityType
    configuration: AuthorityProperties
    created_at: Instant
    changed_at: Instant
    status: AuthorityStatus = AuthorityStatus.CREATING
    usage_mode: UsageMode = UsageMode.GENERAL_PURPOSE
    built_in: bool = False
    """Whether it is the installation's own, which signs for services without an authority, and signs itself."""
    csr: str = ""
    """The authority's own signing request as PEM; empty until it has a key."""
    certificate: AuthorityCertificate | None = None
    deleted_from: AuthorityStatus | None = None
    """The status before its deletion, which it has again when it is restored."""
    restorable_until: Instant | None = None
    token: str | None = None
    """The idempotency token with the digest of its request."""
    tags: Mapping[str, str] = {}
    permission: AuthorityPermission | None = None
    key_storage: str = DEFAULT_KEY_STORAGE
    """The requested KeyStorageSecurityStandard, which has no effect."""
    policy: str | None = None
    """The resource policy, which nothing evaluates."""


class AuthorityKey(StoredRecord, frozen=True, tag="authority_key"):
    """An authority's private key, PEM (PKCS #8)."""

    authority: CertificateAuthorityArn
    private: Secret

    @property
    def key(self) -> CertificateAuthorityArn:
        """The record's key in its table."""
        return self.authority


_TRUSTED_ROOTS = 2
_BEGIN = "-----BEGIN CERTIFICATE-----"


def with_root(before: Iterable[str], root: str) -> tuple[str, ...]:
    """The roots that callers trust once there is a certificate of ``root``: this root, and the previous one, whose
    certificates proxies may still present.
    """
    return (root, *(r for r in before if r != root))[:_TRUSTED_ROOTS]


def last_of(certificates: str) -> str:
    """The last of several certificates in one PEM."""
    return _BEGIN + certificates.rpartition(_BEGIN)[2]
