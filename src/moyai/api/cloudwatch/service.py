"""The operations of Amazon CloudWatch.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from moyai.api.cloudwatch import (
    alarm_queries,
    alarm_states,
    alarms,
    anomaly_detectors,
    composite,
    dashboards,
    data,
    listing,
    put_data,
    statistics,
    tags,
)
from moyai.api.operation import ApiService, operations
from moyai.api.wire.validate import lower_camel_sentence
from moyai.domain.cloudwatch.errors import InvalidParameterValue, MissingRequiredParameter
from moyai.kernel.clock import Clock
from moyai.ports.metrics import MetricReader, MetricWriter

_UNLINKED: Final = "accounts are not linked here"
_NOBODY: Final = "no notification is sent that it could change"
_UNSUPPRESSED: Final = "a composite alarm has no action here that could be suppressed"
_ENTITIES: Final = "metrics belong to no entities"

UNSUPPORTED_MEMBERS: Mapping[str, str] = MappingProxyType(
    {
        "ListMetrics.IncludeLinkedAccounts": _UNLINKED,
        "ListMetrics.OwningAccount": _UNLINKED,
        "GetMetricData.MetricDataQueries[].AccountId": _UNLINKED,
        "PutMetricAlarm.Metrics[].AccountId": _UNLINKED,
        "PutMetricAlarm.ThresholdMetricId": "there is no anomaly detection",
        "PutMetricAlarm.EvaluationWindow": "evaluation windows always slide",
        "PutMetricAlarm.WarmUpConfiguration": "an alarm is evaluated from the start",
        "PutMetricAlarm.EvaluationCriteria": "there is no PromQL",
        "PutMetricAlarm.EvaluationInterval": "there is no PromQL",
        "PutMetricAlarm.ActionConfiguration": _NOBODY,
        "PutCompositeAlarm.ActionConfiguration": _NOBODY,
        "PutCompositeAlarm.ActionsSuppressor": _UNSUPPRESSED,
        "PutCompositeAlarm.ActionsSuppressorWaitPeriod": _UNSUPPRESSED,
        "PutCompositeAlarm.ActionsSuppressorExtensionPeriod": _UNSUPPRESSED,
        "PutMetricData.EntityMetricData": _ENTITIES,
        "PutMetricData.StrictEntityValidation": _ENTITIES,
        **{
            f"{operation}.{member}": reason
            for operation in ("PutAnomalyDetector", "DeleteAnomalyDetector")
            for member, reason in (
                ("MetricMathAnomalyDetector", "a detector watches one metric"),
                ("SingleMetricAnomalyDetector.AccountId", _UNLINKED),
            )
        },
        "DescribeAlarmHistory.AlarmContributorId": "an alarm watches one time series",
    }
)
"""``Operation.path`` to the reason; see ``wire.accept.Refusals``."""


def cloudwatch(reader: MetricReader, writer: MetricWriter, clock: Clock) -> ApiService:
    """The service, which reads these metrics and adds to them."""
    return ApiService(
        name="cloudwatch",
        input_fault=InvalidParameterValue,
        missing_fault=MissingRequiredParameter,
        refused=UNSUPPORTED_MEMBERS,
        describe=lower_camel_sentence,
        operations=operations(
            alarm_queries,
            alarm_states,
            alarms,
            anomaly_detectors,
            composite,
            dashboards,
            data,
            listing,
            put_data,
            statistics,
            tags,
            *tags.TAGS.operations(),
            reader=reader,
            writer=writer,
            clock=clock,
        ),
    )
