"""The operations of Amazon CloudWatch.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from typing import Final

from moyai.api.cloudwatch import (
    alarm_queries,
    alarm_states,
    alarms,
    composite,
    dashboards,
    data,
    listing,
    put_data,
    statistics,
)
from moyai.api.cloudwatch.unsupported import UNSUPPORTED_MEMBERS
from moyai.api.operation import ApiService, Context, operations
from moyai.api.tagging import TagOperations
from moyai.domain.cloudwatch.alarm import Alarm
from moyai.domain.cloudwatch.dashboard import Dashboard
from moyai.domain.cloudwatch.errors import InvalidParameterValue, MissingRequiredParameter, UnknownResource
from moyai.domain.tagging import TagRules
from moyai.kernel.arn import parse_arn
from moyai.kernel.clock import Clock
from moyai.ports.metrics import MetricReader, MetricWriter


def _alarm_or_dashboard(ctx: Context, arn: str) -> Alarm | Dashboard:
    resource_arn = parse_arn(arn)
    if resource_arn is None:
        raise InvalidParameterValue(f"The value {arn[:200]} for parameter ResourceARN is invalid: it is no ARN.")
    world = ctx.store.world
    record: Alarm | Dashboard | None = world.alarms.get(arn) if resource_arn.scope == ctx.scope else None
    if record is None and resource_arn.scope.account == ctx.scope.account:
        record = world.dashboards.get(arn)
    if record is None:
        raise UnknownResource(f"Unknown resource: {arn[:500]}. Only alarms and dashboards have tags here.")
    return record


def _tag_rules(record: Alarm | Dashboard) -> TagRules:
    kind = "alarm" if isinstance(record, Alarm) else "dashboard"
    return TagRules(kind, InvalidParameterValue, InvalidParameterValue)


_TAGS: Final = TagOperations(_alarm_or_dashboard, _tag_rules)


def cloudwatch(reader: MetricReader, writer: MetricWriter, clock: Clock) -> ApiService:
    """The service, which reads these metrics and adds to them."""
    return ApiService(
        name="cloudwatch",
        input_fault=InvalidParameterValue,
        missing_fault=MissingRequiredParameter,
        refused=UNSUPPORTED_MEMBERS,
        operations=operations(
            alarm_queries,
            alarm_states,
            alarms,
            composite,
            dashboards,
            data,
            listing,
            put_data,
            statistics,
            *_TAGS.operations(),
            reader=reader,
            writer=writer,
            clock=clock,
        ),
    )
