"""Certificates of Certificate Manager, and the table of their states.

Promise: a certificate's record may be shown and logged whole. Its private key is a record of its own, which only the
proxies that show the certificate and ExportCertificate are given (docs/decisions/keys-in-the-store.md). Whatever
replaces a certificate (a renewal, another import) replaces both records at once, under the same ARN.
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
    """Where a certificate is from. AMAZON_ISSUED, the public kind, is not made here."""

    PRIVATE = "PRIVATE"
    IMPORTED = "IMPORTED"


class CertificateStatus(StrEnum):
    """Where a certificate is in its life. The others that AWS has are of public certificates."""

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
"""From each state, the states that may follow. Only an imported one, imported again, comes back from EXPIRED."""


class FailureReason(StrEnum):
    """Why an authority did not sign."""

    PCA_INVALID_DURATION = "PCA_INVALID_DURATION"
    PCA_INVALID_STATE = "PCA_INVALID_STATE"
    PCA_RESOURCE_NOT_FOUND = "PCA_RESOURCE_NOT_FOUND"


class RenewalStatus(StrEnum):
    """How the newest renewal goes."""

    PENDING_AUTO_RENEWAL = "PENDING_AUTO_RENEWAL"
    SUCCESS = "SUCCESS"
    FAILED = "FAILED"


class Renewal(msgspec.Struct, frozen=True):
    """The newest renewal; ``reason`` of one that FAILED."""

    status: RenewalStatus
    updated_at: Instant
    reason: FailureReason | None = None


class ExtendedUsage(msgspec.Struct, frozen=True):
    """What a certificate may be shown for: AWS's name (CUSTOM for those without) and the object identifier."""

    name: str
    oid: str


class CertificateFacts(msgspec.Struct, frozen=True):
    """What a certificate says. ``names``: its DNS names, the common name first where it is one."""

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
    """A certificate as it was made or brought. PEM; ``chain`` has those above it, the nearest first, and may be empty
    where the certificate signs itself.
    """

    pem: str
    chain: str
    facts: CertificateFacts
    at: Instant
    """When it was issued or imported."""


class ManagedCertificate(ArnRecord, frozen=True, tag="managed_certificate"):
    """A certificate without its key. ``names``: all that it is for, ``domain_name`` first where it has one."""

    arn: ManagedCertificateArn
    type: CertificateType
    domain_name: str
    names: tuple[str, ...]
    key_algorithm: KeyAlgorithm
    created_at: Instant
    status: CertificateStatus
    authority: CertificateAuthorityArn | None = None
    """Who signs a PRIVATE one."""
    transparency: bool = True
    """What was asked for as CertificateTransparencyLoggingPreference; shown, and nothing is done with it."""
    exportable: bool = False
    exported: bool = False
    content: CertificateContent | None = None
    roots: tuple[str, ...] = ()
    """Whom those believe who call whatever shows it: PEM, the newest first, and the one before it while somebody may
    still show a certificate of that.
    """
    renew_at: Instant | None = None
    """From when a PRIVATE one that is used or exported is due."""
    renewal: Renewal | None = None
    failure: FailureReason | None = None
    token: str | None = None
    """The idempotency token and a fingerprint of the request that it came with."""
    tags: Mapping[str, str] = {}


class ManagedKey(StoredRecord, frozen=True, tag="managed_key"):
    """The private key of a certificate, PEM (PKCS #8)."""

    certificate: ManagedCertificateArn
    private: Secret

    @property
    def key(self) -> ManagedCertificateArn:
        """The record's key in its table."""
        return self.certificate
