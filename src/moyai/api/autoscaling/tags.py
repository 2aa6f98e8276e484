"""Tags of scalable targets.

Refuses: more than 50 tags, keys that begin with ``aws:``, tags of anything but scalable targets.
Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TagResource.html
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.api.tag_requests import ListTagsForResourceRequest, TagResourceRequest, UntagResourceRequest
from moyai.domain.autoscaling.errors import ResourceNotFound, TooManyTags
from moyai.domain.autoscaling.target import ScalableTarget
from moyai.domain.keys import scope_of
from moyai.domain.tagging import TagRules, without
from moyai.domain.world import Put
from moyai.kernel.errors import InvalidInput

RULES: Final = TagRules("scalable-target", InvalidInput, TooManyTags)


def tag_resource(ctx: Context, request: TagResourceRequest) -> dict[str, object]:
    """Tag a target."""
    target = _target(ctx, request.resource_arn)
    ctx.store.apply([Put(replace(target, tags=RULES.added(target.tags, request.tags)))])
    return {}


def untag_resource(ctx: Context, request: UntagResourceRequest) -> dict[str, object]:
    """Take tags from a target; keys that it does not have are passed over."""
    target = _target(ctx, request.resource_arn)
    ctx.store.apply([Put(replace(target, tags=without(target.tags, request.tag_keys)))])
    return {}


def list_tags_for_resource(ctx: Context, request: ListTagsForResourceRequest) -> dict[str, object]:
    """A target's tags."""
    return {"tags": _target(ctx, request.resource_arn).tags}


def _target(ctx: Context, arn: str) -> ScalableTarget:
    found = next(iter(ctx.store.world.scalable_targets.by("arn", arn)), None)
    if found is None or scope_of(found.arn) != ctx.scope:
        raise ResourceNotFound(f"The scalable target {arn[:500]} does not exist.", {"resource_name": arn})
    return found
