"""A real Envoy as the front proxy of network load balancers: connections, datagrams and PROXY headers."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest
import yaml

from moyai.domain.cloudwatch.metric import metric_id
from moyai.domain.elb.front import front_workload
from moyai.kernel.clock import Instant
from moyai.mesh.load_balancing import compile_front
from moyai.telemetry.reporters.front_reporter import FrontReporter
from moyai.testing.clock import EPOCH
from tests.e2e.envoy_rig import PATIENCE, Rig
from tests.golden.load_balancing.balancers import VPC, world_of
from tests.unit.telemetry.pushes import SCOPE

pytestmark = [pytest.mark.e2e, pytest.mark.root]

FRONT = front_workload(VPC)
AT_ONCE = struct.pack("ii", 1, 0)
"""The option that makes the end of a connection a reset."""
SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
"""How a PROXY header of version 2 begins."""
BALANCER = """
loadBalancers:
  edge:
    type: network
    nodes: {us-east-1a: 10.99.0.1, us-east-1b: 10.99.0.2}
    listeners:
      7000:
        protocol: TCP_UDP
        rules: {default: {action: {type: forward, groups: [plain]}}}
      7001:
        protocol: TCP
        rules: {default: {action: {type: forward, groups: [proxied]}}}
targetGroups:
  plain:
    protocol: TCP_UDP
    targets: {"10.99.0.3:8001": {}}
  proxied:
    protocol: TCP
    attributes: {proxy_protocol_v2.enabled: "true", load_balancing.cross_zone.enabled: "true"}
    health_check: {interval: 5, timeout: 2}
    targets: {"10.99.0.3:8002": {}}
"""


async def accept(front: Rig, server: socket.socket, wanted: bytes) -> tuple[bytes, str]:
    """The bytes of the first connection that sends ``wanted``, and its source address; health checks send nothing."""

    def call() -> tuple[bytes, str]:
        while True:
            connection, peer = server.accept()
            with connection:
                connection.settimeout(PATIENCE)
                content = connection.makefile("rb").read()
                if wanted in content:
                    return content, peer[0]

    server.settimeout(PATIENCE)
    return await front.namespace.run(call)


async def test_connections_and_datagrams_reach_targets_of_the_nodes_own_zone(front):
    server = await front.namespace.listen("10.99.0.3", 8001)
    datagrams = await front.namespace.run(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    with server, datagrams:
        datagrams.bind(("10.99.0.3", 8001))
        datagrams.settimeout(PATIENCE)
        await front.configure(compile_front(world_of(yaml.safe_load(BALANCER)), VPC, health_log(front)), FRONT)
        client = await front.namespace.run(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        with client:
            client.settimeout(PATIENCE)
            client.sendto(b"ping", ("10.99.0.1", 7000))
            content, peer = await front.namespace.run(lambda: datagrams.recvfrom(100))
            assert content == b"ping"
            datagrams.sendto(b"pong", peer)
            assert await front.namespace.run(lambda: client.recv(100)) == b"pong"
        await send_and_accept(front, server)
        assert await front.namespace.talk("10.99.0.2", 7000, b"other zone") == b""


async def test_flows_and_resets_are_counted(front):
    front.telemetry.reporters[FRONT] = FrontReporter(SCOPE, VPC, EPOCH)
    server = await front.namespace.listen("10.99.0.3", 8001)
    with server:
        await front.configure(compile_front(world_of(yaml.safe_load(BALANCER)), VPC, health_log(front)), FRONT)
        await front.until(lambda: FRONT in front.senders)
        await send_and_accept(front, server)
        connection = await front.namespace.run(lambda: socket.create_connection(("10.99.0.1", 7000), timeout=PATIENCE))
        connection.sendall(b"hello")
        with await front.namespace.run(lambda: accept_greeting(server)):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            connection.close()
    async with asyncio.timeout(PATIENCE):
        while not flows(front, "TCP_Client_Reset_Count"):  # noqa: ASYNC110 (a push notifies nobody here)
            await asyncio.sleep(0.05)
    assert flows(front, "TCP_Client_Reset_Count") == 1
    assert flows(front, "NewFlowCount_TCP") == flows(front, "NewFlowCount") == 2
    assert flows(front, "ProcessedBytes_TCP") >= len(b"hello")


def accept_greeting(server: socket.socket) -> socket.socket:
    """The first connection that begins with ``hello``; health checks send nothing."""
    server.settimeout(PATIENCE)
    while True:
        connection, _ = server.accept()
        connection.settimeout(PATIENCE)
        if connection.recv(5) == b"hello":
            return connection
        connection.close()


def flows(front: Rig, name: str) -> float:
    """The sum of a metric of the load balancer; 0 when there is none."""
    metric = metric_id("AWS/NetworkELB", name, [("LoadBalancer", "net/edge/000000000000edge")])
    periods = front.telemetry.reader.periods(SCOPE, metric, (EPOCH, Instant(EPOCH + 3600)), 3600)
    return sum(period.summary.sum for period in periods)


async def send_and_accept(front: Rig, server: socket.socket) -> None:
    sent = front.namespace.run(lambda: socket.create_connection(("10.99.0.1", 7000), timeout=PATIENCE))
    with await sent as connection:
        connection.sendall(b"hello")
        connection.shutdown(socket.SHUT_WR)
        content, peer = await accept(front, server, b"hello")
        assert (content, peer) == (b"hello", "10.99.0.1")


async def test_a_proxy_header_tells_the_targets_who_the_client_is(front):
    server = await front.namespace.listen("10.99.0.3", 8002)
    with server:
        await front.configure(compile_front(world_of(yaml.safe_load(BALANCER)), VPC, health_log(front)), FRONT)
        sent = front.namespace.run(
            lambda: socket.create_connection(("10.99.0.2", 7001), PATIENCE, source_address=("10.99.0.3", 0))
        )
        with await sent as connection:
            port = connection.getsockname()[1]
            connection.sendall(b"hello")
            connection.shutdown(socket.SHUT_WR)
            content, _ = await accept(front, server, b"hello")
        assert content.startswith(SIGNATURE)
        addresses = socket.inet_aton("10.99.0.3") + socket.inet_aton("10.99.0.2")
        assert content[16:] == addresses + port.to_bytes(2, "big") + (7001).to_bytes(2, "big") + b"hello"


def health_log(front: Rig) -> str:
    return str(front.folder / "health.json")
