"""Amazon CloudWatch's operations, as the door is given them.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from functools import partial
from types import MappingProxyType

from moyai.api.cloudwatch import data, listing, statistics
from moyai.api.operation import Operation, Service, table
from moyai.domain.cloudwatch.errors import InvalidParameterValue, MissingRequiredParameter, ValidationFault
from moyai.ports.metrics import MetricReader

_ALONE = "accounts are not linked here"
_REFUSED = MappingProxyType(
    {
        "ListMetrics.IncludeLinkedAccounts": _ALONE,
        "ListMetrics.OwningAccount": _ALONE,
        "GetMetricData.MetricDataQueries[].AccountId": _ALONE,
        "GetMetricData.MetricDataQueries[].Period": "an expression has the period of its metrics",
        "GetMetricData.LabelOptions": "labels are not dynamic",
    }
)


def cloudwatch(reader: MetricReader) -> Service:
    """The service, answering from these metrics."""
    return Service(
        name="cloudwatch",
        input_fault=InvalidParameterValue,
        missing_fault=MissingRequiredParameter,
        refused=_REFUSED,
        operations=table(
            (
                Operation("ListMetrics", listing.ListMetricsRequest, partial(listing.list_metrics, reader)),
                Operation(
                    "GetMetricData",
                    data.GetMetricDataRequest,
                    partial(data.get_metric_data, reader),
                    input_fault=ValidationFault,
                ),
                Operation(
                    "GetMetricStatistics",
                    statistics.GetMetricStatisticsRequest,
                    partial(statistics.get_metric_statistics, reader),
                ),
            )
        ),
    )
