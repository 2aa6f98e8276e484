"""Log events at the destinations of subscription filters, as AWS sends them."""

from __future__ import annotations

import asyncio
import gzip
import json
from base64 import b64decode
from collections.abc import Mapping
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest
from typing_extensions import override

from moyai.domain.logs.event import LogEvent
from moyai.domain.world import Delete
from moyai.kernel.clock import Seconds
from moyai.kernel.scope import Scope
from moyai.ports.logs import LogBatch
from moyai.ports.outgoing_calls import AwsCaller
from moyai.reconcile.log_subscriptions import LogSubscriptionLoop
from moyai.stacks.types.procedure import AwsCallFailed, Call
from moyai.telemetry.log_deliveries import PendingLogDeliveries
from moyai.testing.ids import SeededIds
from moyai.testing.world import SCOPE
from tests.contract.api.installation import Installation

FUNCTION = f"arn:aws:lambda:us-east-1:{SCOPE.account}:function:"
STREAM = f"arn:aws:kinesis:us-east-1:{SCOPE.account}:stream/sink"
ROLE = f"arn:aws:iam::{SCOPE.account}:role/logs"
ACCOUNT = f"us-east-1:{SCOPE.account}"


class Destinations(AwsCaller):
    """Functions and streams that keep what they get, after they have failed for a while."""

    address = "127.0.0.1:4566"
    patience = Seconds(600.0)

    def __init__(self, faults: int = 0, status: int = 503) -> None:
        self.faults, self.status = faults, status
        self.calls: list[Call] = []
        self.arrivals: asyncio.Queue[Call] = asyncio.Queue()
        self.silent = ""
        """The name of one that never answers."""

    @override
    def owns(self, service: str) -> bool:
        return False

    @override
    async def call(self, scope: Scope, call: Call) -> Mapping[str, Any]:
        assert scope == SCOPE
        self.calls.append(call)
        self.arrivals.put_nowait(call)
        if self.silent and call.input["FunctionName"].endswith(self.silent):
            await asyncio.Event().wait()
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
        LogSubscriptionLoop(
            installation.logs.deliveries, destinations, installation.clock, SeededIds(1), destinations.patience
        ).run()
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
    async with delivering(installation, destinations, f"{FUNCTION}sink") as put:
        await put("ERROR one", "fine", "ERROR two")
        await put("fine")
        await destinations.arrivals.get()
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
    arn = f"arn:aws:{destination.format(ACCOUNT)}"
    async with delivering(installation, destinations, arn, roleArn=ROLE) as put:
        await put("ERROR one")
        await destinations.arrivals.get()
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
    async with delivering(installation, destinations, f"{FUNCTION}sink") as put:
        await put("ERROR one")
        await put("ERROR two")
        for _ in range(calls):
            await destinations.arrivals.get()
            await installation.clock.advance(2)
    assert len(destinations.calls) == calls
    assert caplog.text.count("gets no log events") == reports


async def subscribe_another(installation: Installation, destination: str) -> None:
    """Give the group a second filter."""
    await asyncio.to_thread(
        lambda: installation.client("logs").put_subscription_filter(
            logGroupName="web", filterName="others", filterPattern="", destinationArn=destination
        )
    )


async def test_no_destination_waits_for_one_that_does_not_answer(caplog):
    installation, destinations = Installation(), Destinations()
    destinations.silent, destinations.patience = "silent", Seconds(0.05)
    async with delivering(installation, destinations, f"{FUNCTION}silent") as put:
        await subscribe_another(installation, f"{FUNCTION}sink")
        await put("ERROR one")
        await put("ERROR two")
        while "function:silent has not answered within" not in caplog.text:
            await installation.clock.advance(1)
            await asyncio.sleep(0.01)
    names = [call.input["FunctionName"].rpartition(":")[2] for call in destinations.calls]
    assert names.count("sink") == 2
    assert names.count("silent") in {3, 4}


async def test_a_destination_that_is_strange_is_reported_and_gets_the_next_events(caplog):
    class Strange(Destinations):
        @override
        async def call(self, scope: Scope, call: Call) -> Mapping[str, Any]:
            await super().call(scope, call)
            raise KeyError("RequestId")

    installation, destinations = Installation(), Strange()
    async with delivering(installation, destinations, f"{FUNCTION}sink") as put:
        for message in ("ERROR one", "ERROR two"):
            await put(message)
            await destinations.arrivals.get()
    assert caplog.text.count("has not answered as AWS does: KeyError: 'RequestId'") == 1


async def test_many_events_for_one_destination_displace_none_of_another(caplog):
    installation = Installation()
    deliveries = installation.logs.deliveries = PendingLogDeliveries(installation.store, 1000, most_bytes_each=100)
    destinations = Destinations()
    destinations.silent = "silent"
    async with delivering(installation, destinations, f"{FUNCTION}silent") as put:
        await put("ERROR one")
        await destinations.arrivals.get()
        for _ in range(4):
            await put("ERROR")
        assert caplog.text.count("silent are not delivered") == 1
        await subscribe_another(installation, f"{FUNCTION}sink")
        await put("ERROR five")
        call = await destinations.arrivals.get()
    assert call.input["FunctionName"] == f"{FUNCTION}sink"
    async with deliveries.take() as delivery:
        assert [event.message for event in delivery.events] == [b"ERROR"]


async def test_the_payloads_of_many_events_are_within_the_destinations_limit():
    installation, destinations = Installation(), Destinations()
    random = Random(1)  # noqa: S311
    messages = [f"ERROR {number} {random.randbytes(500).hex()}" for number in range(900)]
    received: list[str] = []
    async with delivering(installation, destinations, f"{FUNCTION}sink") as put:
        await put(*messages)
        while len(received) < len(messages):
            payload = (await destinations.arrivals.get()).input["Payload"]
            assert len(payload) <= 256 * 1024
            received += events_in(b64decode(json.loads(payload)["awslogs"]["data"]))
    assert received == messages


@pytest.mark.parametrize(("distribution", "keys"), [("ByLogStream", 1), ("Random", 3)])
async def test_the_shard_of_a_record_depends_on_the_filters_distribution(distribution, keys):
    installation, destinations = Installation(), Destinations()
    async with delivering(installation, destinations, STREAM, roleArn=ROLE, distribution=distribution) as put:
        for _ in range(3):
            await put("ERROR")
            await destinations.arrivals.get()
    partition_keys = {call.input["PartitionKey"] for call in destinations.calls}
    assert len(partition_keys) == keys
    assert all(1 <= len(key) <= 256 for key in partition_keys)


async def test_events_of_a_stream_that_is_gone_have_a_partition_key():
    installation, destinations = Installation(), Destinations()
    async with delivering(installation, destinations, STREAM, roleArn=ROLE):
        world = installation.store.world
        [group], [stream] = list(world.log_groups), list(world.log_streams)
        batch = LogBatch(group.id, stream.id, [LogEvent(1, b"ERROR")])
        installation.store.apply([Delete(type(stream), stream.key)])
        installation.logs.deliveries.offer(batch)
        call = await destinations.arrivals.get()
    assert call.input["PartitionKey"] == "web"
