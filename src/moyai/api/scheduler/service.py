"""The operations of EventBridge Scheduler.

Source: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.operation import ApiService, operations
from moyai.api.scheduler import groups, schedules
from moyai.domain.scheduler.errors import InvalidScheduleRequest

_TASKS_ONLY: Final = "schedules run ECS tasks only"

SCHEDULER: Final = ApiService(
    name="scheduler",
    input_fault=InvalidScheduleRequest,
    operations=operations(groups, schedules, *groups.TAGS.operations()),
    refused=MappingProxyType(
        {
            f"{operation}.Target.{member}": reason
            for operation in ("CreateSchedule", "UpdateSchedule")
            for member, reason in (
                ("DeadLetterConfig", "moyai has no queues"),
                ("EventBridgeParameters", _TASKS_ONLY),
                ("EventBridgePutEventsV2Parameters", _TASKS_ONLY),
                ("EventBridgePutRawEventsParameters", _TASKS_ONLY),
                ("KinesisParameters", _TASKS_ONLY),
                ("SageMakerPipelineParameters", _TASKS_ONLY),
                ("SqsParameters", _TASKS_ONLY),
            )
        }
    ),
)
