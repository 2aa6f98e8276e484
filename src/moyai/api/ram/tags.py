"""Tags of shares.

Refuses: more than 50 tags, keys that begin with ``aws:``, tags of anything but shares.
Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.api.ram.lookup import share_of
from moyai.domain.ram.errors import InvalidParameter, TagLimitExceeded
from moyai.domain.ram.share import ResourceShare
from moyai.domain.world import Put

_MAX_TAGS: Final = 50


class Tag(msgspec.Struct, frozen=True):
    """One tag."""

    key: str
    value: str = ""


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


def checked_tags(tags: Iterable[Tag], had: Mapping[str, str] | None = None) -> dict[str, str]:
    """The tags as a mapping, on top of those there were. Raises InvalidParameter or TagLimitExceeded."""
    found = {**(had or {}), **{tag.key: tag.value for tag in tags}}
    if any(not key or key.lower().startswith("aws:") for key in found):
        raise InvalidParameter("A tag's key isn't empty and doesn't begin with aws:.")
    if len(found) > _MAX_TAGS:
        raise TagLimitExceeded(f"A resource share can have {_MAX_TAGS} tags.")
    return found


def tag_resource(ctx: Context, request: TagResourceRequest) -> dict[str, object]:
    """Tag a share."""
    share = _share(ctx, request.resource_share_arn or request.resource_arn)
    ctx.store.apply([Put(replace(share, tags=checked_tags(request.tags, share.tags)))])
    return {}


def untag_resource(ctx: Context, request: UntagResourceRequest) -> dict[str, object]:
    """Take tags from a share; keys it does not have are passed over."""
    share = _share(ctx, request.resource_share_arn or request.resource_arn)
    left = {key: value for key, value in share.tags.items() if key not in request.tag_keys}
    ctx.store.apply([Put(replace(share, tags=left))])
    return {}


def _share(ctx: Context, arn: str | None) -> ResourceShare:
    if arn is None:
        raise InvalidParameter("Say which resource share in resourceShareArn.")
    return share_of(ctx, arn)
