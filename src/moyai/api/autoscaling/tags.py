"""Tags of scalable targets.

Refuses: more than 50 tags, keys that begin with ``aws:``, tags of anything but scalable targets.
Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TagResource.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.api.tag_requests import ListTagsForResourceRequest, TagResourceRequest, UntagResourceRequest
from moyai.domain.autoscaling.errors import ResourceNotFound, TooManyTags
from moyai.domain.autoscaling.target import ScalableTarget
from moyai.domain.keys import scope_of
from moyai.domain.own_tags import fault_in
from moyai.domain.world import Put
from moyai.kernel.errors import InvalidInput

_MAX_TAGS: Final = 50


def checked_tags(had: Mapping[str, str], tags: Mapping[str, str]) -> dict[str, str]:
    """The tags on top of those there were. Raises InvalidInput or TooManyTags."""
    found = {**had, **tags}
    if any(key.lower().startswith("aws:") for key in found):
        raise InvalidInput("A tag's key does not begin with aws:, which is reserved.")
    if (wrong := fault_in("scalable-target", found)) is not None:
        raise InvalidInput(wrong)
    if len(found) > _MAX_TAGS:
        raise TooManyTags(f"A scalable target can have {_MAX_TAGS} tags.")
    return found


def tag_resource(ctx: Context, request: TagResourceRequest) -> dict[str, object]:
    """Tag a target."""
    target = _target(ctx, request.resource_arn)
    ctx.store.apply([Put(replace(target, tags=checked_tags(target.tags, request.tags)))])
    return {}


def untag_resource(ctx: Context, request: UntagResourceRequest) -> dict[str, object]:
    """Take tags from a target; keys that it does not have are passed over."""
    target = _target(ctx, request.resource_arn)
    left = {key: value for key, value in target.tags.items() if key not in request.tag_keys}
    ctx.store.apply([Put(replace(target, tags=left))])
    return {}


def list_tags_for_resource(ctx: Context, request: ListTagsForResourceRequest) -> dict[str, object]:
    """A target's tags."""
    return {"tags": _target(ctx, request.resource_arn).tags}


def _target(ctx: Context, arn: str) -> ScalableTarget:
    found = next(iter(ctx.store.world.scalable_targets.by("arn", arn)), None)
    if found is None or scope_of(found.arn) != ctx.scope:
        raise ResourceNotFound(f"The scalable target {arn[:500]} does not exist.", {"resource_name": arn})
    return found
