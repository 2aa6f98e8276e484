"""Finds the authority that a request names, and pages lists.

Promise: an invalid ARN raises another error than an unknown authority; authorities of other accounts and regions are
unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from moyai.api.operation import Context
from moyai.api.tagging import RemovedTag, TagOperations
from moyai.domain.keys import scope_of
from moyai.domain.paging import Page, page
from moyai.domain.pca.authority import AuthorityStatus, CertificateAuthority
from moyai.domain.pca.errors import (
    InvalidArn,
    InvalidNextToken,
    InvalidState,
    InvalidTag,
    ResourceNotFound,
    TooManyTags,
)
from moyai.domain.tagging import TagRules
from moyai.kernel.errors import InvalidInput

_ARN = re.compile(r"arn:[^:]+:acm-pca:[^:]+:[0-9]{12}:certificate-authority/[\w-]+")
_CERTIFICATE_ARN = re.compile(_ARN.pattern + r"/certificate/[0-9a-f]+")
DEFAULT_RESULTS = 100
REMEMBERED = 300
"""Seconds for which an idempotency token is valid."""


def authority_of(ctx: Context, arn: str) -> CertificateAuthority:
    """The authority with this ARN. Raises InvalidArn, ResourceNotFound."""
    if not _ARN.fullmatch(arn):
        raise InvalidArn(f"{arn} is not the ARN of a certificate authority.")
    authority = ctx.store.world.authorities.get(arn)
    if authority is None or scope_of(authority.arn) != ctx.scope:
        raise ResourceNotFound(f"Could not find Certificate Authority {arn}.")
    return authority


def undeleted_authority_of(ctx: Context, arn: str) -> CertificateAuthority:
    """The authority with this ARN, unless it is deleted. Raises InvalidArn, ResourceNotFound, InvalidState."""
    authority = authority_of(ctx, arn)
    if authority.status is AuthorityStatus.DELETED:
        raise InvalidState(f"The certificate authority {arn} is deleted. Restore it first.")
    return authority


def check_certificate_arn(arn: str) -> None:
    """Raises InvalidArn unless this is the ARN of an issued certificate."""
    if not _CERTIFICATE_ARN.fullmatch(arn):
        raise InvalidArn(f"{arn} is not the ARN of a certificate.")


def require_status(authority: CertificateAuthority, *statuses: AuthorityStatus) -> None:
    """Raises InvalidState for an authority in another state than these."""
    if authority.status not in statuses:
        expected = " or ".join(statuses)
        raise InvalidState(
            f"The certificate authority {authority.arn} is in the {authority.status} state; it must be {expected}."
        )


def page_of(keys: Iterable[str], listing: object, token: str | None, size: int | None) -> Page:
    """A page of a list; 100 when no size is given. Raises InvalidNextToken for a token of another list."""
    return page(keys, listing, token, size or DEFAULT_RESULTS, fault=InvalidNextToken)


TAG_RULES: Final = TagRules("certificate-authority", InvalidTag, TooManyTags)
TAGS: Final = TagOperations(
    undeleted_authority_of,
    TAG_RULES,
    names=("TagCertificateAuthority", "UntagCertificateAuthority", "ListTags"),
    resource=("certificate_authority_arn",),
    removed=("tags", tuple[RemovedTag, ...]),
    limit="max_results",
    token_fault=InvalidInput,
)
