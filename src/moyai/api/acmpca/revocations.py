"""RevokeCertificate, as a record: nothing publishes revocations, and no proxy looks for them.

Source: https://docs.aws.amazon.com/privateca/latest/APIReference/API_RevokeCertificate.html
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from moyai.api.acmpca.lookup import require_status, undeleted_authority_of
from moyai.api.operation import Context
from moyai.domain.pca.authority import AuthorityStatus
from moyai.domain.pca.certificate import Revocation
from moyai.domain.pca.errors import RequestAlreadyProcessed, ResourceNotFound
from moyai.domain.world import Put


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
