"""The next step of a certificate authority, and which authority signs for an endpoint.

Promise: an authority gets its key while it is CREATING, and is EXPIRED when its certificate is. When it can no longer
be restored, it is deleted with its key and every certificate that it issued. All of this follows from the record and
the clock.
Source: https://docs.aws.amazon.com/privateca/latest/userguide/PcaUpdateCA.html
"""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from moyai.domain.connect.config import ConnectTls
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.pca.algorithms import KeyAlgorithm, SigningAlgorithm
from moyai.domain.pca.authority import (
    AuthorityCertificate,
    AuthorityKey,
    AuthorityProperties,
    AuthorityStatus,
    AuthorityType,
    CertificateAuthority,
    Subject,
)
from moyai.domain.pca.certificate import IssuedCertificate
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import CertificateAuthorityArn, Ids
from moyai.kernel.scope import Scope

CLOCK_SKEW = 3600
"""Seconds for which a certificate is valid before it was made, as on AWS, because clocks differ."""
BUILT_IN_YEARS = 10
BUILT_IN_LIFETIME = BUILT_IN_YEARS * 365 * 86400


class AuthorityPlan(NamedTuple):
    """Changes, whether a key is to be made for the authority (see ``record_key``), and when to plan again."""

    changes: tuple[Change, ...] = ()
    needs_key: bool = False
    wake_at: Instant | None = None


def plan_authority(world: World, key: CertificateAuthorityArn, now: Instant) -> AuthorityPlan:
    """The next step of one authority."""
    authority = world.authorities.get(key)
    if authority is None:
        return AuthorityPlan()
    if authority.status is AuthorityStatus.CREATING:
        return AuthorityPlan(needs_key=True)
    if authority.status is AuthorityStatus.DELETED:
        until = authority.restorable_until
        return (
            AuthorityPlan(wake_at=until)
            if until is not None and now < until
            else AuthorityPlan(delete_authority(world, key))
        )
    certificate = authority.certificate
    if certificate is None or authority.status is AuthorityStatus.EXPIRED:
        return AuthorityPlan()
    if now < certificate.not_after:
        return AuthorityPlan(wake_at=certificate.not_after)
    return AuthorityPlan((Put(replace(authority, status=AuthorityStatus.EXPIRED, changed_at=now)),))


def record_key(
    authority: CertificateAuthority, key: AuthorityKey, csr: str, own: AuthorityCertificate | None, now: Instant
) -> tuple[Change, ...]:
    """Changes that record the authority's key; an authority with its ``own`` certificate is ACTIVE at once."""
    status = AuthorityStatus.PENDING_CERTIFICATE if own is None else AuthorityStatus.ACTIVE
    return Put(key), Put(replace(authority, csr=csr, certificate=own, status=status, changed_at=now))


def delete_authority(world: World, key: CertificateAuthorityArn) -> tuple[Change, ...]:
    """Changes that delete an authority with its key and every certificate that it issued."""
    issued_certificates = world.issued_certificates.by("authority", key)
    return (
        Delete(CertificateAuthority, key),
        Delete(AuthorityKey, key),
        *(Delete(IssuedCertificate, certificate.key) for certificate in issued_certificates),
    )


def built_in_authority(world: World, scope: Scope) -> CertificateAuthority | None:
    """The scope's built-in authority that is ACTIVE or CREATING, if there is one."""
    working = (AuthorityStatus.ACTIVE, AuthorityStatus.CREATING)
    authorities = world.authorities.by("built_in", scope_key(scope))
    return next((a for a in authorities if a.status in working), None)


def new_built_in_authority(scope: Scope, now: Instant, ids: Ids) -> CertificateAuthority:
    """A new authority for services that name none."""
    return CertificateAuthority(
        arn=new_authority_arn(scope, ids),
        type=AuthorityType.ROOT,
        configuration=AuthorityProperties(
            KeyAlgorithm.EC_prime256v1,
            SigningAlgorithm.SHA256WITHECDSA,
            Subject(organization="moyai", common_name=f"moyai built-in {scope.account} {scope.region}"),
        ),
        created_at=now,
        changed_at=now,
        built_in=True,
        tags={"moyai:built-in": "true"},
    )


def new_authority_arn(scope: Scope, ids: Ids) -> CertificateAuthorityArn:
    """The ARN of a new authority."""
    return CertificateAuthorityArn(arn("acm-pca", scope, f"certificate-authority/{ids.uuid()}"))


def signing_authority(
    world: World, tls: ConnectTls, scope: Scope, built_in_authority: CertificateAuthority | None
) -> CertificateAuthorityArn:
    """The authority of an endpoint: the one that it names, else the installation's own. Raises InvalidParameter."""
    named_authority = tls.issuer_certificate_authority.aws_pca_authority_arn
    if not named_authority and built_in_authority is not None:
        return built_in_authority.arn
    key = CertificateAuthorityArn(named_authority or "")
    reason = unable_to_sign_reason(world, key, scope)
    if reason is not None:
        raise InvalidParameter(f"tls.issuerCertificateAuthority: {reason}.")
    return key


def unable_to_sign_reason(world: World, key: CertificateAuthorityArn, scope: Scope) -> str | None:
    """Why an authority can't sign for the endpoints of a scope; None when it can, or will as soon as it is ACTIVE."""
    authority = world.authorities.get(key)
    if authority is None or scope_of(authority.arn) != scope:
        return f"The certificate authority {key} does not exist"
    if authority.status is AuthorityStatus.ACTIVE or (
        authority.built_in and authority.status is AuthorityStatus.CREATING
    ):
        return None
    return f"The certificate authority {key} is {authority.status}, not ACTIVE"
