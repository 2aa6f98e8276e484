"""Tags of alarms and dashboards.

Refuses: more than 50 tags, keys that begin with ``aws:``, and tags of anything else.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from typing import Final

from moyai.api.operation import Context
from moyai.api.tagging import ListTagOperations
from moyai.domain.cloudwatch.alarm import Alarm
from moyai.domain.cloudwatch.dashboard import Dashboard
from moyai.domain.cloudwatch.errors import InvalidParameterValue, UnknownResource
from moyai.domain.tagging import TagRules
from moyai.kernel.arn import parse_arn


def _rules(record: Alarm | Dashboard) -> TagRules:
    kind = "alarm" if isinstance(record, Alarm) else "dashboard"
    return TagRules(kind, InvalidParameterValue, InvalidParameterValue)


def _alarm_or_dashboard(ctx: Context, arn: str) -> Alarm | Dashboard:
    parsed = parse_arn(arn)
    if parsed is None:
        raise InvalidParameterValue(f"The value {arn[:200]} for parameter ResourceARN is invalid: it is no ARN.")
    world = ctx.store.world
    record: Alarm | Dashboard | None = world.alarms.get(arn) if parsed.scope == ctx.scope else None
    if record is None and parsed.scope.account == ctx.scope.account:
        record = world.dashboards.get(arn)
    if record is None:
        raise UnknownResource(f"Unknown resource: {arn[:500]}. Only alarms and dashboards have tags here.")
    return record


TAGS: Final = ListTagOperations(_alarm_or_dashboard, _rules)
