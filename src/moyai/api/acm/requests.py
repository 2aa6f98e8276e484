"""RequestCertificate.

Promise: the response is an ARN; the certificate is PENDING_VALIDATION until the authority has signed it, a moment
later, or FAILED with the reason.
Refuses: public certificates, because no client outside would trust one that moyai issued.
Source: https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
"""

from __future__ import annotations

from typing import Final

import msgspec

from moyai.api.acm.lookup import TAG_RULES
from moyai.api.idempotency import fingerprint, is_repeat
from moyai.api.operation import Context
from moyai.api.tagging import Tag, checked_tags
from moyai.domain.acm.certificate import CertificateStatus, CertificateType, ManagedCertificate
from moyai.domain.acm.errors import InvalidArn, InvalidDomainValidationOptions, InvalidParameter, LimitExceeded
from moyai.domain.keys import scope_key
from moyai.domain.pca.algorithms import KeyAlgorithm
from moyai.domain.world import Put
from moyai.kernel.arn import parse_arn
from moyai.kernel.ids import CertificateAuthorityArn
from moyai.plan.certificates.managed_certificate import new_certificate_arn

MAX_CERTIFICATES: Final = 2500
MAX_NAMES: Final = 100
_REMEMBERED: Final = 3600
_LONGEST_COMMON_NAME: Final = 64
_ALGORITHMS: Final = (KeyAlgorithm.RSA_2048, KeyAlgorithm.EC_prime256v1, KeyAlgorithm.EC_secp384r1)


class RequestOptions(msgspec.Struct, frozen=True):
    """Whether the certificate is logged for transparency and can be exported."""

    certificate_transparency_logging_preference: str = "ENABLED"
    export: str = "ENABLED"


class DomainValidationOption(msgspec.Struct, frozen=True):
    """The domain to validate a name by, as AWS does for public certificates."""

    domain_name: str
    validation_domain: str


class RequestCertificateRequest(msgspec.Struct, frozen=True):
    domain_name: str
    certificate_authority_arn: str | None = None
    subject_alternative_names: tuple[str, ...] = ()
    key_algorithm: str | None = None
    options: RequestOptions = RequestOptions()
    validation_method: str | None = None
    domain_validation_options: tuple[DomainValidationOption, ...] = ()
    idempotency_token: str | None = None
    tags: tuple[Tag, ...] = ()


def request_certificate(ctx: Context, request: RequestCertificateRequest) -> dict[str, str]:
    """Record a private certificate, which its authority signs in a moment."""
    authority = _authority(request)
    names = _names(request)
    algorithm = _algorithm(ctx, request.key_algorithm, authority)
    token = fingerprint(request.idempotency_token, request)
    managed_certificates = ctx.store.world.managed_certificates.by("scope", scope_key(ctx.scope))
    for certificate in managed_certificates if token else ():
        if is_repeat(certificate.token, certificate.created_at, token, ctx.now, _REMEMBERED):
            return {"certificate_arn": certificate.arn}
    check_room(len(managed_certificates))
    managed_certificate = ManagedCertificate(
        arn=new_certificate_arn(ctx.scope, ctx.ids),
        type=CertificateType.PRIVATE,
        domain_name=names[0],
        names=names,
        key_algorithm=algorithm,
        created_at=ctx.now,
        status=CertificateStatus.PENDING_VALIDATION,
        authority=authority,
        transparency=request.options.certificate_transparency_logging_preference == "ENABLED",
        exportable=request.options.export == "ENABLED",
        token=token,
        tags=checked_tags(TAG_RULES, request.tags),
    )
    ctx.store.apply([Put(managed_certificate)])
    return {"certificate_arn": managed_certificate.arn}


def check_room(held: int) -> None:
    """Raises LimitExceeded when the account has as many certificates as it may. ``held``: their number."""
    if held >= MAX_CERTIFICATES:
        raise LimitExceeded(f"There may be {MAX_CERTIFICATES} certificates. Delete one that is not used.")


def _authority(request: RequestCertificateRequest) -> CertificateAuthorityArn:
    certificate_authority_arn = request.certificate_authority_arn
    if certificate_authority_arn is None:
        raise InvalidParameter(
            "CertificateAuthorityArn: moyai issues private certificates only; no client would trust a public one that"
            " moyai issued. Name a private certificate authority (aws acm-pca create-certificate-authority makes one),"
            " or import a certificate that you have with ImportCertificate."
        )
    parsed = parse_arn(certificate_authority_arn)
    if parsed is None or parsed.kind != "certificate-authority" or len(parsed.path) != 1:
        raise InvalidArn(
            f"CertificateAuthorityArn: {certificate_authority_arn} is not the ARN of a certificate authority."
        )
    if request.validation_method is not None:
        raise InvalidParameter("ValidationMethod: the names of a private certificate are not validated. Leave it out.")
    if request.domain_validation_options:
        raise InvalidDomainValidationOptions(
            "DomainValidationOptions: the names of a private certificate are not validated. Leave them out."
        )
    return CertificateAuthorityArn(certificate_authority_arn)


def _names(request: RequestCertificateRequest) -> tuple[str, ...]:
    """All names, in lower case and each once. Raises InvalidParameter, LimitExceeded."""
    if len(request.domain_name) > _LONGEST_COMMON_NAME:
        raise InvalidParameter(
            f"DomainName has up to {_LONGEST_COMMON_NAME} characters; a longer name can be a SubjectAlternativeName."
        )
    names = tuple(dict.fromkeys(n.lower() for n in (request.domain_name, *request.subject_alternative_names)))
    if len(names) > MAX_NAMES:
        raise LimitExceeded(f"A certificate can have {MAX_NAMES} names.")
    return names


def _algorithm(ctx: Context, name: str | None, arn: CertificateAuthorityArn) -> KeyAlgorithm:
    """The requested key algorithm, by default RSA_2048. Raises InvalidParameter."""
    if name is None:
        return KeyAlgorithm.RSA_2048
    if name not in list(_ALGORITHMS):
        raise InvalidParameter(f"KeyAlgorithm: {name} is of imported certificates only, not {', '.join(_ALGORITHMS)}.")
    algorithm, authority = KeyAlgorithm(name), ctx.store.world.authorities.get(arn)
    key = algorithm if authority is None else authority.configuration.key_algorithm
    if algorithm.family is not key.family:
        raise InvalidParameter(f"KeyAlgorithm: {algorithm} does not go with the authority's key, {key}.")
    return algorithm
