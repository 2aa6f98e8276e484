"""Certificates: an authority's own, those that it issues, and their revocation.

A revocation is a record: nothing publishes it, and no proxy looks for it.
Refuses: templates that take more from the caller than the request's names, a life beyond the authority's own.
Source: https://docs.aws.amazon.com/privateca/latest/APIReference/API_IssueCertificate.html, API_RevokeCertificate.html
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.acmpca.authorities import AuthorityRequest
from moyai.api.acmpca.lookup import (
    REMEMBERED,
    authority_of,
    check_certificate_arn,
    require_status,
    undeleted_authority_of,
)
from moyai.api.acmpca.validity import Validity, begins, ends
from moyai.api.idempotency import fingerprint, is_repeat
from moyai.api.operation import Context
from moyai.domain.pca.algorithms import SigningAlgorithm
from moyai.domain.pca.authority import AuthorityStatus, AuthorityType, CertificateAuthority, UsageMode
from moyai.domain.pca.certificate import END_ENTITY, TEMPLATES, IssuedCertificate, Revocation, Template
from moyai.domain.pca.errors import (
    CertificateMismatch,
    InvalidArgs,
    InvalidState,
    MalformedCertificate,
    MalformedCsr,
    RequestAlreadyProcessed,
    RequestInProgress,
    ResourceNotFound,
)
from moyai.domain.world import Put
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import CertificateArn
from moyai.plan.certificates.authority import CLOCK_SKEW
from moyai.ports.pki import Issuer, Mismatch, Pki, UnreadableCertificate, UnreadableRequest, ValidityPeriod

_TEMPLATE: Final = "arn:aws:acm-pca:::template/"
_SHORT_LIFE: Final = 7 * 86400


class IssueCertificateRequest(msgspec.Struct, frozen=True):
    certificate_authority_arn: str
    csr: bytes
    signing_algorithm: str
    validity: Validity
    template_arn: str | None = None
    validity_not_before: Validity | None = None
    idempotency_token: str | None = None


class GetCertificateRequest(msgspec.Struct, frozen=True):
    """A certificate that an authority issued."""

    certificate_authority_arn: str
    certificate_arn: str


class ImportRequest(msgspec.Struct, frozen=True):
    """An authority's own certificate and its chain, in PEM."""

    certificate_authority_arn: str
    certificate: bytes
    certificate_chain: bytes = b""


def get_certificate_authority_csr(ctx: Context, request: AuthorityRequest) -> dict[str, str]:
    """The authority's certificate signing request."""
    authority = authority_of(ctx, request.certificate_authority_arn)
    if authority.status is AuthorityStatus.CREATING:
        raise RequestInProgress(f"The key of {authority.arn} is being made.")
    if authority.status is AuthorityStatus.DELETED:
        raise InvalidState(f"The certificate authority {authority.arn} is deleted. Restore it first.")
    return {"csr": authority.csr}


def get_certificate_authority_certificate(ctx: Context, request: AuthorityRequest) -> dict[str, str | None]:
    """The authority's own certificate and its chain."""
    authority = authority_of(ctx, request.certificate_authority_arn)
    require_status(authority, AuthorityStatus.ACTIVE, AuthorityStatus.DISABLED, AuthorityStatus.EXPIRED)
    authority_certificate = authority.certificate
    if authority_certificate is None:
        raise InvalidState(f"The certificate authority {authority.arn} has no certificate yet.")
    return {
        "certificate": authority_certificate.pem.rstrip(),
        "certificate_chain": authority_certificate.chain.rstrip() or None,
    }


def get_certificate(ctx: Context, request: GetCertificateRequest) -> dict[str, str | None]:
    """A certificate that the authority issued, and its chain."""
    authority = authority_of(ctx, request.certificate_authority_arn)
    check_certificate_arn(request.certificate_arn)
    if authority.status is AuthorityStatus.DELETED:
        raise InvalidState(f"The certificate authority {authority.arn} is deleted. Restore it first.")
    issued_certificate = ctx.store.world.issued_certificates.get(request.certificate_arn)
    if issued_certificate is None or issued_certificate.authority != authority.arn:
        raise ResourceNotFound(f"Could not find the certificate {request.certificate_arn}.")
    return {
        "certificate": issued_certificate.pem.rstrip(),
        "certificate_chain": issued_certificate.chain.rstrip() or None,
    }


def issue_certificate(pki: Pki, ctx: Context, request: IssueCertificateRequest) -> dict[str, str]:
    """Sign a request; the certificate can be read as soon as this returns."""
    authority = authority_of(ctx, request.certificate_authority_arn)
    template = _template(request.template_arn)
    _check_state(authority, template)
    token = fingerprint(request.idempotency_token, request)
    for issued_certificate in ctx.store.world.issued_certificates.by("authority", authority.arn) if token else ():
        if is_repeat(issued_certificate.token, issued_certificate.issued_at, token, ctx.now, REMEMBERED):
            return {"certificate_arn": issued_certificate.arn}
    issuer = Issuer(
        ctx.store.world.authority_keys[authority.arn].private,
        _algorithm(authority, request.signing_algorithm),
        None if template.makes is AuthorityType.ROOT else authority.certificate,
    )
    try:
        chain = pki.issue(issuer, request.csr, template, _span(authority, template, request, ctx.now))
    except UnreadableRequest as error:
        raise MalformedCsr(str(error)) from error
    except Mismatch as error:
        raise InvalidArgs(str(error)) from error
    authority_certificate = authority.certificate
    certificate = IssuedCertificate(
        arn=CertificateArn(f"{authority.arn}/certificate/{chain.serial}"),
        authority=authority.arn,
        pem=chain.pem,
        chain=""
        if authority_certificate is None or template.makes is AuthorityType.ROOT
        else authority_certificate.pem + authority_certificate.chain,
        issued_at=ctx.now,
        token=token,
    )
    ctx.store.apply([Put(certificate)])
    return {"certificate_arn": certificate.arn}


