"""Input members that moyai refuses, each with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

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
        "PutMetricAlarm.EvaluationWindow": "windows slide",
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
