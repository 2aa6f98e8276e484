"""Tags of alarms and dashboards: add, remove, list.

Promise: an alarm that does not exist, or no longer, has no tags, as on AWS; tagging it is an error.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListTagsForResource.html
"""

from __future__ import annotations

from typing import Final

import msgspec

from moyai.api.operation import Context
from moyai.api.tagging import TagOperations, tag_list
from moyai.domain.cloudwatch.alarm import Alarm
from moyai.domain.cloudwatch.dashboard import Dashboard
from moyai.domain.cloudwatch.errors import InvalidParameterValue, UnknownResource
from moyai.domain.tagging import TagRules
from moyai.kernel.arn import Arn, parse_arn

_ALARM: Final = "alarm:"


class ListTagsForResourceRequest(msgspec.Struct, frozen=True):
    resource_arn: str


def list_tags_for_resource(ctx: Context, request: ListTagsForResourceRequest) -> dict[str, object]:
    """The tags of an alarm or a dashboard."""
    arn = _parse_arn(request.resource_arn)
    record = _record(ctx, request.resource_arn, arn)
    if record is not None:
        return {"tags": tag_list(record.tags)}
    if arn.scope == ctx.scope and arn.resource.startswith(_ALARM):
        return {"tags": []}
    raise _unknown(request.resource_arn)


def _alarm_or_dashboard(ctx: Context, arn: str) -> Alarm | Dashboard:
    record = _record(ctx, arn, _parse_arn(arn))
    if record is None:
        raise _unknown(arn)
    return record


def _parse_arn(arn: str) -> Arn:
    resource_arn = parse_arn(arn)
    if resource_arn is None:
        raise InvalidParameterValue(f"The value {arn[:200]} for parameter ResourceARN is invalid: it is not an ARN.")
    return resource_arn


def _record(ctx: Context, arn: str, parsed: Arn) -> Alarm | Dashboard | None:
    world = ctx.store.world
    alarm = world.alarms.get(arn) if parsed.scope == ctx.scope else None
    return alarm or (world.dashboards.get(arn) if parsed.scope.account == ctx.scope.account else None)


def _unknown(arn: str) -> UnknownResource:
    return UnknownResource(f"Unknown resource: {arn[:500]}. Only alarms and dashboards have tags here.")


def _rules(record: Alarm | Dashboard) -> TagRules:
    kind = "alarm" if isinstance(record, Alarm) else "dashboard"
    return TagRules(kind, InvalidParameterValue, InvalidParameterValue)


TAGS: Final = TagOperations(_alarm_or_dashboard, _rules, names=("TagResource", "UntagResource"))
