"""The operations of EventBridge.

Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from moyai.api.eventbridge import buses, put_events, rules, targets
from moyai.api.operation import ApiService, operations
from moyai.domain.eventbridge.errors import InvalidEventRequest

_NO_TARGET: Final = "moyai sends no events to targets that need it"

EVENT_BRIDGE: Final = ApiService(
    name="events",
    input_fault=InvalidEventRequest,
    operations=operations(buses, put_events, rules, targets, *buses.TAGS.operations()),
    refused=MappingProxyType(
        {
            **{
                f"PutTargets.Targets[].{name}Parameters": _NO_TARGET
                for name in (
                    *("AppSync", "Batch", "Http", "Kinesis", "RedshiftData", "RunCommand"),
                    "SageMakerPipeline",
                )
            },
            "CreateEventBus.EventSourceName": "there are no partners",
            "PutEvents.EndpointId": "there are no global endpoints",
        }
    ),
)
"""Amazon EventBridge."""
