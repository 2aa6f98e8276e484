"""Tags of certificates.

Refuses: more than 50 tags, and keys that begin with ``aws:``.
Source: https://docs.aws.amazon.com/acm/latest/APIReference/API_AddTagsToCertificate.html
"""

from __future__ import annotations

from typing import Final

import msgspec

from moyai.api.acm.lookup import certificate_of
from moyai.api.operation import Context
from moyai.api.tagging import ResourceTags, TagOrKey, tag_list, tag_map
from moyai.domain.acm.errors import InvalidTag, TooManyTags
from moyai.domain.tagging import TagRules

RULES: Final = TagRules("certificate", InvalidTag, TooManyTags)
_TAGS: Final = ResourceTags(certificate_of, RULES)


class TagsRequest(msgspec.Struct, frozen=True):
    """Tags to add or to remove."""

    certificate_arn: str
    tags: tuple[TagOrKey, ...]


class ListTagsRequest(msgspec.Struct, frozen=True):
    """Input of ListTagsForCertificate."""

    certificate_arn: str


def add_tags_to_certificate(ctx: Context, request: TagsRequest) -> None:
    """Add tags, or replace their values."""
    _TAGS.add(ctx, request.certificate_arn, tag_map(request.tags))


def remove_tags_from_certificate(ctx: Context, request: TagsRequest) -> None:
    """Remove tags; one that is given with a value only if it has that value."""
    _TAGS.remove_matching(ctx, request.certificate_arn, request.tags)


def list_tags_for_certificate(ctx: Context, request: ListTagsRequest) -> dict[str, object]:
    """The tags of a certificate, by key."""
    return {"tags": tag_list(dict(sorted(_TAGS.get(ctx, request.certificate_arn).items())))}
