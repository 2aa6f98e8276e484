"""The loop that gives log events to the destinations of subscription filters, by calls of their services.

Promise: events of a stream reach a destination in their order. A call that fails by a fault is made three times; then
its events are given up, and the log says so, once for each filter until a delivery succeeds again.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
"""

from __future__ import annotations

import gzip
import json
import logging
from base64 import b64encode
from itertools import count
from typing import Final

from moyai.kernel.arn import Arn, parse_arn
from moyai.kernel.clock import Clock, Seconds
from moyai.ports.aws_calls import AwsCaller
from moyai.ports.logs import LogDeliveries, LogDelivery
from moyai.stacks.types.procedure import AwsCallFailed, Call

_DELAYS: Final = (Seconds(1.0), Seconds(2.0))
_SERVER_FAULT: Final = 500
_NOT_IMPLEMENTED: Final = 501
_log = logging.getLogger(__name__)


class LogSubscriptionLoop:
    """Delivers log events, one batch after the other."""

    def __init__(self, deliveries: LogDeliveries, caller: AwsCaller, clock: Clock) -> None:
        self._deliveries, self._caller, self._clock = deliveries, caller, clock
        self._numbers = count()
        self._failed: set[str] = set()
        """The keys of filters whose last delivery failed."""

    async def run(self) -> None:
        """Deliver events as they arrive, until cancelled."""
        while True:
            await self._deliver(await self._deliveries.take())

    async def _deliver(self, delivery: LogDelivery) -> None:
        subscription_filter = delivery.subscription_filter
        destination = parse_arn(subscription_filter.destination)
        if destination is None:  # PutSubscriptionFilter accepts none of these
            return
        call = delivery_call(destination, delivery.stream, self._payload(delivery, destination))
        for delay in (*_DELAYS, None):
            try:
                await self._caller.call(destination.scope, call)
            except AwsCallFailed as failed:
                if delay is not None and failed.status >= _SERVER_FAULT and failed.status != _NOT_IMPLEMENTED:
                    await self._clock.sleep(delay)
                    continue
                if subscription_filter.key not in self._failed:
                    _log.warning("%s gets no log events: %s", subscription_filter.key, failed.message)
                self._failed.add(subscription_filter.key)
            else:
                self._failed.discard(subscription_filter.key)
            return

    def _payload(self, delivery: LogDelivery, destination: Arn) -> bytes:
        """The events as AWS sends them: JSON, compressed."""
        message = {
            "messageType": "DATA_MESSAGE",
            "owner": destination.scope.account,
            "logGroup": delivery.group,
            "logStream": delivery.stream,
            "subscriptionFilters": [delivery.subscription_filter.name],
            "logEvents": [
                {
                    "id": f"{event.at:020d}{next(self._numbers):036d}",
                    "timestamp": event.at,
                    "message": event.message.decode("utf-8", "replace"),
                }
                for event in delivery.events
            ],
        }
        return gzip.compress(json.dumps(message).encode())


def delivery_call(destination: Arn, stream: str, payload: bytes) -> Call:
    """The call that gives a payload to a destination."""
    match destination.service:
        case "lambda":
            event = json.dumps({"awslogs": {"data": b64encode(payload).decode()}}).encode()
            members = {"FunctionName": str(destination), "InvocationType": "Event", "Payload": event}
            return Call("lambda", "Invoke", members)
        case "kinesis":
            name = destination.resource.removeprefix("stream/")
            return Call("kinesis", "PutRecord", {"StreamName": name, "Data": payload, "PartitionKey": stream[:256]})
        case _:
            name = destination.resource.removeprefix("deliverystream/")
            return Call("firehose", "PutRecord", {"DeliveryStreamName": name, "Record": {"Data": payload}})
