"""Tags of scalable targets.

Refuses: more than 50 tags, keys that begin with ``aws:``, and tags of anything but scalable targets.
Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TagResource.html
"""

from __future__ import annotations

from typing import Final

from moyai.api.operation import Context
from moyai.api.tagging import MapTagOperations
from moyai.domain.autoscaling.errors import ResourceNotFound, TooManyTags
from moyai.domain.autoscaling.target import ScalableTarget
from moyai.domain.keys import scope_of
from moyai.domain.tagging import TagRules
from moyai.kernel.errors import InvalidInput


def _target(ctx: Context, arn: str) -> ScalableTarget:
    target = next(iter(ctx.store.world.scalable_targets.by("arn", arn)), None)
    if target is None or scope_of(target.arn) != ctx.scope:
        raise ResourceNotFound(f"The scalable target {arn[:500]} does not exist.", {"resource_name": arn})
    return target


RULES: Final = TagRules("scalable-target", InvalidInput, TooManyTags)
TAGS: Final = MapTagOperations(_target, RULES)
