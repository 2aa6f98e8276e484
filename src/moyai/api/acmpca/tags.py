"""Tags of certificate authorities.

Refuses: more than 50 tags, and keys that begin with ``aws:``.
Source: https://docs.aws.amazon.com/privateca/latest/APIReference/API_TagCertificateAuthority.html
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.acmpca.lookup import listed, undeleted
from moyai.api.operation import Context
from moyai.api.tag_requests import TagOrKey, tag_list, tag_map
from moyai.domain.pca.errors import InvalidTag, TooManyTags
from moyai.domain.tagging import TagRules, without
from moyai.domain.world import Put
from moyai.kernel.errors import InvalidInput

RULES: Final = TagRules("certificate-authority", InvalidTag, TooManyTags)


class TagsRequest(msgspec.Struct, frozen=True):
    """Tags to add, or to take away."""

    certificate_authority_arn: str
    tags: tuple[TagOrKey, ...]


class ListTagsRequest(msgspec.Struct, frozen=True):
    """Whose tags, a page at a time."""

    certificate_authority_arn: str
    max_results: int | None = None
    next_token: str | None = None


def tag(ctx: Context, request: TagsRequest) -> None:
    """Add tags, or give those there are another value."""
    found = undeleted(ctx, request.certificate_authority_arn)
    ctx.store.apply([Put(replace(found, tags=RULES.added(found.tags, tag_map(request.tags))))])


def untag(ctx: Context, request: TagsRequest) -> None:
    """Take tags away; one that is given with a value only if that is its value."""
    found = undeleted(ctx, request.certificate_authority_arn)
    gone = {tag.key for tag in request.tags if tag.is_in(found.tags)}
    ctx.store.apply([Put(replace(found, tags=without(found.tags, gone)))])


def list_tags(ctx: Context, request: ListTagsRequest) -> dict[str, object]:
    """The tags of an authority, by key."""
    found = undeleted(ctx, request.certificate_authority_arn)
    listing = ("ListTags", found.arn)
    shown = listed(found.tags, listing, request.next_token, request.max_results, fault=InvalidInput)
    return {"tags": tag_list({key: found.tags[key] for key in shown.keys}), "next_token": shown.next_token}
