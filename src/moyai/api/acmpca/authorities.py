"""Certificate authorities: create, describe, list, update, delete, restore.

Refuses: key and signing algorithms that no proxy could use, more than the quota, and a ``revocationConfiguration`` that
is enabled, because moyai does not publish revocations.
Source: https://docs.aws.amazon.com/privateca/latest/APIReference/API_CreateCertificateAuthority.html,
API_RevocationConfiguration.html
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.acmpca.lookup import REMEMBERED, TAG_RULES, authority_of, page_of, require_status
from moyai.api.idempotency import fingerprint, is_repeat
from moyai.api.operation import Context, PageRequest
from moyai.api.tagging import Tag, checked_tags
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.pca.algorithms import KeyAlgorithm, SigningAlgorithm
from moyai.domain.pca.authority import (
    DEFAULT_KEY_STORAGE,
    AuthorityProperties,
    AuthorityStatus,
    AuthorityType,
    CertificateAuthority,
    CsrExtensions,
    Subject,
    UsageMode,
)
from moyai.domain.pca.errors import InvalidArgs, InvalidState, LimitExceeded
from moyai.domain.world import Put
from moyai.plan.certificates.authority import delete_authority, new_authority_arn

MAX_AUTHORITIES: Final = 200
_RESTORABLE_DAYS: Final = 30
_DAY: Final = 86400
_LONGEST_COMMON_NAME: Final = 64


class CrlConfiguration(msgspec.Struct, frozen=True):
    """Lists of revoked certificates."""

    enabled: bool


class OcspConfiguration(msgspec.Struct, frozen=True):
    """Responses about the revocation of single certificates."""

    enabled: bool


class RevocationConfiguration(msgspec.Struct, frozen=True):
    """The two ways to publish revocations."""

    crl_configuration: CrlConfiguration | None = None
    ocsp_configuration: OcspConfiguration | None = None


NO_REVOCATION = RevocationConfiguration(CrlConfiguration(enabled=False), OcspConfiguration(enabled=False))


def check_off(configuration: RevocationConfiguration | None) -> None:
    """Raises InvalidArgs where something is switched on."""
    parts = () if configuration is None else (configuration.crl_configuration, configuration.ocsp_configuration)
    if any(part is not None and part.enabled for part in parts):
        raise InvalidArgs(
            "RevocationConfiguration: Enabled is not supported by moyai: nothing here publishes revocations. Issue"
            " certificates of a short life instead."
        )


class AuthorityConfiguration(msgspec.Struct, frozen=True):
    """The key, the signing algorithm and the subject of a new authority."""

    key_algorithm: str
    signing_algorithm: str
    subject: Subject
    csr_extensions: CsrExtensions | None = None


class CreateCertificateAuthorityRequest(msgspec.Struct, frozen=True):
    certificate_authority_configuration: AuthorityConfiguration
    certificate_authority_type: AuthorityType
    revocation_configuration: RevocationConfiguration | None = None
    idempotency_token: str | None = None
    tags: tuple[Tag, ...] = ()
    usage_mode: UsageMode = UsageMode.GENERAL_PURPOSE
    key_storage_security_standard: str = DEFAULT_KEY_STORAGE


class AuthorityRequest(msgspec.Struct, frozen=True):
    """The authority to describe, restore, or read the CSR or certificate of."""

    certificate_authority_arn: str


class ListCertificateAuthoritiesRequest(PageRequest, frozen=True):
    """A page of the caller's authorities; no others exist."""

    resource_owner: str = "SELF"


class UpdateCertificateAuthorityRequest(msgspec.Struct, frozen=True):
    """Input of UpdateCertificateAuthority, which enables or disables an authority."""

    certificate_authority_arn: str
    revocation_configuration: RevocationConfiguration | None = None
    status: str | None = None


class DeleteCertificateAuthorityRequest(msgspec.Struct, frozen=True):
    """The authority to delete, and the days for which it can be restored."""

    certificate_authority_arn: str
    permanent_deletion_time_in_days: int | None = None


def create_certificate_authority(ctx: Context, request: CreateCertificateAuthorityRequest) -> dict[str, str]:
    """Create an authority; its key is generated after the response."""
    check_off(request.revocation_configuration)
    configuration = _configuration(request.certificate_authority_configuration)
    token = fingerprint(request.idempotency_token, request)
    authorities = ctx.store.world.authorities.by("scope", scope_key(ctx.scope))
    for authority in authorities:
        if is_repeat(authority.token, authority.created_at, token, ctx.now, REMEMBERED):
            return {"certificate_authority_arn": authority.arn}
    if len(authorities) >= MAX_AUTHORITIES:
        raise LimitExceeded(f"There may be {MAX_AUTHORITIES} certificate authorities. Delete one that is not used.")
    certificate_authority = CertificateAuthority(
        arn=new_authority_arn(ctx.scope, ctx.ids),
        type=request.certificate_authority_type,
        configuration=configuration,
        created_at=ctx.now,
        changed_at=ctx.now,
        usage_mode=request.usage_mode,
        key_storage=request.key_storage_security_standard,
        token=token,
        tags=checked_tags(TAG_RULES, request.tags),
    )
    ctx.store.apply([Put(certificate_authority)])
    return {"certificate_authority_arn": certificate_authority.arn}


