"""Tags of certificates.

Refuses: more than 50 tags, and keys that begin with ``aws:``.
Source: https://docs.aws.amazon.com/acm/latest/APIReference/API_AddTagsToCertificate.html
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.acm.lookup import certificate_of
from moyai.api.operation import Context
from moyai.api.tag_requests import TagOrKey, tag_list, tag_map
from moyai.domain.acm.errors import InvalidTag, TooManyTags
from moyai.domain.tagging import TagRules, without
from moyai.domain.world import Put

RULES: Final = TagRules("certificate", InvalidTag, TooManyTags)


class TagsRequest(msgspec.Struct, frozen=True):
    """Tags to add, or to take away."""

    certificate_arn: str
    tags: tuple[TagOrKey, ...]


class ListTagsRequest(msgspec.Struct, frozen=True):
    """Whose tags."""

    certificate_arn: str


def add(ctx: Context, request: TagsRequest) -> None:
    """Add tags, or give those there are another value."""
    found = certificate_of(ctx, request.certificate_arn)
    ctx.store.apply([Put(replace(found, tags=RULES.added(found.tags, tag_map(request.tags))))])


def remove(ctx: Context, request: TagsRequest) -> None:
    """Take tags away; one that is given with a value only if that is its value."""
    found = certificate_of(ctx, request.certificate_arn)
    gone = {tag.key for tag in request.tags if tag.is_in(found.tags)}
    ctx.store.apply([Put(replace(found, tags=without(found.tags, gone)))])


def list_all(ctx: Context, request: ListTagsRequest) -> dict[str, object]:
    """The tags of a certificate, by key."""
    found = certificate_of(ctx, request.certificate_arn)
    return {"tags": tag_list(dict(sorted(found.tags.items())))}
