"""Tags of certificate authorities.

Refuses: more than 50 tags, and keys that begin with ``aws:``.
Source: https://docs.aws.amazon.com/privateca/latest/APIReference/API_TagCertificateAuthority.html
"""

from __future__ import annotations

from typing import Final

import msgspec

from moyai.api.acmpca.lookup import page_of, undeleted_authority_of
from moyai.api.operation import Context
from moyai.api.tagging import ResourceTags, TagOrKey, tag_list, tag_map
from moyai.domain.pca.errors import InvalidTag, TooManyTags
from moyai.domain.tagging import TagRules
from moyai.kernel.errors import InvalidInput

RULES: Final = TagRules("certificate-authority", InvalidTag, TooManyTags)
_TAGS: Final = ResourceTags(undeleted_authority_of, RULES)


class TagsRequest(msgspec.Struct, frozen=True):
    """Tags to add or to remove."""

    certificate_authority_arn: str
    tags: tuple[TagOrKey, ...]


class ListTagsRequest(msgspec.Struct, frozen=True):
    """Input of ListTags."""

    certificate_authority_arn: str
    max_results: int | None = None
    next_token: str | None = None


def tag_certificate_authority(ctx: Context, request: TagsRequest) -> None:
    """Add tags, or replace their values."""
    _TAGS.add(ctx, request.certificate_authority_arn, tag_map(request.tags))


def untag_certificate_authority(ctx: Context, request: TagsRequest) -> None:
    """Remove tags; one that is given with a value only if it has that value."""
    _TAGS.remove_matching(ctx, request.certificate_authority_arn, request.tags)


def list_tags(ctx: Context, request: ListTagsRequest) -> dict[str, object]:
    """A page of the tags of an authority, by key."""
    arn = request.certificate_authority_arn
    tags = _TAGS.get(ctx, arn)
    page = page_of(tags, ("ListTags", arn), request.next_token, request.max_results, fault=InvalidInput)
    return {"tags": tag_list({key: tags[key] for key in page.keys}), "next_token": page.next_token}
