"""The next step of a certificate of Certificate Manager.

Promise: one that was asked for is signed, or fails with the reason for which its authority can't sign; an issued one
that is used or was exported is renewed sixty days before it ends, with a new key and under the same ARN; one that
nobody renews runs out. Where a renewal fails, the certificate that is there goes on and the renewal is tried again
every hour. A new root is believed by callers before anybody shows a certificate of it.
Source: https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from moyai.domain.acm.certificate import (
    CertificateStatus,
    Content,
    FailureReason,
    ManagedCertificate,
    ManagedKey,
    Renewal,
    RenewalStatus,
)
from moyai.domain.keys import scope_of
from moyai.domain.pca.algorithms import KeyAlgorithm
from moyai.domain.pca.authority import AuthorityCertificate, AuthorityStatus, CertificateAuthority, UsageMode
from moyai.domain.pca.trust import with_root
from moyai.domain.queries.certificates import is_renewable
from moyai.domain.world import Change, Put, World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import ManagedCertificateArn
from moyai.kernel.secret import Secret
from moyai.plan.action import earliest
from moyai.plan.authorities import SKEW

_DAY = 86400.0
LIFETIME = 395 * _DAY
"""Seconds that a certificate is valid: thirteen months, as on AWS."""
_RENEWED_BEFORE = 60 * _DAY
_TRUSTED_AHEAD = 30.0
"""Seconds for which callers believe a new root before it is needed."""
_AGAIN = 3600.0
"""Seconds until a renewal that failed is tried again, and until one that nobody needs is looked at again."""


class SigningOrder(NamedTuple):
    """Have this authority, whose certificate is ``own``, sign one of a new key for these names."""

    certificate: ManagedCertificateArn
    authority: CertificateAuthority
    own: AuthorityCertificate
    names: tuple[str, ...]
    algorithm: KeyAlgorithm
    begin: Instant
    end: Instant


class ManagedPlan(NamedTuple):
    """What to write down, what to have signed, and when to look again."""

    changes: tuple[Change, ...] = ()
    order: SigningOrder | None = None
    wake_at: Instant | None = None


def plan_managed(world: World, key: ManagedCertificateArn, now: Instant) -> ManagedPlan:
    """What to do next for one certificate."""
    certificate = world.managed_certificates.get(key)
    if certificate is None:
        return ManagedPlan()
    if certificate.status is CertificateStatus.PENDING_VALIDATION:
        return _first(world, certificate, now)
    if certificate.status is CertificateStatus.ISSUED and certificate.content is not None:
        return _kept(world, certificate, certificate.content.facts.not_after, now)
    return ManagedPlan()


def with_content(
    certificate: ManagedCertificate, content: Content, private: Secret, root: str, now: Instant
) -> tuple[Change, ...]:
    """The certificate, once it is signed or imported, with its key."""
    renewed = certificate.content is not None and certificate.authority is not None
    end = content.facts.not_after
    issued = replace(
        certificate,
        status=CertificateStatus.ISSUED,
        content=content,
        roots=with_root(certificate.roots, root),
        renew_at=None if certificate.authority is None else later(end, -_RENEWED_BEFORE),
        renewal=Renewal(RenewalStatus.SUCCESS, now) if renewed else None,
    )
    return Put(issued), Put(ManagedKey(certificate.arn, private))


def _first(world: World, certificate: ManagedCertificate, now: Instant) -> ManagedPlan:
    authority = world.authorities.get(certificate.authority)
    if authority is not None and authority.built_in and authority.status is AuthorityStatus.CREATING:
        return ManagedPlan()  # it is to be ACTIVE in a moment, and that rings
    order = _order(authority, certificate, now)
    if isinstance(order, FailureReason):
        return ManagedPlan((Put(replace(certificate, status=CertificateStatus.FAILED, failure=order)),))
    return ManagedPlan(order=order)


def _kept(world: World, certificate: ManagedCertificate, end: Instant, now: Instant) -> ManagedPlan:
    if now >= end:
        return ManagedPlan((Put(replace(certificate, status=CertificateStatus.EXPIRED)),))
    due = certificate.renew_at
    if due is None or now < due:
        return ManagedPlan(wake_at=earliest(due, end))
    again = earliest(later(now, _AGAIN), end)
    if not is_renewable(world, certificate):
        return ManagedPlan(wake_at=again)
    order = _order(world.authorities.get(certificate.authority), certificate, now)
    if isinstance(order, FailureReason):
        return ManagedPlan(_failing(certificate, order, now), wake_at=again)
    if order.own.root not in certificate.roots and end > later(now, 2 * _TRUSTED_AHEAD):
        soon = later(now, _TRUSTED_AHEAD)
        trusting = replace(certificate, roots=with_root(certificate.roots, order.own.root), renew_at=soon)
        return ManagedPlan((Put(trusting),), wake_at=soon)
    return ManagedPlan(order=order)


def _order(
    authority: CertificateAuthority | None, certificate: ManagedCertificate, now: Instant
) -> SigningOrder | FailureReason:
    if authority is None or scope_of(authority.arn) != scope_of(certificate.arn):
        return FailureReason.PCA_RESOURCE_NOT_FOUND
    own, end = authority.certificate, later(now, LIFETIME)
    if authority.status is not AuthorityStatus.ACTIVE or own is None:
        return FailureReason.PCA_INVALID_STATE
    if authority.usage_mode is UsageMode.SHORT_LIVED_CERTIFICATE or own.not_after < end:
        return FailureReason.PCA_INVALID_DURATION
    names, algorithm = certificate.names, certificate.key_algorithm
    return SigningOrder(certificate.arn, authority, own, names, algorithm, later(now, -SKEW), end)


def _failing(certificate: ManagedCertificate, reason: FailureReason, now: Instant) -> tuple[Change, ...]:
    before = certificate.renewal
    if before is not None and (before.status, before.reason) == (RenewalStatus.FAILED, reason):
        return ()
    return (Put(replace(certificate, renewal=Renewal(RenewalStatus.FAILED, now, reason))),)