def import_certificate_authority_certificate(pki: Pki, ctx: Context, request: ImportRequest) -> None:
    """Give an authority its certificate, or a newer one; it becomes ACTIVE, unless it is DISABLED."""
    authority = authority_of(ctx, request.certificate_authority_arn)
    if authority.status is AuthorityStatus.CREATING:
        raise RequestInProgress(f"The key of {authority.arn} is being made.")
    require_status(
        authority,
        AuthorityStatus.PENDING_CERTIFICATE,
        AuthorityStatus.ACTIVE,
        AuthorityStatus.DISABLED,
        AuthorityStatus.EXPIRED,
    )
    try:
        authority_certificate = pki.accept_authority(
            authority.csr, authority.type, request.certificate, request.certificate_chain
        )
    except UnreadableCertificate as error:
        raise MalformedCertificate(str(error)) from error
    except Mismatch as error:
        raise CertificateMismatch(str(error)) from error
    if not authority_certificate.not_before <= ctx.now < authority_certificate.not_after:
        raise MalformedCertificate("The certificate is not valid now.")
    disabled = authority.status is AuthorityStatus.DISABLED
    status = AuthorityStatus.DISABLED if disabled else AuthorityStatus.ACTIVE
    ctx.store.apply([Put(replace(authority, certificate=authority_certificate, status=status, changed_at=ctx.now))])


def _template(arn: str | None) -> Template:
    name = END_ENTITY if arn is None else arn.removeprefix(_TEMPLATE)
    template = TEMPLATES.get(name)
    if template is None:
        known = ", ".join(TEMPLATES)
        raise InvalidArgs(f"TemplateArn: {arn} is not supported by moyai. Those below {_TEMPLATE} are: {known}.")
    return template


def _check_state(authority: CertificateAuthority, template: Template) -> None:
    """Raises InvalidState unless the authority is ACTIVE; a root without a valid certificate may sign its own."""
    if template.makes is not AuthorityType.ROOT:
        require_status(authority, AuthorityStatus.ACTIVE)
        return
    require_status(authority, AuthorityStatus.PENDING_CERTIFICATE, AuthorityStatus.ACTIVE, AuthorityStatus.EXPIRED)
    if authority.type is not AuthorityType.ROOT:
        raise InvalidArgs("TemplateArn: RootCACertificate/V1 is for authorities of the type ROOT.")


def _algorithm(authority: CertificateAuthority, name: str) -> SigningAlgorithm:
    key = authority.configuration.key_algorithm
    if name not in list(SigningAlgorithm) or SigningAlgorithm(name).family is not key.family:
        raise InvalidArgs(f"SigningAlgorithm {name} does not go with the authority's key, {key}.")
    return SigningAlgorithm(name)


def _span(
    authority: CertificateAuthority, template: Template, request: IssueCertificateRequest, now: Instant
) -> ValidityPeriod:
    start = request.validity_not_before
    begin = later(now, -CLOCK_SKEW) if start is None else begins(start)
    end = ends(request.validity, now)
    if end <= max(begin, now):
        raise InvalidArgs("Validity: the certificate would expire before it begins, or has expired already.")
    own = authority.certificate
    if own is not None and template.makes is not AuthorityType.ROOT and end > own.not_after:
        raise InvalidArgs("Validity: the certificate would outlive the certificate authority's own.")
    if authority.usage_mode is UsageMode.SHORT_LIVED_CERTIFICATE and template.makes is None and end > now + _SHORT_LIFE:
        raise InvalidArgs("Validity: an authority for SHORT_LIVED_CERTIFICATE issues for seven days at most.")
    return ValidityPeriod(begin, end)


class RevokeCertificateRequest(msgspec.Struct, frozen=True):
    """The certificate to revoke, by its serial number: hexadecimal digits, with or without colons."""

    certificate_authority_arn: str
    certificate_serial: str
    revocation_reason: str


def revoke_certificate(ctx: Context, request: RevokeCertificateRequest) -> None:
    """Record that a certificate is revoked."""
    authority = undeleted_authority_of(ctx, request.certificate_authority_arn)
    require_status(authority, AuthorityStatus.ACTIVE, AuthorityStatus.DISABLED, AuthorityStatus.EXPIRED)
    serial = request.certificate_serial.replace(":", "").lower()
    certificate = ctx.store.world.issued_certificates.get(f"{authority.arn}/certificate/{serial}")
    if certificate is None:
        raise ResourceNotFound(f"Could not find certificate {request.certificate_serial} of {authority.arn}.")
    if certificate.revocation is not None:
        raise RequestAlreadyProcessed(f"The certificate {certificate.arn} is revoked already.")
    ctx.store.apply([Put(replace(certificate, revocation=Revocation(request.revocation_reason, ctx.now)))])
