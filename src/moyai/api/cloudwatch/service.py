"""The operations of Amazon CloudWatch.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from functools import partial

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
from moyai.api.cloudwatch.tags import TAGS
from moyai.api.cloudwatch.unsupported import UNSUPPORTED_MEMBERS
from moyai.api.operation import ApiService, operation, operations
from moyai.domain.cloudwatch.errors import (
    DashboardInvalidInput,
    InvalidParameterValue,
    MissingRequiredParameter,
    ValidationFault,
)
from moyai.kernel.clock import Clock
from moyai.ports.metrics import MetricReader, MetricWriter

_ALARMS = (
    alarms.put_metric_alarm,
    composite.put_composite_alarm,
    alarm_queries.describe_alarms,
    alarm_queries.describe_alarms_for_metric,
    alarm_queries.describe_alarm_history,
    alarm_states.set_alarm_state,
    alarm_states.enable_alarm_actions,
    alarm_states.disable_alarm_actions,
    alarm_states.delete_alarms,
)


def cloudwatch(reader: MetricReader, writer: MetricWriter, clock: Clock) -> ApiService:
    """The service, which reads these metrics and adds to them."""
    return ApiService(
        name="cloudwatch",
        input_fault=InvalidParameterValue,
        missing_fault=MissingRequiredParameter,
        refused=UNSUPPORTED_MEMBERS,
        operations=operations(
            partial(listing.list_metrics, reader),
            operation(partial(data.get_metric_data, reader, clock), input_fault=ValidationFault),
            partial(statistics.get_metric_statistics, reader),
            partial(put_data.put_metric_data, reader, writer),
            *(operation(handle, input_fault=ValidationFault) for handle in _ALARMS),
            operation(dashboards.put_dashboard, input_fault=DashboardInvalidInput),
            dashboards.get_dashboard,
            dashboards.list_dashboards,
            dashboards.delete_dashboards,
            TAGS.tag_resource,
            TAGS.untag_resource,
            TAGS.list_tags_for_resource,
        ),
    )
