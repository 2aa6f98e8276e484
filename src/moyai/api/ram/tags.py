"""Tags of resource shares.

Refuses: more than 50 tags, keys that begin with ``aws:``, and tags of anything but shares.
Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from typing import Final

import msgspec

from moyai.api.operation import Context
from moyai.api.ram.lookup import share_of
from moyai.api.tagging import ResourceTags, Tag, tag_map
from moyai.domain.ram.errors import InvalidParameter, TagLimitExceeded
from moyai.domain.tagging import TagRules

RULES: Final = TagRules("resource-share", InvalidParameter, TagLimitExceeded)
_TAGS: Final = ResourceTags(share_of, RULES)


class TagResourceRequest(msgspec.Struct, frozen=True):
    """Tags to add or replace."""

    tags: tuple[Tag, ...]
    resource_share_arn: str | None = None
    resource_arn: str | None = None


class UntagResourceRequest(msgspec.Struct, frozen=True):
    """Keys of tags to remove."""

    tag_keys: tuple[str, ...]
    resource_share_arn: str | None = None
    resource_arn: str | None = None


def tag_resource(ctx: Context, request: TagResourceRequest) -> None:
    """Add tags, or replace their values."""
    _TAGS.add(ctx, _arn(request), tag_map(request.tags))


def untag_resource(ctx: Context, request: UntagResourceRequest) -> None:
    """Remove tags; keys that the share does not have are ignored."""
    _TAGS.remove(ctx, _arn(request), request.tag_keys)


def _arn(request: TagResourceRequest | UntagResourceRequest) -> str:
    arn = request.resource_share_arn or request.resource_arn
    if arn is None:
        raise InvalidParameter("Say which resource share in resourceShareArn.")
    return arn
