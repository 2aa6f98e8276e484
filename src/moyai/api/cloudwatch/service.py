"""The operations of Amazon CloudWatch.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

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
from moyai.api.cloudwatch.unsupported import UNSUPPORTED_MEMBERS
from moyai.api.operation import ApiService, operations
from moyai.api.wire.validate import lower_camel_sentence
from moyai.domain.cloudwatch.errors import InvalidParameterValue, MissingRequiredParameter
from moyai.kernel.clock import Clock
from moyai.ports.metrics import MetricReader, MetricWriter


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
