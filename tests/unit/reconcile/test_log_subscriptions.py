"""Log events at the destinations of subscription filters, as AWS sends them."""

from __future__ import annotations

import asyncio
import gzip
import json
from base64 import b64decode
from collections.abc import Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from typing_extensions import override

from moyai.kernel.scope import Scope
from moyai.ports.aws_calls import AwsCaller
from moyai.reconcile.log_subscriptions import LogSubscriptionLoop
from moyai.stacks.types.procedure import AwsCallFailed, Call
from moyai.testing.world import SCOPE
from tests.contract.api.installation import Installation

ACCOUNT = f"us-east-1:{SCOPE.account}"


class Destinations(AwsCaller):
    """Functions and streams that keep what they get, after they have failed for a while."""

    address = "127.0.0.1:4566"

    def __init__(self, faults: int = 0, status: int = 503) -> None:
        self.faults, self.status = faults, status
        self.calls: list[Call] = []

    @override
    def owns(self, service: str) -> bool:
        return False

    @override
    async def call(self, scope: Scope, call: Call) -> Mapping[str, Any]:
        assert scope == SCOPE
        self.calls.append(call)
        if len(self.calls) <= self.faults:
            raise AwsCallFailed(call.service, "Fault", "it is not there", self.status)
        return {}


@asynccontextmanager
async def delivering(installation: Installation, destinations: Destinations, destination: str, **more: str):
    """A group with a filter for ERROR, and the loop that delivers; gives the function that stores messages."""
    logs = installation.client("logs")

    def put(*messages: str) -> None:
        at = int(installation.clock.now() * 1000)
        events = [{"timestamp": at, "message": message} for message in messages]
        logs.put_log_events(logGroupName="web", logStreamName="one", logEvents=events)

    def set_up() -> None:
        logs.create_log_group(logGroupName="web")
        logs.create_log_stream(logGroupName="web", logStreamName="one")
        logs.put_subscription_filter(
            logGroupName="web", filterName="errors", filterPattern="ERROR", destinationArn=destination, **more
        )

    await asyncio.to_thread(set_up)
    loop = asyncio.create_task(
        LogSubscriptionLoop(installation.logs.deliveries, destinations, installation.clock).run()
    )
    try:
        yield lambda *messages: asyncio.to_thread(put, *messages)
    finally:
        loop.cancel()
        await asyncio.wait({loop})


def events_in(payload: bytes) -> list[str]:
    """The messages of a payload, whose head must be right."""
    message = json.loads(gzip.decompress(payload))
    assert message["messageType"] == "DATA_MESSAGE"
    assert (message["owner"], message["logGroup"], message["logStream"]) == (SCOPE.account, "web", "one")
    assert message["subscriptionFilters"] == ["errors"]
    assert len({event["id"] for event in message["logEvents"]}) == len(message["logEvents"])
    return [event["message"] for event in message["logEvents"]]


async def test_a_function_gets_what_matches():
    installation, destinations = Installation(), Destinations()
    async with delivering(installation, destinations, f"arn:aws:lambda:{ACCOUNT}:function:sink") as put:
        await put("ERROR one", "fine", "ERROR two")
        await put("fine")
        await installation.clock.settle()
    [call] = destinations.calls
    assert (call.service, call.operation, call.input["InvocationType"]) == ("lambda", "Invoke", "Event")
    assert events_in(b64decode(json.loads(call.input["Payload"])["awslogs"]["data"])) == ["ERROR one", "ERROR two"]


@pytest.mark.parametrize(
    ("destination", "names", "data"),
    [
        ("kinesis:{}:stream/sink", {"StreamName": "sink", "PartitionKey": "one"}, lambda members: members["Data"]),
        ("firehose:{}:deliverystream/sink", {"DeliveryStreamName": "sink"}, lambda members: members["Record"]["Data"]),
    ],
    ids=["Kinesis", "Firehose"],
)
async def test_a_stream_gets_what_matches(destination, names, data):
    installation, destinations = Installation(), Destinations()
    arn, role = f"arn:aws:{destination.format(ACCOUNT)}", f"arn:aws:iam::{SCOPE.account}:role/logs"
    async with delivering(installation, destinations, arn, roleArn=role) as put:
        await put("ERROR one")
        await installation.clock.settle()
    [call] = destinations.calls
    assert call.operation == "PutRecord"
    assert names.items() <= call.input.items()
    assert events_in(data(call.input)) == ["ERROR one"]


@pytest.mark.parametrize(
    ("destinations", "calls", "reports"),
    [(Destinations(1), 3, 0), (Destinations(3), 4, 1), (Destinations(2, 404), 2, 1)],
    ids=["a fault that passes", "one that lasts", "no function"],
)
async def test_a_failed_delivery_is_tried_again_and_given_up(caplog, destinations, calls, reports):
    installation = Installation()
    async with delivering(installation, destinations, f"arn:aws:lambda:{ACCOUNT}:function:sink") as put:
        await put("ERROR one")
        await put("ERROR two")
        for _ in range(6):
            await installation.clock.advance(1)
    assert len(destinations.calls) == calls
    assert caplog.text.count("gets no log events") == reports
