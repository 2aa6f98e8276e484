"""The loop that gives log events to the destinations of subscription filters, by calls of their services.

Promise: events of a stream reach a destination in their order, and no destination waits for another. A call with a
temporary fault or a time-out is made three times; then its events are dropped, and the log says so, once for each
filter until a delivery succeeds again.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
"""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Final

from moyai.domain.logs.subscription_filter import RANDOM
from moyai.kernel.arn import Arn, parse_arn
from moyai.kernel.clock import Clock, Seconds
from moyai.kernel.ids import Ids
from moyai.ports.logs import LogDeliveries, LogDelivery
from moyai.ports.outgoing_calls import AwsCaller
from moyai.reconcile.aws_calls import call_problem
from moyai.stacks.types.procedure import AwsCallFailed, Call

_DELAYS: Final = (Seconds(1.0), Seconds(2.0))
_TIMEOUT: Final = Seconds(20.0)
"""The limit for one call, including the start of its service's server."""
_MOST_CALLS: Final = 16
"""Destinations that are called at the same time."""
_FUNCTION_PAYLOAD: Final = 190_000
"""Bytes of one payload: in base64 it is within the 256 KiB of an asynchronous call."""
_STREAM_PAYLOAD: Final = 750_000
"""Bytes of one payload: in base64 it is within Kinesis's 1 MiB and Firehose's 1,000 KiB of a record."""
_MOST_KEY: Final = 256
_log = logging.getLogger(__name__)


class LogSubscriptionLoop:
    """Delivers log events, to each destination one batch after the other."""

    def __init__(
        self, deliveries: LogDeliveries, caller: AwsCaller, clock: Clock, ids: Ids, patience: Seconds = _TIMEOUT
    ) -> None:
        """``patience``: how long a call may take, by the event loop's clock."""
        self._deliveries, self._caller, self._clock, self._ids = deliveries, caller, clock, ids
        self._patience = patience
        self._numbers = count()
        self._failed: set[str] = set()
        """The keys of filters whose last delivery failed."""

    async def run(self) -> None:
        """Deliver events as they arrive, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(_MOST_CALLS):
                group.create_task(self._run_worker())

    async def _run_worker(self) -> None:
        while True:
            async with self._deliveries.take() as delivery:
                key = delivery.subscription_filter.key
                destination = delivery.subscription_filter.destination
                problem = await call_problem(self._deliver(delivery), destination, self._patience)
                if problem is None:
                    self._failed.discard(key)
                    continue
                if key not in self._failed:
                    _log.warning("%s gets no log events: %s", key, problem)
                self._failed.add(key)

    async def _deliver(self, delivery: LogDelivery) -> None:
        """Give the events to the destination."""
        destination = parse_arn(delivery.subscription_filter.destination)
        if destination is None:  # PutSubscriptionFilter accepts only ARNs
            return
        for payload in await asyncio.to_thread(payloads_of, delivery, destination, self._numbers):
            key = self._ids.uuid() if delivery.subscription_filter.distribution == RANDOM else delivery.stream
            await self._call(destination, delivery_call(destination, key or delivery.group, payload))

    async def _call(self, destination: Arn, call: Call) -> None:
        """Make the call, up to three times. Raises what the last one has raised."""
        for delay in _DELAYS:
            try:
                return await self._call_once(destination, call)
            except AwsCallFailed as failed:
                if not failed.may_pass:
                    raise
            except TimeoutError:
                pass
            await self._clock.sleep(delay)
        return await self._call_once(destination, call)

    async def _call_once(self, destination: Arn, call: Call) -> None:
        async with asyncio.timeout(self._patience):
            await self._caller.call(destination.scope, call)


def payloads_of(delivery: LogDelivery, destination: Arn, numbers: Iterator[int]) -> Sequence[bytes]:
    """The events as AWS sends them: JSON, compressed, in as many payloads as the destination's limit needs."""
    head = {
        "messageType": "DATA_MESSAGE",
        "owner": destination.scope.account,
        "logGroup": delivery.group,
        "logStream": delivery.stream,
        "subscriptionFilters": [delivery.subscription_filter.name],
    }
    events = [
        {
            "id": f"{event.at:020d}{next(numbers):036d}",
            "timestamp": event.at,
            "message": event.message.decode("utf-8", "replace"),
        }
        for event in delivery.events
    ]
    return list(_split(head, events, _FUNCTION_PAYLOAD if destination.service == "lambda" else _STREAM_PAYLOAD))


def _split(head: Mapping[str, object], events: Sequence[Mapping[str, object]], most: int) -> Iterator[bytes]:
    """Payloads of at most ``most`` bytes, in the order of the events; the payload of a single event may be larger."""
    payload = gzip.compress(json.dumps({**head, "logEvents": events}).encode())
    if len(payload) <= most or len(events) == 1:
        yield payload
        return
    middle = len(events) // 2
    yield from _split(head, events[:middle], most)
    yield from _split(head, events[middle:], most)


def delivery_call(destination: Arn, partition_key: str, payload: bytes) -> Call:
    """The call that gives a payload to a destination. ``partition_key``: which shard of a Kinesis stream gets it."""
    match destination.service:
        case "lambda":
            event = json.dumps({"awslogs": {"data": b64encode(payload).decode()}}).encode()
            members = {"FunctionName": str(destination), "InvocationType": "Event", "Payload": event}
            return Call("lambda", "Invoke", members)
        case "kinesis":
            name, key = destination.resource.removeprefix("stream/"), partition_key[:_MOST_KEY]
            return Call("kinesis", "PutRecord", {"StreamName": name, "Data": payload, "PartitionKey": key})
        case _:
            name = destination.resource.removeprefix("deliverystream/")
            return Call("firehose", "PutRecord", {"DeliveryStreamName": name, "Record": {"Data": payload}})
