"""Tags of alarms and dashboards.

Refuses: more than 50 tags, keys that begin with ``aws:``, tags of anything else.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.api.tag_requests import ListTagsForResourceRequest, TagListRequest, UntagResourceRequest, tag_list, tag_map
from moyai.domain.cloudwatch.alarm import Alarm
from moyai.domain.cloudwatch.dashboard import Dashboard
from moyai.domain.cloudwatch.errors import InvalidParameterValue, UnknownResource
from moyai.domain.tagging import TagRules, without
from moyai.domain.world import Put
from moyai.kernel.arn import parse_arn


def tag_resource(ctx: Context, request: TagListRequest) -> dict[str, object]:
    """Tag an alarm or a dashboard."""
    tagged = _tagged(ctx, request.resource_arn)
    kind = "alarm" if isinstance(tagged, Alarm) else "dashboard"
    rules = TagRules(kind, InvalidParameterValue, InvalidParameterValue)
    ctx.store.apply([Put(replace(tagged, tags=rules.added(tagged.tags, tag_map(request.tags))))])
    return {}


def untag_resource(ctx: Context, request: UntagResourceRequest) -> dict[str, object]:
    """Take tags away; keys that there are not are passed over."""
    tagged = _tagged(ctx, request.resource_arn)
    ctx.store.apply([Put(replace(tagged, tags=without(tagged.tags, request.tag_keys)))])
    return {}


def list_tags_for_resource(ctx: Context, request: ListTagsForResourceRequest) -> dict[str, object]:
    """The tags of one resource."""
    tagged = _tagged(ctx, request.resource_arn)
    return {"tags": tag_list(tagged.tags)}


def _tagged(ctx: Context, arn: str) -> Alarm | Dashboard:
    parsed = parse_arn(arn)
    if parsed is None:
        raise InvalidParameterValue(f"The value {arn[:200]} for parameter ResourceARN is invalid: it is no ARN.")
    world = ctx.store.world
    found: Alarm | Dashboard | None = world.alarms.get(arn) if parsed.scope == ctx.scope else None
    if found is None and parsed.scope.account == ctx.scope.account:
        found = world.dashboards.get(arn)
    if found is None:
        raise UnknownResource(f"Unknown resource: {arn[:500]}. Only alarms and dashboards have tags here.")
    return found
