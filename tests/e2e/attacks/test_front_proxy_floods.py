"""Resources that clients of one load balancer can take from those of another, who share its front proxy: streams that
are reset at once, many requests in one packet, connections on which nothing happens, and flows of datagrams.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import ExitStack

import pytest
import yaml
from msgspec.structs import replace

from moyai.domain.elb.front import front_workload
from moyai.mesh.ir import ConnectionLimits, MeshIR, Protocol
from moyai.mesh.load_balancing import compile_front
from tests.authority import an_authority
from tests.e2e.envoy_rig import PATIENCE, Rig
from tests.e2e.rig_app import App
from tests.e2e.waiting import eventually
from tests.golden.load_balancing.balancers import VPC, world_of

pytestmark = [pytest.mark.e2e, pytest.mark.root]

ATTACKED, OTHER, DATAGRAMS = ("10.99.0.1", 443), ("10.99.0.2", 80), ("10.99.0.2", 53)
LIMIT = 20
BALANCERS = """
loadBalancers:
  attacked:
    nodes: {us-east-1a: 10.99.0.1}
    listeners:
      443:
        protocol: HTTPS
        ssl_policy: ELBSecurityPolicy-TLS13-1-2-2021-06
        certificates: [shop]
        rules: {default: {action: {type: forward, groups: [apps]}}}
  other:
    nodes: {us-east-1a: 10.99.0.2}
    listeners:
      80: {rules: {default: {action: {type: forward, groups: [more]}}}}
  datagrams:
    type: network
    nodes: {us-east-1a: 10.99.0.2}
    listeners:
      53:
        protocol: UDP
        rules: {default: {action: {type: forward, groups: [names]}}}
targetGroups:
  names:
    protocol: UDP
    health_check: {protocol: TCP, port: 8081}
    targets: {"10.99.0.3:5300": {}}
  apps:
    health_check: {path: /ping}
    targets: {"10.99.0.3:8081": {}}
  more:
    health_check: {path: /ping}
    targets: {"10.99.0.3:8081": {}}
certificates: {shop: root}
"""
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS, HEADERS, RST_STREAM = 4, 1, 3
END_OF_REQUEST = 5
"""The flags END_STREAM and END_HEADERS."""
GET = b"\x82\x87\x84\x41\x01a"
""":method GET, :scheme https, :path /, :authority a, by HPACK's static table."""
CANCEL = (8).to_bytes(4, "big")


def frame(kind: int, stream: int, payload: bytes = b"", flags: int = 0) -> bytes:
    """A frame of HTTP/2."""
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


@pytest.fixture
async def app(front: Rig) -> AsyncIterator[App]:
    """The target of both load balancers, behind the configured front proxy."""
    new_app = App("honest")
    await new_app.start(front.namespace, 8081, "10.99.0.3")
    world = world_of(yaml.safe_load(BALANCERS), await an_authority())
    await front.configure(
        with_few_connections(compile_front(world, VPC, str(front.folder / "health.json"))), front_workload(VPC)
    )
    yield new_app
    await new_app.stop()


def with_few_connections(shard: MeshIR) -> MeshIR:
    """The shard with so few connections for each listener, and so few flows of datagrams, that a test can open more."""
    ((name, workload),) = shard.workloads.items()
    assert [listener.max_connections > LIMIT for listener in workload.listeners].count(False) == 1
    listeners = tuple(
        replace(listener, max_connections=min(listener.max_connections, LIMIT)) for listener in workload.listeners
    )
    [names] = [destination for destination in shard.destinations.values() if destination.protocol is Protocol.TCP]
    few = replace(names, limits=ConnectionLimits(connections=LIMIT))
    destinations = {**shard.destinations, names.name: few}
    return replace(shard, workloads={name: replace(workload, listeners=listeners)}, destinations=destinations)


def http2() -> ssl.SSLSocket:
    """A connection of HTTP/2 to the attacked load balancer."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    connection = context.wrap_socket(socket.create_connection(ATTACKED, timeout=PATIENCE))
    assert connection.selected_alpn_protocol() == "h2"
    connection.sendall(PREFACE + frame(SETTINGS, 0))
    return connection


def send_until_closed(connection: ssl.SSLSocket, pairs: int) -> bool:
    """Open and reset so many streams; whether the proxy has closed the connection."""
    opened = 0
    try:
        while opened < pairs:
            streams = range(2 * opened + 1, 2 * (opened + 100) + 1, 2)
            connection.sendall(
                b"".join(frame(HEADERS, n, GET, END_OF_REQUEST) + frame(RST_STREAM, n, CANCEL) for n in streams)
            )
            opened += 100
        while connection.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass
    return True


async def test_a_connection_that_resets_its_streams_at_once_is_closed(front, app):
    with ExitStack() as opened:
        for _ in range(3):
            connection = opened.enter_context(await front.namespace.run(http2))
            assert await front.namespace.run(lambda one=connection: send_until_closed(one, 5000))
            assert (await front.namespace.get(*OTHER)).status == 200
    assert len(app.requests) < 3 * 5000 / 2


async def test_idle_connections_take_those_of_their_own_load_balancer_only(front, app):
    def connect() -> socket.socket:
        return socket.create_connection(ATTACKED, timeout=PATIENCE)

    with ExitStack() as opened:
        idle = [opened.enter_context(await front.namespace.run(connect)) for _ in range(3 * LIMIT)]
        assert (await front.namespace.get(*OTHER)).status == 200

        def count_closed() -> int:
            return sum(is_closed(connection) for connection in idle)

        await front.namespace.run(lambda: eventually(lambda: count_closed() >= 2 * LIMIT, "the others are closed"))
        assert await front.namespace.run(count_closed) == 2 * LIMIT
    assert app.requests


def is_closed(connection: socket.socket) -> bool:
    """Whether the proxy has closed a connection on which neither side has said anything."""
    connection.settimeout(0.2)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


async def test_a_connection_full_of_requests_gets_one_turn_after_another(front, app):
    def fill() -> ssl.SSLSocket:
        connection = http2()
        connection.sendall(b"".join(frame(HEADERS, n, GET, END_OF_REQUEST) for n in range(1, 2 * 100, 2)))
        return connection

    with await front.namespace.run(fill):
        assert (await front.namespace.get(*OTHER)).status == 200
    assert app.requests


async def test_flows_of_datagrams_beyond_the_limit_are_dropped_and_the_others_go_on(front, app):
    def count_flows() -> int:
        with ExitStack() as opened:
            sockets = (socket.socket(type=socket.SOCK_DGRAM) for _ in range(3 * LIMIT + 1))
            server, first, *others = map(opened.enter_context, sockets)
            server.bind(("10.99.0.3", 5300))
            server.settimeout(PATIENCE)
            for client in (first, *others):
                client.sendto(b"flow", DATAGRAMS)
            first.sendto(b"end", DATAGRAMS)
            peers = set()
            content = b""
            while content != b"end":
                content, peer = server.recvfrom(100)
                peers.add(peer)
            return len(peers)

    assert await front.namespace.run(count_flows) == LIMIT
    assert (await front.namespace.get(*OTHER)).status == 200
    assert app.requests
