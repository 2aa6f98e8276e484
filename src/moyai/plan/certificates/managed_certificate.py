"""The next step of a certificate of AWS Certificate Manager.

Promise: a requested certificate is signed, or fails with the reason for which its authority can't sign. An issued
certificate that is used or was exported is renewed sixty days before its end, with a new key and under the same ARN;
any other expires. When a renewal fails, the present certificate stays in use and the renewal is tried again every hour.
Callers trust a new root before any proxy presents a certificate of it.
Source: https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from moyai.domain.acm.certificate import (
    CertificateContent,
    CertificateStatus,
    FailureReason,
    ManagedCertificate,
    ManagedKey,
    Renewal,
    RenewalStatus,
)
from moyai.domain.keys import scope_of
from moyai.domain.pca.algorithms import KeyAlgorithm
from moyai.domain.pca.authority import AuthorityCertificate, AuthorityStatus, CertificateAuthority, UsageMode, with_root
from moyai.domain.queries.certificates import is_renewable
from moyai.domain.world import Change, Put, World
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import Ids, ManagedCertificateArn
from moyai.kernel.scope import Scope
from moyai.kernel.secret import Secret
from moyai.plan.action import earliest
from moyai.plan.certificates.authority import CLOCK_SKEW

_DAY = 86400.0
LIFETIME = 395 * _DAY
"""Seconds that a certificate is valid: thirteen months, as on AWS."""
_RENEWAL_LEAD_TIME = 60 * _DAY
_TRUST_LEAD_TIME = 30.0
"""Seconds for which callers trust a new root before it is needed."""
_RETRY_AFTER = 3600.0
"""Seconds until a failed renewal is tried again, and until an unused certificate is checked again."""


class ManagedCertificateOrder(NamedTuple):
    """The order to sign a certificate for these names and a new key. ``own``: the authority's own certificate."""

    certificate: ManagedCertificateArn
    authority: CertificateAuthority
    own: AuthorityCertificate
    names: tuple[str, ...]
    algorithm: KeyAlgorithm
    begin: Instant
    end: Instant


class ManagedCertificatePlan(NamedTuple):
    """Changes, the certificate to have signed, and when to plan again."""

    changes: tuple[Change, ...] = ()
    order: ManagedCertificateOrder | None = None
    wake_at: Instant | None = None


def plan_managed_certificate(world: World, key: ManagedCertificateArn, now: Instant) -> ManagedCertificatePlan:
    """The next step of one certificate."""
    certificate = world.managed_certificates.get(key)
    if certificate is None:
        return ManagedCertificatePlan()
    if certificate.status is CertificateStatus.PENDING_VALIDATION:
        return _plan_request(world, certificate, now)
    if certificate.status is CertificateStatus.ISSUED and certificate.content is not None:
        return _plan_renewal(world, certificate, certificate.content.facts.not_after, now)
    return ManagedCertificatePlan()


def new_certificate_arn(scope: Scope, ids: Ids) -> ManagedCertificateArn:
    """The ARN of a new certificate."""
    return ManagedCertificateArn(arn("acm", scope, f"certificate/{ids.uuid()}"))


def issue_certificate(
    certificate: ManagedCertificate, content: CertificateContent, private: Secret, root: str, now: Instant
) -> tuple[Change, ...]:
    """Changes that give the certificate the content that was signed or imported for it, and its key."""
    is_renewal = certificate.content is not None and certificate.authority is not None
    end = content.facts.not_after
    issued_certificate = replace(
        certificate,
        status=CertificateStatus.ISSUED,
        content=content,
        roots=with_root(certificate.roots, root),
        renew_at=None if certificate.authority is None else later(end, -_RENEWAL_LEAD_TIME),
        renewal=Renewal(RenewalStatus.SUCCESS, now) if is_renewal else None,
    )
    return Put(issued_certificate), Put(ManagedKey(certificate.arn, private))


def _plan_request(world: World, certificate: ManagedCertificate, now: Instant) -> ManagedCertificatePlan:
    authority = world.authorities.get(certificate.authority)
    if authority is not None and authority.built_in and authority.status is AuthorityStatus.CREATING:
        return ManagedCertificatePlan()  # the authority's change to ACTIVE notifies this certificate
    order = _order(authority, certificate, now)
    if isinstance(order, FailureReason):
        return ManagedCertificatePlan((Put(replace(certificate, status=CertificateStatus.FAILED, failure=order)),))
    return ManagedCertificatePlan(order=order)


def _plan_renewal(world: World, certificate: ManagedCertificate, end: Instant, now: Instant) -> ManagedCertificatePlan:
    if now >= end:
        return ManagedCertificatePlan((Put(replace(certificate, status=CertificateStatus.EXPIRED)),))
    renew_at = certificate.renew_at
    if renew_at is None or now < renew_at:
        return ManagedCertificatePlan(wake_at=earliest(renew_at, end))
    retry_at = earliest(later(now, _RETRY_AFTER), end)
    if not is_renewable(world, certificate):
        return ManagedCertificatePlan(wake_at=retry_at)
    order = _order(world.authorities.get(certificate.authority), certificate, now)
    if isinstance(order, FailureReason):
        return ManagedCertificatePlan(_record_failed_renewal(certificate, order, now), wake_at=retry_at)
    if order.own.root not in certificate.roots and end > later(now, 2 * _TRUST_LEAD_TIME):
        trusted_at = later(now, _TRUST_LEAD_TIME)
        trusting = replace(certificate, roots=with_root(certificate.roots, order.own.root), renew_at=trusted_at)
        return ManagedCertificatePlan((Put(trusting),), wake_at=trusted_at)
    return ManagedCertificatePlan(order=order)


def _order(
    authority: CertificateAuthority | None, certificate: ManagedCertificate, now: Instant
) -> ManagedCertificateOrder | FailureReason:
    if authority is None or scope_of(authority.arn) != scope_of(certificate.arn):
        return FailureReason.PCA_RESOURCE_NOT_FOUND
    own, end = authority.certificate, later(now, LIFETIME)
    if authority.status is not AuthorityStatus.ACTIVE or own is None:
        return FailureReason.PCA_INVALID_STATE
    if authority.usage_mode is UsageMode.SHORT_LIVED_CERTIFICATE or own.not_after < end:
        return FailureReason.PCA_INVALID_DURATION
    names, algorithm = certificate.names, certificate.key_algorithm
    return ManagedCertificateOrder(certificate.arn, authority, own, names, algorithm, later(now, -CLOCK_SKEW), end)


def _record_failed_renewal(certificate: ManagedCertificate, reason: FailureReason, now: Instant) -> tuple[Change, ...]:
    last = certificate.renewal
    if last is not None and (last.status, last.reason) == (RenewalStatus.FAILED, reason):
        return ()
    return (Put(replace(certificate, renewal=Renewal(RenewalStatus.FAILED, now, reason))),)
