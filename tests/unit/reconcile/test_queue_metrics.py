"""The length of a queue scales a service: its counts become metrics, and a policy keeps the messages for each task."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from typing_extensions import override

from moyai.api.autoscaling import policies
from moyai.domain.autoscaling.policy import CustomizedMetric, TargetTracking, TrackedQuery, TrackedStat
from moyai.domain.cloudwatch.metric import metric_id
from moyai.domain.cloudwatch.query import Dimension, Metric
from moyai.kernel.clock import Instant
from moyai.kernel.scope import Scope
from moyai.ports.aws_calls import AwsCaller
from moyai.reconcile.queue_metrics import QueueMetricsLoop
from moyai.stacks.types.procedure import AwsCallFailed, Call
from moyai.telemetry.query import SeriesReader
from moyai.testing.world import SCOPE
from tests.unit.reconcile.test_scaling import KIND, ScaledService

VISIBLE = Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", (Dimension("QueueName", "orders"),))
RUNNING = Metric("ECS/ContainerInsights", "RunningTaskCount", (Dimension("ServiceName", "web"),))
URL = "http://127.0.0.1:4566/123456789012/orders"


class Queues(AwsCaller):
    """SQS with queues that have a length."""

    address = "127.0.0.1:4566"

    def __init__(self, **lengths: int) -> None:
        self.lengths = lengths
        self.calls = 0

    @override
    def owns(self, service: str) -> bool:
        return False

    @override
    async def call(self, scope: Scope, call: Call) -> Mapping[str, Any]:
        self.calls += 1
        assert scope == SCOPE
        name = call.input.get("QueueName") or call.input["QueueUrl"].rpartition("/")[2]
        if name not in self.lengths:
            raise AwsCallFailed("sqs", "QueueDoesNotExist", "The specified queue does not exist.")
        if call.operation == "GetQueueUrl":
            return {"QueueUrl": URL}
        return {"Attributes": {name: str(self.lengths["orders"]) for name in call.input["AttributeNames"]}}


class Consumer(ScaledService):
    """A service whose tasks take messages from a queue."""

    def __init__(self, queues: Queues) -> None:
        super().__init__(desired=1)
        self.queues = QueueMetricsLoop(self.store, queues, self.metric_head, self.clock)
        self.reader = SeriesReader(self.metric_head)

    async def _everything(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(super()._everything())
            group.create_task(self.queues.run())

    def track_backlog(self, messages: float) -> None:
        """Keep so many messages for each task, by the metric math of AWS's guide."""
        queries = (
            TrackedQuery("m1", TrackedStat(VISIBLE, "Average"), return_data=False),
            TrackedQuery("m2", TrackedStat(RUNNING, "Average"), return_data=False),
            TrackedQuery("e1", expression="m1 / m2", label="backlog per task"),
        )
        tracking = TargetTracking(messages, customized_metric_specification=CustomizedMetric(metrics=queries))
        request = policies.PutScalingPolicyRequest(
            "backlog",
            **KIND,
            policy_type="TargetTrackingScaling",
            target_tracking_scaling_policy_configuration=tracking,
        )
        policies.put_scaling_policy(self.context, request)

    async def consume(self, minutes: int) -> None:
        """So many minutes, in which the tasks that there are to be run."""
        for _ in range(minutes):
            await self.clock.advance(30)
            self._run_all()
            self._write(metric_id("ECS/ContainerInsights", "RunningTaskCount", [("ServiceName", "web")]), self.count)
            await self.clock.advance(30)


async def test_a_service_follows_the_backlog_of_its_queue():
    queues = Queues(orders=40)
    async with Consumer(queues) as consumer:
        consumer.register(1, 10)
        consumer.track_backlog(10)
        await consumer.consume(6)
        assert consumer.count == 4
        [metric] = [each for each in consumer.reader.metrics(SCOPE) if each.metric == VISIBLE.id]
        span = (Instant(consumer.clock.now() - 120), consumer.clock.now())
        assert {period.summary.sum for period in consumer.reader.periods(SCOPE, metric.metric, span, 60)} == {40.0}


async def test_queues_that_no_alarm_reads_are_not_looked_at():
    queues = Queues(orders=40)
    async with Consumer(queues) as consumer:
        await consumer.consume(3)
    assert queues.calls == 0


async def test_a_queue_that_is_not_there_is_reported_once(caplog):
    async with Consumer(Queues()) as consumer:
        consumer.register(1, 10)
        consumer.track_backlog(10)
        await consumer.consume(4)
    assert caplog.text.count("The specified queue does not exist.") == 1
