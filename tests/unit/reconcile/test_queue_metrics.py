"""The length of a queue scales a service: its counts become metrics, and a policy keeps the messages for each task."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from typing_extensions import override

from moyai.api.autoscaling import policies
from moyai.domain.autoscaling.policy import CustomizedMetric, TargetTracking, TrackedQuery, TrackedStat
from moyai.domain.cloudwatch.metric import metric_id
from moyai.domain.cloudwatch.query import Dimension, Metric
from moyai.kernel.clock import Clock, Instant, Seconds, later
from moyai.kernel.scope import Scope
from moyai.ports.outgoing_calls import AwsCaller
from moyai.reconcile.queue_metrics import QueueMetricsLoop, next_due
from moyai.stacks.types.procedure import AwsCallFailed, Call
from moyai.telemetry.query import SeriesReader
from moyai.testing.clock import EPOCH
from moyai.testing.world import SCOPE
from tests.unit.reconcile.test_scaling import KIND, ScaledService

VISIBLE = Metric("AWS/SQS", "ApproximateNumberOfMessagesVisible", (Dimension("QueueName", "orders"),))
RUNNING = Metric("ECS/ContainerInsights", "RunningTaskCount", (Dimension("ServiceName", "web"),))
COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)
URL = "http://127.0.0.1:4566/123456789012/orders"


class Queues(AwsCaller):
    """SQS with queues that have a length."""

    address = "127.0.0.1:4566"

    def __init__(self, **lengths: int) -> None:
        self.lengths = lengths
        self.calls = 0
        self.clock: Clock | None = None
        """The clock by which a call takes some seconds, if it takes any."""

    @override
    def owns(self, service: str) -> bool:
        return False

    @override
    async def call(self, scope: Scope, call: Call) -> Mapping[str, Any]:
        self.calls += 1
        if self.clock is not None:
            await self.clock.sleep(Seconds(8.0))
        assert scope == SCOPE
        name = call.input.get("QueueName") or call.input["QueueUrl"].rpartition("/")[2]
        if name not in self.lengths:
            raise AwsCallFailed("sqs", "QueueDoesNotExist", "The specified queue does not exist.")
        if call.operation == "GetQueueUrl":
            return {"QueueUrl": URL}
        return {"Attributes": {name: str(self.lengths["orders"]) for name in call.input["AttributeNames"]}}


class Consumer(ScaledService):
    """A service whose tasks take messages from a queue."""

    def __init__(self, queues: AwsCaller, patience: float = 600.0) -> None:
        super().__init__(desired=1)
        self.queues = QueueMetricsLoop(self.store, queues, self.metric_head, self.clock, Seconds(patience))
        self.reader = SeriesReader(self.metric_head)

    async def _everything(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(super()._everything())
            group.create_task(self.queues.run())

    def measured_at(self, visible: Metric = VISIBLE) -> list[Instant]:
        """The minutes in which the length of a queue was written."""
        span = (EPOCH, later(self.clock.now(), 60))
        return [period.start for period in self.reader.periods(SCOPE, visible.id, span, 60)]

    def track_backlog(self, messages: float, visible: Metric = VISIBLE) -> None:
        """Keep so many messages for each task, by the metric math of AWS's guide."""
        queries = (
            TrackedQuery("m1", TrackedStat(visible, "Average"), return_data=False),
            TrackedQuery("m2", TrackedStat(RUNNING, "Average"), return_data=False),
            TrackedQuery("e1", expression="m1 / m2", label="backlog per task"),
        )
        tracking = TargetTracking(messages, customized_metric_specification=CustomizedMetric(metrics=queries))
        request = policies.PutScalingPolicyRequest(
            policy_name=f"backlog of {visible.dimensions[0].value}",
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


class StrangeQueues(Queues):
    """SQS that answers for the queue ``orders`` as AWS never does, and for other queues as it should."""

    def __init__(self, answer: Mapping[str, Any] | None) -> None:
        """``answer``: to every call; None for none at all."""
        super().__init__(orders=1, others=1)
        self.answer = answer

    @override
    async def call(self, scope: Scope, call: Call) -> Mapping[str, Any]:
        if call.input.get("QueueName") == "others":
            return {"QueueUrl": URL.replace("orders", "others")}
        if call.input.get("QueueUrl", "").endswith("others"):
            return await super().call(scope, call)
        if self.answer is None:
            await asyncio.Event().wait()
        return self.answer or {}


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({}, "has not answered as AWS does: KeyError"),
        ({"QueueUrl": URL, "Attributes": {}}, "has not answered as AWS does: KeyError"),
        ({"QueueUrl": URL, "Attributes": None}, "has not answered as AWS does: TypeError"),
        ({"QueueUrl": URL, "Attributes": dict.fromkeys(COUNTS, "many")}, "has not answered as AWS does: ValueError"),
        (None, "has not answered within"),
    ],
    ids=["no URL", "no counts", "no attributes", "no numbers", "nothing"],
)
async def test_a_queue_with_a_strange_answer_takes_no_values_from_others(caplog, answer, problem):
    others = Metric(VISIBLE.namespace, VISIBLE.metric_name, (Dimension("QueueName", "others"),))
    consumer = Consumer(StrangeQueues(answer), patience=0.05)
    consumer.register(1, 10)
    for metric in (VISIBLE, others):
        consumer.track_backlog(10, metric)
    for _ in range(2):
        await consumer.queues.measure()
    assert (consumer.measured_at(), consumer.measured_at(others)) == ([], [EPOCH])
    assert caplog.text.count(problem) == 1


@pytest.mark.parametrize(
    ("now", "due"), [(0, 60), (0.5, 60), (59, 60), (60, 120), (150, 180), (-0.01, 59.99), (-3600, -3540)]
)
def test_measurements_are_whole_minutes_apart_however_long_one_takes(now, due):
    assert next_due(EPOCH, later(EPOCH, now)) == pytest.approx(later(EPOCH, due), abs=1e-6)


async def test_a_measurement_that_takes_seconds_leaves_out_no_minute():
    queues = Queues(orders=1)
    async with Consumer(queues) as consumer:
        consumer.register(1, 10)
        consumer.track_backlog(10)
        queues.clock = consumer.clock
        await consumer.consume(10)
        minutes = consumer.measured_at()
    assert len(minutes) >= 8
    assert {after - before for before, after in pairwise(minutes)} == {60}