def describe_certificate_authority(ctx: Context, request: AuthorityRequest) -> dict[str, object]:
    """The authority with this ARN, also while it is deleted."""
    return {"certificate_authority": _view(authority_of(ctx, request.certificate_authority_arn))}


def list_certificate_authorities(ctx: Context, request: ListCertificateAuthoritiesRequest) -> dict[str, object]:
    """The scope's authorities, by ARN."""
    own = ctx.store.world.authorities.by("scope", scope_key(ctx.scope)) if request.resource_owner == "SELF" else ()
    by_arn = {authority.arn: authority for authority in own}
    listing = ("ListCertificateAuthorities", request.resource_owner)
    page = page_of(by_arn, listing, request.next_token, request.max_results)
    authorities = [_view(authority) for arn, authority in sorted(by_arn.items()) if arn in set(page.keys)]
    return {"certificate_authorities": authorities, "next_token": page.next_token}


def update_certificate_authority(ctx: Context, request: UpdateCertificateAuthorityRequest) -> None:
    """Enable or disable an authority."""
    authority = authority_of(ctx, request.certificate_authority_arn)
    check_off(request.revocation_configuration)
    require_status(authority, AuthorityStatus.ACTIVE, AuthorityStatus.DISABLED)
    if request.status is None:
        return
    if request.status not in {AuthorityStatus.ACTIVE, AuthorityStatus.DISABLED}:
        raise InvalidArgs(f"Status: {request.status} can't be set; use ACTIVE or DISABLED.")
    status = AuthorityStatus(request.status)
    if status is not authority.status:
        ctx.store.apply([Put(replace(authority, status=status, changed_at=ctx.now))])


def delete_certificate_authority(ctx: Context, request: DeleteCertificateAuthorityRequest) -> None:
    """Mark an authority DELETED, restorable for a while; one without a key is removed at once."""
    authority = authority_of(ctx, request.certificate_authority_arn)
    if authority.status is AuthorityStatus.CREATING:
        ctx.store.apply(delete_authority(ctx.store.world, authority.arn))
        return
    require_status(authority, AuthorityStatus.PENDING_CERTIFICATE, AuthorityStatus.DISABLED, AuthorityStatus.EXPIRED)
    days = request.permanent_deletion_time_in_days or _RESTORABLE_DAYS
    deleted_authority = replace(
        authority,
        status=AuthorityStatus.DELETED,
        changed_at=ctx.now,
        deleted_from=authority.status,
        restorable_until=ctx.now + days * _DAY,
    )
    ctx.store.apply([Put(deleted_authority)])


def restore_certificate_authority(ctx: Context, request: AuthorityRequest) -> None:
    """Return a deleted authority to the status that it had before."""
    authority = authority_of(ctx, request.certificate_authority_arn)
    require_status(authority, AuthorityStatus.DELETED)
    if authority.restorable_until is None or ctx.now >= authority.restorable_until:
        raise InvalidState(f"The certificate authority {authority.arn} can't be restored any more.")
    status = authority.deleted_from or AuthorityStatus.DISABLED
    restored = replace(authority, status=status, changed_at=ctx.now, deleted_from=None, restorable_until=None)
    ctx.store.apply([Put(restored)])


def _configuration(configuration: AuthorityConfiguration) -> AuthorityProperties:
    try:
        key, signing = KeyAlgorithm(configuration.key_algorithm), SigningAlgorithm(configuration.signing_algorithm)
    except ValueError as error:
        raise InvalidArgs(
            f"{error} supported by moyai: a proxy could not use what it signs. Use RSA or elliptic curves."
        ) from error
    if key.family is not signing.family:
        raise InvalidArgs(f"SigningAlgorithm {signing} does not go with the KeyAlgorithm {key}.")
    if not any(msgspec.structs.astuple(configuration.subject)):
        raise InvalidArgs("Subject: an authority needs a name; give it a CommonName at least.")
    if len((configuration.subject.common_name or "").encode()) > _LONGEST_COMMON_NAME:
        raise InvalidArgs(f"Subject: a CommonName has up to {_LONGEST_COMMON_NAME} bytes in UTF-8.")
    return AuthorityProperties(key, signing, configuration.subject, configuration.csr_extensions)


def _view(authority: CertificateAuthority) -> dict[str, object]:
    certificate = authority.certificate
    return {
        "arn": authority.arn,
        "owner_account": scope_of(authority.arn).account,
        "created_at": authority.created_at,
        "last_state_change_at": authority.changed_at,
        "type": authority.type,
        "status": authority.status,
        "serial": None if certificate is None else certificate.serial,
        "not_before": None if certificate is None else certificate.not_before,
        "not_after": None if certificate is None else certificate.not_after,
        "certificate_authority_configuration": authority.configuration,
        "revocation_configuration": NO_REVOCATION,
        "restorable_until": authority.restorable_until,
        "usage_mode": authority.usage_mode,
        "key_storage_security_standard": authority.key_storage,
    }
