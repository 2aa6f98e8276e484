"""Floods of connections and requests that would take all files that a front proxy may open: without one for a new
socket, Envoy ends, with all load balancers of its VPC.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack
from typing import Final

import pytest
import yaml
from msgspec.structs import replace

from moyai.domain.cloudwatch.metric import metric_id
from moyai.domain.elb.front import front_workload
from moyai.domain.sandbox.open_files import MOST, open_limits
from moyai.kernel.clock import Instant
from moyai.mesh.load_balancing import compile_front
from moyai.telemetry.reporters.front_reporter import FrontReporter
from moyai.testing.clock import EPOCH
from tests.e2e.envoy_rig import PATIENCE, Rig, rig
from tests.e2e.rig_app import App
from tests.golden.load_balancing.balancers import VPC, world_of
from tests.unit.telemetry.pushes import SCOPE

pytestmark = [pytest.mark.e2e, pytest.mark.root]

FRONT = front_workload(VPC)
FILES: Final = 800
FLOODED, WEB, APP, STREAMS = ("first", "second", "third"), ("10.99.0.2", 80), "10.99.0.3", 9000
BALANCERS = """
loadBalancers:
  web:
    nodes: {us-east-1a: 10.99.0.2}
    listeners: {80: {rules: {default: {action: {type: forward, groups: [apps]}}}}}
  first: &edge
    type: network
    nodes: {us-east-1a: 10.99.0.1}
    listeners: {7000: {protocol: TCP, rules: {default: {action: {type: forward, groups: [streams]}}}}}
  second:
    <<: *edge
    listeners: {7001: {protocol: TCP, rules: {default: {action: {type: forward, groups: [streams]}}}}}
  third:
    <<: *edge
    listeners: {7002: {protocol: TCP, rules: {default: {action: {type: forward, groups: [streams]}}}}}
targetGroups:
  apps:
    health_check: {enabled: false}
    targets: {"10.99.0.3:8081": {}}
  streams:
    protocol: TCP
    health_check: {enabled: false}
    targets: {"10.99.0.3:9000": {}}
"""


@pytest.fixture
async def small() -> AsyncIterator[Rig]:
    """A rig whose Envoys may open few files."""
    async with rig({}, files=FILES) as new_rig:
        yield new_rig


@pytest.fixture
async def app(small: Rig) -> AsyncIterator[App]:
    """The target of the load balancer that nobody floods."""
    new_app = App("honest")
    await new_app.start(small.namespace, 8081, APP)
    yield new_app
    await new_app.stop()


async def publish(front, limits):
    shard = compile_front(world_of(yaml.safe_load(BALANCERS)), VPC, str(front.folder / "health.json"), limits)
    front.telemetry.reporters[FRONT] = FrontReporter(SCOPE, VPC, EPOCH)
    await front.configure(shard, FRONT)
    await front.until(lambda: FRONT in front.senders)


async def open_connections(front: Rig, opened: ExitStack, port: int, count: int) -> list[socket.socket]:
    def connect() -> list[socket.socket]:
        return [socket.create_connection(("10.99.0.1", port), timeout=PATIENCE) for _ in range(count)]

    return [opened.enter_context(connection) for connection in await front.namespace.run(connect)]


def count_closed(connections: list[socket.socket]) -> int:
    """The connections that the proxy has closed; nothing is sent on the others."""
    closed = 0
    for connection in connections:
        connection.settimeout(0)
        try:
            closed += connection.recv(1) == b""
        except BlockingIOError:
            continue
        except ConnectionError:
            closed += 1
    return closed


async def wait_for_closed(connections: list[socket.socket], count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while count_closed(connections) < count:  # noqa: ASYNC110 (the proxy closes them one by one)
            await asyncio.sleep(0.05)


def count_rejected(front: Rig) -> float:
    """The flows of all network load balancers that were rejected."""
    span = (EPOCH, Instant(EPOCH + 3600))
    metrics = (
        metric_id("AWS/NetworkELB", "RejectedFlowCount", [("LoadBalancer", f"net/{name}/{name:0>16}")])
        for name in FLOODED
    )
    return sum(
        period.summary.sum for metric in metrics for period in front.telemetry.reader.periods(SCOPE, metric, span, 3600)
    )


async def wait_for_rejected(front: Rig, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while count_rejected(front) < count:  # noqa: ASYNC110 (a push notifies nobody here)
            await asyncio.sleep(0.05)
    assert count_rejected(front) == count


async def test_floods_of_three_load_balancers_leave_the_fourth_its_connections(small, app):
    part, excess = open_limits(FILES).connections // 4, 20
    server = await small.namespace.listen(APP, STREAMS)
    with server, ExitStack() as opened:
        server.listen(FILES)
        await publish(small, open_limits(FILES))
        for port in (7000, 7001, 7002):
            connections = await open_connections(small, opened, port, part + excess)
            await wait_for_closed(connections, excess)
            assert count_closed(connections) == excess
        for _ in range(part):
            assert (await small.namespace.get(*WEB)).status == 200
        await wait_for_rejected(small, 3 * excess)
    assert app.requests


async def test_a_flood_of_all_connections_is_refused_and_the_open_ones_go_on(small, app):
    limit = open_limits(FILES).connections
    server = await small.namespace.listen(APP, STREAMS)
    with server, ExitStack() as opened:
        server.listen(FILES)
        await publish(small, MOST)
        older = opened.enter_context(await small.namespace.run(lambda: socket.create_connection(WEB, timeout=PATIENCE)))
        connections = await open_connections(small, opened, 7000, limit + 100)
        await wait_for_closed(connections, 101)
        older.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        answer = await small.namespace.run(lambda: older.makefile("rb").read())
        assert answer.startswith(b"HTTP/1.1 200 ")
        await wait_for_rejected(small, 101)
    request = b"GET / HTTP/1.0\r\nhost: a\r\n\r\n"
    async with asyncio.timeout(PATIENCE):
        while not (await small.namespace.talk(*WEB, request)).startswith(b"HTTP/1.0 200 "):
            continue
    assert app.requests


async def test_requests_beyond_the_connections_to_targets_wait(small, app):
    limits = open_limits(FILES)
    more = limits.connections - 10
    assert more > limits.pooled

    def send() -> list[socket.socket]:
        clients = [socket.create_connection(WEB, timeout=PATIENCE) for _ in range(more)]
        for client in clients:
            client.sendall(b"GET /hold HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        return clients

    await publish(small, replace(limits, connections=MOST.connections))
    with ExitStack() as opened:
        clients = [opened.enter_context(client) for client in await small.namespace.run(send)]
        async with asyncio.timeout(PATIENCE):
            while len(app.requests) < limits.pooled:  # noqa: ASYNC110 (applications do not notify)
                await asyncio.sleep(0.05)
        assert len(app.requests) == limits.pooled
        app.released.set()
        answers = await small.namespace.run(lambda: [client.makefile("rb").read() for client in clients])
    assert {answer[:13] for answer in answers} == {b"HTTP/1.1 200 "}
