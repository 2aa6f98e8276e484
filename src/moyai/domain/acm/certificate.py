"""Certificates of Certificate Manager, and the table of their states.

Promise: the record of a certificate has no secrets. Its private key is a record of its own, which only the proxies that
present the certificate and ExportCertificate get (docs/decisions/keys-in-the-store.md). A renewal or another import
replaces both records at once, under the same ARN.
Source: https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateDetail.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from moyai.domain.pca.algorithms import KeyAlgorithm
from moyai.domain.record import ArnRecord, StoredRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import CertificateAuthorityArn, ManagedCertificateArn
from moyai.kernel.secret import Secret


class CertificateType(StrEnum):
    """The origin of a certificate. moyai does not issue public ones (AMAZON_ISSUED)."""

    PRIVATE = "PRIVATE"
    IMPORTED = "IMPORTED"


class CertificateStatus(StrEnum):
    """The status of a certificate. AWS has others for public certificates."""

    PENDING_VALIDATION = "PENDING_VALIDATION"
    ISSUED = "ISSUED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"


CERTIFICATE_TRANSITIONS: Mapping[CertificateStatus, frozenset[CertificateStatus]] = MappingProxyType(
    {
        CertificateStatus.PENDING_VALIDATION: frozenset({CertificateStatus.ISSUED, CertificateStatus.FAILED}),
        CertificateStatus.ISSUED: frozenset({CertificateStatus.EXPIRED}),
        CertificateStatus.EXPIRED: frozenset({CertificateStatus.ISSUED}),
        CertificateStatus.FAILED: frozenset(),
    }
)
"""The possible next states of each. Only an imported certificate returns from EXPIRED, by another import."""


class FailureReason(StrEnum):
    """Why an authority has not signed a certificate."""

    PCA_INVALID_DURATION = "PCA_INVALID_DURATION"
    PCA_INVALID_STATE = "PCA_INVALID_STATE"
    PCA_RESOURCE_NOT_FOUND = "PCA_RESOURCE_NOT_FOUND"


class RenewalStatus(StrEnum):
    """The status of the newest renewal."""

    PENDING_AUTO_RENEWAL = "PENDING_AUTO_RENEWAL"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"


class Renewal(msgspec.Struct, frozen=True):
    """The newest renewal; ``reason``: why it FAILED."""

    status: RenewalStatus
    updated_at: Instant
    reason: FailureReason | None = None


class ExtendedUsage(msgspec.Struct, frozen=True):
    """An extended key usage: AWS's name (CUSTOM if it has none) and the object identifier."""

    name: str
    oid: str


class CertificateFacts(msgspec.Struct, frozen=True):
    """The fields of an X.509 certificate. ``names``: its DNS names, the common name first if it is one."""

    names: tuple[str, ...]
    serial: str
    """Hexadecimal bytes with colons between them."""
    subject: str
    issuer: str
    not_before: Instant
    not_after: Instant
    key_algorithm: KeyAlgorithm
    signature_algorithm: str
    key_usages: tuple[str, ...] = ()
    extended_usages: tuple[ExtendedUsage, ...] = ()


class CertificateContent(msgspec.Struct, frozen=True):
    """An issued or imported certificate as PEM. ``chain``: its intermediates and root, in order; empty for a
    self-signed certificate.
    """

    pem: str
    chain: str
    facts: CertificateFacts
    at: Instant
    """The time of the issue or the import."""


class ManagedCertificate(ArnRecord, frozen=True, tag="managed_certificate"):
    """A certificate without its key. ``names``: all its names, ``domain_name`` first if it has one."""

    arn: ManagedCertificateArn
    type: CertificateType
    domain_name: str
    names: tuple[str, ...]
    key_algorithm: KeyAlgorithm
    created_at: Instant
    status: CertificateStatus
    authority: CertificateAuthorityArn | None = None
    """The authority that signs a PRIVATE certificate."""
    transparency: bool = True
    """The requested CertificateTransparencyLoggingPreference, which has no effect."""
    exportable: bool = False
    exported: bool = False
    content: CertificateContent | None = None
    roots: tuple[str, ...] = ()
    """The roots that clients trust: PEM, the newest first, and the previous one while listeners may present its
    certificates.
    """
    renew_at: Instant | None = None
    """When a PRIVATE certificate that is used or exported is renewed."""
    renewal: Renewal | None = None
    failure: FailureReason | None = None
    token: str | None = None
    """The idempotency token with the digest of its request."""
    tags: Mapping[str, str] = {}


class ManagedKey(StoredRecord, frozen=True, tag="managed_key"):
    """The private key of a certificate, PEM (PKCS #8)."""

    certificate: ManagedCertificateArn
    private: Secret

    @property
    def key(self) -> ManagedCertificateArn:
        """The record's key in its table."""
        return self.certificate
