"""The loop that measures the SQS queues which alarms read, so that the length of a queue scales a service.

Promise: while an alarm of an account and region reads a metric of AWS/SQS, its queue's three counts are written once a
minute, as AWS has them. Other queues are not looked at, so whoever has no such alarm starts no server for SQS.
Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

from __future__ import annotations

import logging
from types import MappingProxyType
from typing import Final, NamedTuple

from moyai.domain.cloudwatch.alarm import MetricCondition
from moyai.domain.cloudwatch.metric import metric_id, of_values
from moyai.domain.keys import scope_of
from moyai.domain.world import World
from moyai.kernel.clock import Clock, Seconds
from moyai.kernel.scope import Scope
from moyai.ports.aws_calls import AwsCaller
from moyai.ports.metrics import MetricWriter
from moyai.ports.store import Store
from moyai.stacks.types.procedure import AwsCallFailed, Call

NAMESPACE: Final = "AWS/SQS"
_QUEUE_NAME: Final = "QueueName"
_INTERVAL: Final = Seconds(60.0)
_COUNTS: Final = MappingProxyType(
    {
        "ApproximateNumberOfMessages": "ApproximateNumberOfMessagesVisible",
        "ApproximateNumberOfMessagesNotVisible": "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed": "ApproximateNumberOfMessagesDelayed",
    }
)
"""Attributes of a queue, and the metrics that show them."""
_MOST_QUEUES: Final = 1000
_log = logging.getLogger(__name__)


class WatchedQueue(NamedTuple):
    """A queue that an alarm reads."""

    scope: Scope
    name: str


class QueueMetricsLoop:
    """Measures queues once a minute."""

    def __init__(self, store: Store, caller: AwsCaller, metrics: MetricWriter, clock: Clock) -> None:
        self._store, self._caller, self._metrics, self._clock = store, caller, metrics, clock
        self._problems: dict[WatchedQueue, str] = {}
        """Why queues could not be measured, so that the log has each problem once."""

    async def run(self) -> None:
        """Measure the queues that alarms read every minute, until cancelled."""
        while True:
            await self.measure()
            await self._clock.sleep(_INTERVAL)

    async def measure(self) -> None:
        """Measure them once."""
        queues = sorted(watched_queues(self._store.world))[:_MOST_QUEUES]
        self._problems = {queue: problem for queue, problem in self._problems.items() if queue in queues}
        for queue in queues:
            try:
                await self._write(queue)
            except AwsCallFailed as failed:
                if self._problems.get(queue) != failed.message:
                    _log.warning("the queue %s of %s has no metrics: %s", queue.name, queue.scope, failed.message)
                self._problems[queue] = failed.message
            else:
                self._problems.pop(queue, None)

    async def _write(self, queue: WatchedQueue) -> None:
        """Write the counts of a queue. Raises AwsCallFailed."""
        names = {"QueueName": queue.name}
        url = (await self._caller.call(queue.scope, Call("sqs", "GetQueueUrl", names)))["QueueUrl"]
        members = {"QueueUrl": url, "AttributeNames": list(_COUNTS)}
        attributes = (await self._caller.call(queue.scope, Call("sqs", "GetQueueAttributes", members)))["Attributes"]
        now = self._clock.now()
        for attribute, name in _COUNTS.items():
            metric = metric_id(NAMESPACE, name, [(_QUEUE_NAME, queue.name)])
            self._metrics.write(queue.scope, metric, "Count", now, of_values([(float(attributes[attribute]), 1.0)]))


def watched_queues(world: World) -> set[WatchedQueue]:
    """The queues whose metrics alarms read, by themselves or for a scaling policy."""
    return {
        WatchedQueue(scope_of(alarm.arn), dimension.value)
        for alarm in world.alarms
        if isinstance(alarm.condition, MetricCondition)
        for stat in alarm.condition.stats
        if stat.metric.namespace == NAMESPACE
        for dimension in stat.metric.dimensions
        if dimension.name == _QUEUE_NAME
    }
