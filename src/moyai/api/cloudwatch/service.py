"""Amazon CloudWatch's operations, as the door is given them.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final

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
    tags,
)
from moyai.api.cloudwatch.refused import REFUSED
from moyai.api.operation import Operation, Service, table
from moyai.api.tag_requests import ListTagsForResourceRequest, TagListRequest, UntagResourceRequest
from moyai.domain.cloudwatch.errors import (
    DashboardInvalidInput,
    InvalidParameterValue,
    MissingRequiredParameter,
    ValidationFault,
)
from moyai.kernel.clock import Clock
from moyai.ports.metrics import MetricReader, MetricWriter

_ALARMS: Final[tuple[Operation[Any], ...]] = tuple(
    Operation(name, request, handle, input_fault=ValidationFault)
    for name, request, handle in (
        ("PutMetricAlarm", alarms.PutMetricAlarmRequest, alarms.put_metric_alarm),
        ("PutCompositeAlarm", composite.PutCompositeAlarmRequest, composite.put_composite_alarm),
        ("DescribeAlarms", alarm_queries.DescribeAlarmsRequest, alarm_queries.describe_alarms),
        (
            "DescribeAlarmsForMetric",
            alarm_queries.DescribeAlarmsForMetricRequest,
            alarm_queries.describe_alarms_for_metric,
        ),
        ("DescribeAlarmHistory", alarm_queries.DescribeAlarmHistoryRequest, alarm_queries.describe_alarm_history),
        ("SetAlarmState", alarm_states.SetAlarmStateRequest, alarm_states.set_alarm_state),
        ("EnableAlarmActions", alarm_states.AlarmNamesRequest, alarm_states.enable_alarm_actions),
        ("DisableAlarmActions", alarm_states.AlarmNamesRequest, alarm_states.disable_alarm_actions),
        ("DeleteAlarms", alarm_states.AlarmNamesRequest, alarm_states.delete_alarms),
    )
)
_DASHBOARDS: Final[tuple[Operation[Any], ...]] = (
    Operation(
        "PutDashboard", dashboards.PutDashboardRequest, dashboards.put_dashboard, input_fault=DashboardInvalidInput
    ),
    Operation("GetDashboard", dashboards.GetDashboardRequest, dashboards.get_dashboard),
    Operation("ListDashboards", dashboards.ListDashboardsRequest, dashboards.list_dashboards),
    Operation("DeleteDashboards", dashboards.DeleteDashboardsRequest, dashboards.delete_dashboards),
)
_TAGS: Final[tuple[Operation[Any], ...]] = (
    Operation("TagResource", TagListRequest, tags.tag_resource),
    Operation("UntagResource", UntagResourceRequest, tags.untag_resource),
    Operation("ListTagsForResource", ListTagsForResourceRequest, tags.list_tags_for_resource),
)


def cloudwatch(reader: MetricReader, writer: MetricWriter, clock: Clock) -> Service:
    """The service, answering from these metrics and adding to them."""
    return Service(
        name="cloudwatch",
        input_fault=InvalidParameterValue,
        missing_fault=MissingRequiredParameter,
        refused=REFUSED,
        operations=table(
            (
                Operation("ListMetrics", listing.ListMetricsRequest, partial(listing.list_metrics, reader)),
                Operation(
                    "GetMetricData",
                    data.GetMetricDataRequest,
                    partial(data.get_metric_data, reader, clock),
                    input_fault=ValidationFault,
                ),
                Operation(
                    "GetMetricStatistics",
                    statistics.GetMetricStatisticsRequest,
                    partial(statistics.get_metric_statistics, reader),
                ),
                Operation(
                    "PutMetricData", put_data.PutMetricDataRequest, partial(put_data.put_metric_data, reader, writer)
                ),
                *_ALARMS,
                *_DASHBOARDS,
                *_TAGS,
            )
        ),
    )
