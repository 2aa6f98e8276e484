"""Certificates that callers import, with their keys.

Promise: a certificate, its key and its chain belong together and are valid now, or nothing is imported. A
certificate that is imported under an existing ARN replaces the former one in one step.
Refuses: keys that no proxy could use; for a replacement, another kind of key, fewer usages, no name, and tags.
Source: https://docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html,
https://docs.aws.amazon.com/acm/latest/userguide/import-reimport.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.acm.lookup import TAG_RULES, certificate_of
from moyai.api.acm.requests import check_room
from moyai.api.operation import Context
from moyai.api.tagging import Tag, checked_tags
from moyai.domain.acm.certificate import (
    CertificateContent,
    CertificateFacts,
    CertificateStatus,
    CertificateType,
    ManagedCertificate,
)
from moyai.domain.acm.errors import InvalidParameter
from moyai.domain.keys import scope_key
from moyai.domain.pca.authority import last_of
from moyai.kernel.errors import InvalidInput
from moyai.plan.certificates.managed_certificate import issue_certificate, new_certificate_arn
from moyai.ports.pki import ImportedCertificate, Pki, PkiFault


class ImportCertificateRequest(msgspec.Struct, frozen=True):
    """Input of ImportCertificate; PEM."""

    certificate: bytes
    private_key: bytes
    certificate_chain: bytes = b""
    certificate_arn: str | None = None
    tags: tuple[Tag, ...] = ()


def import_certificate(pki: Pki, ctx: Context, request: ImportCertificateRequest) -> dict[str, str]:
    """Import a certificate, or replace one under its ARN."""
    before = _replaced_certificate(ctx, request)
    try:
        imported = pki.import_certificate(request.certificate, request.private_key, request.certificate_chain)
    except PkiFault as error:
        raise InvalidInput(str(error)) from error
    if not imported.facts.not_before <= ctx.now < imported.facts.not_after:
        raise InvalidInput("The certificate is not valid now.")
    certificate = _new(ctx, imported, request) if before is None else _replacement(before, imported.facts)
    content = CertificateContent(imported.pem, imported.chain, imported.facts, ctx.now)
    root = last_of(imported.chain or imported.pem)
    ctx.store.apply(issue_certificate(certificate, content, imported.private, root, ctx.now))
    return {"certificate_arn": certificate.arn}


def _replaced_certificate(ctx: Context, request: ImportCertificateRequest) -> ManagedCertificate | None:
    if request.certificate_arn is None:
        check_room(ctx.store.world.managed_certificates.count("scope", scope_key(ctx.scope)))
        return None
    certificate = certificate_of(ctx, request.certificate_arn)
    if certificate.type is not CertificateType.IMPORTED:
        raise InvalidParameter(f"CertificateArn: {certificate.arn} was not imported, so it can't be replaced.")
    if request.tags:
        raise InvalidParameter("Tags: a certificate that is imported again keeps its own. Leave them out.")
    return certificate


def _new(ctx: Context, imported: ImportedCertificate, request: ImportCertificateRequest) -> ManagedCertificate:
    facts = imported.facts
    return ManagedCertificate(
        arn=new_certificate_arn(ctx.scope, ctx.ids),
        type=CertificateType.IMPORTED,
        domain_name=next(iter(facts.names), ""),
        names=facts.names,
        key_algorithm=facts.key_algorithm,
        created_at=ctx.now,
        status=CertificateStatus.ISSUED,
        tags=checked_tags(TAG_RULES, request.tags),
    )


def _replacement(before: ManagedCertificate, facts: CertificateFacts) -> ManagedCertificate:
    """The record with the facts of the certificate that replaces its own. Raises InvalidInput."""
    had = None if before.content is None else before.content.facts
    if facts.key_algorithm is not before.key_algorithm:
        raise InvalidInput(f"The key must be {before.key_algorithm}, as before, and is {facts.key_algorithm}.")
    if before.names and not facts.names:
        raise InvalidInput("The certificate must have a name, as before.")
    if had is not None:
        _check_kept("key usages", had.key_usages, facts.key_usages)
        _check_kept(
            "extended key usages",
            tuple(usage.oid for usage in had.extended_usages),
            tuple(usage.oid for usage in facts.extended_usages),
        )
    return replace(before, domain_name=next(iter(facts.names), ""), names=facts.names)


def _check_kept(attribute: str, had: tuple[str, ...], has: tuple[str, ...]) -> None:
    missing = [usage for usage in had if usage not in has]
    if missing:
        raise InvalidInput(
            f"The certificate must have the {attribute} that it had before; {', '.join(missing)} is missing."
        )
