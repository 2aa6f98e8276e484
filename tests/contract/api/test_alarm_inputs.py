"""Any input that the models allow is answered, or refused with an error that there can be and that changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import pytest
from hypothesis import given, settings

from moyai.api.autoscaling.service import AUTOSCALING
from moyai.api.cloudwatch.service import cloudwatch
from moyai.api.dispatcher import ServiceDispatcher
from moyai.api.models import load_models
from moyai.api.operation import ApiService, Context
from moyai.api.response_cache import RawRequest
from moyai.api.wire.http import HttpRequest
from moyai.domain.cloudwatch.alarm import ComparisonOperator, alarm_arn
from moyai.kernel.errors import ApiError
from moyai.store.memory import MemoryStore
from moyai.telemetry.query import SeriesReader
from moyai.telemetry.series.head import MetricHead
from moyai.testing.clock import EPOCH, ManualClock
from moyai.testing.ids import SeededIds
from moyai.testing.world import SCOPE, Builder
from tests.contract.api.drawn import values

pytestmark = pytest.mark.long

MODELS = load_models(["cloudwatch", "application-autoscaling"])
WEB = {"ServiceNamespace": "ecs", "ResourceId": "service/default/web", "ScalableDimension": "ecs:service:DesiredCount"}
WATCHED = {
    "Namespace": "Shop",
    "MetricName": "Wait",
    "Statistic": "Average",
    "Period": 60,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanThreshold",
    "EvaluationPeriods": 1,
}
STEPS = {
    "AdjustmentType": "ChangeInCapacity",
    "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}],
}
TRACK = {
    "TargetValue": 50,
    "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
}


class Dispatchers:
    """A service that scales both ways, and an alarm of each kind."""

    def __init__(self) -> None:
        self.store, self.ids, metric_head = MemoryStore(), SeededIds(9), MetricHead()
        watched = cloudwatch(SeriesReader(metric_head), metric_head, ManualClock())
        made: tuple[ApiService, ...] = (AUTOSCALING, watched)
        self.services = {service.name: service for service in made}
        self.dispatchers = {name: ServiceDispatcher(service, MODELS[name]) for name, service in self.services.items()}
        builder = Builder(self.store, ids=self.ids)
        builder.service("web", builder.definition("web"), desired_count=2)
        for operation, more in (
            ("RegisterScalableTarget", {"MinCapacity": 1, "MaxCapacity": 4}),
            ("PutScalingPolicy", {"PolicyName": "out", "StepScalingPolicyConfiguration": STEPS}),
            (
                "PutScalingPolicy",
                {
                    "PolicyName": "cpu",
                    "PolicyType": "TargetTrackingScaling",
                    "TargetTrackingScalingPolicyConfiguration": TRACK,
                },
            ),
            (
                "PutScheduledAction",
                {
                    "ScheduledActionName": "a",
                    "Schedule": "rate(1 day)",
                    "ScalableTargetAction": {"MinCapacity": 1},
                },
            ),
        ):
            assert self.call("application-autoscaling", operation, {**WEB, **more}) is None
        policy = next(one.arn for one in self.store.world.scaling_policies if one.step is not None)
        busy = {"AlarmName": "busy", **WATCHED, "AlarmActions": [policy]}
        assert self.call("cloudwatch", "PutMetricAlarm", busy) is None
        assert self.call("cloudwatch", "PutCompositeAlarm", {"AlarmName": "any", "AlarmRule": "ALARM(busy)"}) is None

    def call(self, service: str, operation: str, params: Mapping[str, object]) -> ApiError | None:
        """Why the call can't be; None when it could."""
        dispatcher = self.dispatchers[service]
        entry = dispatcher.operation(operation)
        raw = RawRequest("json", operation, msgspec.json.encode(params))
        ctx = Context(SCOPE, EPOCH, self.ids, self.store, "arn:aws:iam::123456789012:root", "", "r")
        try:
            request = HttpRequest("POST", "/", "", {}, raw.body)
            answering = dispatcher.respond(entry, dispatcher.parse(entry, raw, request).typed_request, raw, ctx)
            list(answering.__await__())  # it waits for nothing but its next turn
        except ApiError as error:
            return error
        return None


_FIRST = Dispatchers()
_TARGETS = [one.arn for one in _FIRST.store.world.scalable_targets]
_ALARMS = [alarm_arn(SCOPE, name) for name in ("busy", "any")]
KNOWN: Mapping[str, Sequence[str]] = {
    "AlarmName": ["busy", "any", "new"],
    "AlarmNames": ["busy", "any", "new"],
    "AlarmRule": ["ALARM(busy)", "NOT OK(any) OR TRUE", "ALARM(gone)"],
    "AlarmActions": [one.arn for one in _FIRST.store.world.scaling_policies],
    "ComparisonOperator": list(ComparisonOperator),
    "TreatMissingData": ["missing", "breaching"],
    "StateReasonData": ['{"recentDatapoints":[5]}', '{"recentDatapoints":["x"]}', "{}", "[]"],
    "Namespace": ["Shop", "AWS/ECS"],
    "MetricName": ["Wait"],
    "Expression": ["a / b", "a"],
    "Id": ["a", "b"],
    "Stat": ["Sum", "p99", "tm90"],
    "ResourceARN": [*_TARGETS, *_ALARMS],
    "ServiceNamespace": ["ecs"],
    "ResourceId": ["service/default/web", "service/default/none"],
    "ResourceIds": ["service/default/web"],
    "ScalableDimension": ["ecs:service:DesiredCount"],
    "PolicyName": ["cpu", "out", "new"],
    "PolicyType": ["StepScaling", "TargetTrackingScaling"],
    "PredefinedMetricType": ["ECSServiceAverageCPUUtilization"],
    "ScheduledActionName": ["a", "new"],
    "Schedule": ["rate(1 day)", "cron(0 9 * * ? *)", "cron(0 0 30 2 ? *)", "at(2030-01-01T00:00:00)"],
    "Timezone": ["UTC", "Asia/Tokyo"],
}
COMMON = {"SerializationException", "ValidationException", "ValidationError"}
INVALID_PARAMETER = {"InvalidParameterValueException", "MissingRequiredParameterException"}
"""What CloudWatch answers to operations whose models name no error, and to PutDashboard, whose model omits it."""
CASES = [
    (service, name)
    for service, made in _FIRST.services.items()
    for name in made.operations
    if name != "DeleteAlarms"  # takes those away that there are, before it tells of the others
]


@pytest.mark.parametrize(("service", "name"), CASES)
def test_any_input_is_answered_or_refused_as_modelled(service, name):
    shape = MODELS[service].operation_model(name)
    modelled = {error.name for error in shape.error_shapes} | COMMON
    if service == "cloudwatch" and (not shape.error_shapes or name == "PutDashboard"):
        modelled |= INVALID_PARAMETER

    @settings(max_examples=10)
    @given(values(shape.input_shape, KNOWN))
    def ask(params):
        dispatchers = Dispatchers()
        before = list(dispatchers.store.world.records())
        failure = dispatchers.call(service, name, params)
        if failure is not None:
            assert failure.code in modelled
            assert failure.message
            assert list(dispatchers.store.world.records()) == before

    ask()
