"""The loop that measures the SQS queues which alarms read, so that the length of a queue scales a service.

Promise: while an alarm of an account and region reads a metric of AWS/SQS, its queue's three counts are written once a
minute, as AWS has them. Other queues are not read, so without such an alarm no server for SQS is started. A queue that
does not answer in time, or not as SQS does, has no values for this minute; the others have theirs.
Source: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
"""

from __future__ import annotations

import asyncio
import logging
from types import MappingProxyType
from typing import Final, NamedTuple

from moyai.domain.cloudwatch.alarm import MetricCondition
from moyai.domain.cloudwatch.metric import metric_id, summary_of_values
from moyai.domain.keys import scope_of
from moyai.domain.world import World
from moyai.kernel.clock import Clock, Instant, Seconds, later
from moyai.kernel.scope import Scope
from moyai.ports.metrics import MetricWriter
from moyai.ports.outgoing_calls import AwsCaller
from moyai.ports.store import Store
from moyai.reconcile.aws_calls import call_problem
from moyai.stacks.types.procedure import Call

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
_MOST_CALLS: Final = 16
"""Queues that are measured at the same time."""
_TIMEOUT: Final = Seconds(20.0)
"""The limit for one queue, including the start of the server for SQS."""
_log = logging.getLogger(__name__)


class WatchedQueue(NamedTuple):
    """A queue that an alarm reads."""

    scope: Scope
    name: str


class QueueMetricsLoop:
    """Measures queues once a minute."""

    def __init__(
        self, store: Store, caller: AwsCaller, metrics: MetricWriter, clock: Clock, patience: Seconds = _TIMEOUT
    ) -> None:
        """``patience``: how long a queue may take to answer, by the event loop's clock."""
        self._store, self._caller, self._metrics, self._clock = store, caller, metrics, clock
        self._patience = patience
        self._free_calls = asyncio.Semaphore(_MOST_CALLS)
        self._problems: dict[WatchedQueue, str] = {}
        """Why queues could not be measured, so that the log has each problem once."""

    async def run(self) -> None:
        """Measure the queues that alarms read every minute, until cancelled."""
        due = self._clock.now()
        while True:
            await self.measure()
            now = self._clock.now()
            due = next_due(due, now)
            await self._clock.sleep(Seconds(due - now))

    async def measure(self) -> None:
        """Measure the queues once."""
        queues = sorted(watched_queues(self._store.world))[:_MOST_QUEUES]
        self._problems = {queue: problem for queue, problem in self._problems.items() if queue in queues}
        await asyncio.gather(*map(self._measure, queues))

    async def _measure(self, queue: WatchedQueue) -> None:
        """Write the counts of a queue, or report why there are none."""
        async with self._free_calls:
            problem = await call_problem(self._write(queue), "SQS", self._patience)
        if problem is None:
            self._problems.pop(queue, None)
            return
        if self._problems.get(queue) != problem:
            _log.warning("the queue %s of %s has no metrics: %s", queue.name, queue.scope, problem)
        self._problems[queue] = problem

    async def _write(self, queue: WatchedQueue) -> None:
        """Write all counts of a queue, or none. Raises AwsCallFailed, and other errors for an answer unlike SQS's."""
        async with asyncio.timeout(self._patience):
            names = {"QueueName": queue.name}
            url = (await self._caller.call(queue.scope, Call("sqs", "GetQueueUrl", names)))["QueueUrl"]
            members = {"QueueUrl": url, "AttributeNames": list(_COUNTS)}
            answer = await self._caller.call(queue.scope, Call("sqs", "GetQueueAttributes", members))
        attributes = answer["Attributes"]
        counts = {name: float(int(attributes[attribute])) for attribute, name in _COUNTS.items()}
        now = self._clock.now()
        for name, value in counts.items():
            metric = metric_id(NAMESPACE, name, [(_QUEUE_NAME, queue.name)])
            self._metrics.write(queue.scope, metric, "Count", now, summary_of_values([(value, 1.0)]))


def next_due(due: Instant, now: Instant) -> Instant:
    """The instant of the next measurement: whole minutes after ``due`` and not before ``now``, but at most a minute
    from now, also after the clock was set back.
    """
    passed = max(0.0, (now - due) // _INTERVAL)
    return min(later(due, _INTERVAL * (passed + 1)), later(now, _INTERVAL))


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
