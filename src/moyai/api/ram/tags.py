"""Tags of shares.

Refuses: more than 50 tags, keys that begin with ``aws:``, tags of anything but shares.
Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.api.ram.lookup import share_of
from moyai.api.tag_requests import Tag, tag_map
from moyai.domain.ram.errors import InvalidParameter, TagLimitExceeded
from moyai.domain.ram.share import ResourceShare
from moyai.domain.tagging import TagRules, without
from moyai.domain.world import Put

RULES: Final = TagRules("resource-share", InvalidParameter, TagLimitExceeded)


class TagResourceRequest(msgspec.Struct, frozen=True):
    """Add tags, or give those there are another value."""

    tags: tuple[Tag, ...]
    resource_share_arn: str | None = None
    resource_arn: str | None = None


class UntagResourceRequest(msgspec.Struct, frozen=True):
    """Take tags away."""

    tag_keys: tuple[str, ...]
    resource_share_arn: str | None = None
    resource_arn: str | None = None


def tag_resource(ctx: Context, request: TagResourceRequest) -> dict[str, object]:
    """Tag a share."""
    share = _share(ctx, request.resource_share_arn or request.resource_arn)
    ctx.store.apply([Put(replace(share, tags=RULES.added(share.tags, tag_map(request.tags))))])
    return {}


def untag_resource(ctx: Context, request: UntagResourceRequest) -> dict[str, object]:
    """Take tags from a share; keys it does not have are passed over."""
    share = _share(ctx, request.resource_share_arn or request.resource_arn)
    ctx.store.apply([Put(replace(share, tags=without(share.tags, request.tag_keys)))])
    return {}


def _share(ctx: Context, arn: str | None) -> ResourceShare:
    if arn is None:
        raise InvalidParameter("Say which resource share in resourceShareArn.")
    return share_of(ctx, arn)
