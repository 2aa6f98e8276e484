"""Finds the certificate that a request names.

Promise: an invalid ARN raises another error than an unknown certificate; certificates of other accounts and regions are
unknown.
"""

from __future__ import annotations

from typing import Final

from moyai.api.operation import Context
from moyai.api.tagging import RemovedTag, TagOperations
from moyai.domain.acm.certificate import CertificateContent, CertificateStatus, ManagedCertificate
from moyai.domain.acm.errors import InvalidArn, InvalidTag, RequestInProgress, ResourceNotFound, TooManyTags
from moyai.domain.keys import scope_of
from moyai.domain.tagging import TagRules
from moyai.kernel.arn import parse_arn
from moyai.kernel.ids import ManagedCertificateArn


def certificate_of(ctx: Context, arn: str) -> ManagedCertificate:
    """The certificate with this ARN. Raises InvalidArn, ResourceNotFound."""
    parsed = parse_arn(arn)
    if parsed is None or parsed.service != "acm" or parsed.kind != "certificate" or len(parsed.path) != 1:
        raise InvalidArn(f"{arn} is not the ARN of a certificate.")
    managed_certificate = ctx.store.world.managed_certificates.get(ManagedCertificateArn(arn))
    if managed_certificate is None or scope_of(managed_certificate.arn) != ctx.scope:
        raise ResourceNotFound(f"Could not find certificate {arn} in account {ctx.scope.account}.")
    return managed_certificate


def content_of(certificate: ManagedCertificate) -> CertificateContent:
    """The PEM and facts of an issued certificate. Raises RequestInProgress, ResourceNotFound."""
    if certificate.content is not None:
        return certificate.content
    if certificate.status is CertificateStatus.PENDING_VALIDATION:
        raise RequestInProgress(f"The certificate {certificate.arn} has not been issued yet. Ask again in a moment.")
    raise ResourceNotFound(
        f"The certificate {certificate.arn} was never issued: its request failed with {certificate.failure}."
    )


TAG_RULES: Final = TagRules("certificate", InvalidTag, TooManyTags)
TAGS: Final = TagOperations(
    certificate_of,
    TAG_RULES,
    names=("AddTagsToCertificate", "RemoveTagsFromCertificate", "ListTagsForCertificate"),
    resource=("certificate_arn",),
    removed=("tags", tuple[RemovedTag, ...]),
)
