"""Attacks of hostile clients and targets on a front proxy: forge who they are, smuggle requests, split responses, and
keep its connections busy.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import closing

import pytest
import yaml

from moyai.domain.elb.front import front_workload
from moyai.mesh.load_balancing import compile_front
from tests.e2e.envoy_rig import PATIENCE, Namespace, Rig
from tests.e2e.rig_app import App
from tests.golden.load_balancing.balancers import VPC, world_of

pytestmark = [pytest.mark.e2e, pytest.mark.root]

NODE = ("10.99.0.1", 80)
FORGED = "203.0.113.9"
BALANCER = """
loadBalancers:
  web:
    nodes: {us-east-1a: 10.99.0.1}
    attributes: {ATTRIBUTES}
    listeners:
      80:
        rules:
          default: {action: {type: forward, groups: [honest]}}
          1:
            conditions: [{type: path-pattern, values: ["/hostile*"]}]
            action: {type: forward, groups: [hostile]}
          2:
            conditions: [{type: source-ip, values: [203.0.113.0/24]}]
            action: {type: fixed-response, status: 200, body: inside}
targetGroups:
  honest:
    health_check: {path: /ping, interval: 5, timeout: 2}
    targets: {"10.99.0.2:8081": {}}
  hostile:
    health_check: {enabled: false}
    targets: {"10.99.0.3:8082": {}}
"""
_SECOND = b"GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n"
SMUGGLED = {
    "both lengths": b"content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n" + _SECOND,
    "two lengths": b"content-length: 0\r\ncontent-length: 35\r\n\r\n" + _SECOND,
    "a coding that is none": b"transfer-encoding: xchunked\r\n\r\n0\r\n\r\n" + _SECOND,
    "a name with a blank": b"transfer-encoding : chunked\r\n\r\n0\r\n\r\n" + _SECOND,
    "a folded line": b"content-length: 0\r\nx: a\r\n transfer-encoding: chunked\r\ncontent-length: 35\r\n\r\n"
    + _SECOND,
}


class HostileTarget:
    """Answers every request with the same bytes, and closes."""

    def __init__(self) -> None:
        self.answer = b""
        self._server: asyncio.Server | None = None

    async def start(self, namespace: Namespace) -> None:
        """Listen where the target group ``hostile`` has it."""
        listening = await namespace.listen("10.99.0.3", 8082)
        self._server = await asyncio.start_server(self._serve, sock=listening)

    def stop(self) -> None:
        """Close its socket."""
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(self.answer)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the proxy has closed
        finally:
            writer.close()


@pytest.fixture
async def target(front: Rig) -> AsyncIterator[App]:
    """The target of the default rule, behind a configured front proxy."""
    app = App("honest")
    await app.start(front.namespace, 8081, "10.99.0.2")
    await publish(front)
    yield app
    await app.stop()


@pytest.fixture
async def hostile_target(front: Rig) -> AsyncIterator[HostileTarget]:
    new_target = HostileTarget()
    await new_target.start(front.namespace)
    yield new_target
    new_target.stop()


async def publish(front: Rig, **attributes: str) -> None:
    """Configure the front proxy with these attributes of its load balancer."""
    text = BALANCER.replace("ATTRIBUTES", ", ".join(f'{key}: "{value}"' for key, value in attributes.items()))
    shard = compile_front(world_of(yaml.safe_load(text)), VPC, str(front.folder / "health.json"))
    await front.configure(shard, front_workload(VPC))


def newest(target: App) -> dict[str, str]:
    """The headers of the last request that reached the target."""
    return target.heads[-1]


@pytest.mark.parametrize(
    ("mode", "forwarded"),
    [("append", f"{FORGED}, 10.99.0.1"), ("preserve", FORGED), ("remove", None)],
)
async def test_x_forwarded_for_is_what_its_mode_says(front, target, mode, forwarded):
    await publish(front, **{"routing.http.xff_header_processing.mode": mode})
    await front.namespace.get(*NODE, x_forwarded_for=FORGED, x_forwarded_proto="https", x_forwarded_port="443")
    head = newest(target)
    assert head.get("x-forwarded-for") == forwarded
    assert (head["x-forwarded-proto"], head["x-forwarded-port"]) == ("http", "80")


@pytest.mark.parametrize(
    ("mode", "forwarded"),
    [("append", {"192.0.2.1,192.0.2.2, 10.99.0.1"}), ("preserve", {"192.0.2.1,192.0.2.2"}), ("remove", set())],
)
async def test_repeated_headers_are_one_and_disguised_ones_are_dropped(front, target, mode, forwarded):
    drop = "routing.http.drop_invalid_header_fields.enabled"
    await publish(front, **{"routing.http.xff_header_processing.mode": mode, drop: "true"})
    names = ("x-forwarded-for", "X-FORWARDED-FOR", "x_forwarded_for", "x-forwarded-for.")
    lines = [f"{name}: 192.0.2.{number}" for number, name in enumerate(names, 1)]
    head = "\r\n".join(("GET / HTTP/1.1", "host: a:8080", "connection: close", *lines, "", ""))
    await front.namespace.talk(*NODE, head.encode())
    arrived = newest(target)
    assert {value for name, value in arrived.items() if "192.0.2." in value} == forwarded
    assert not {"x_forwarded_for", "x-forwarded-for."} & arrived.keys()
    assert arrived["host"] == "a:8080"


async def test_a_client_can_not_have_a_header_of_the_proxy_removed(front, target):
    answer = await front.namespace.get(*NODE, connection="x-forwarded-for, x-amzn-trace-id, close")
    assert answer.status == 400
    assert target.requests == []


@pytest.mark.parametrize("name", ["x-forwarded-for", "x-real-ip", "x-envoy-external-address", "forwarded"])
async def test_no_header_makes_a_client_another_source(front, target, name):
    answer = await front.namespace.get(*NODE, **{name: FORGED})
    assert answer.body != "inside"


async def test_no_header_changes_how_the_proxy_forwards(front, target):
    forged = {"x-envoy-upstream-rq-timeout-ms": "1", "x-envoy-retry-on": "5xx", "x-envoy-original-path": "/a"}
    target.statuses.append(500)
    answer = await front.namespace.get(*NODE, **forged)
    assert (answer.status, len(target.requests)) == (500, 1)
    assert not [name for name in newest(target) if name.startswith("x-envoy")]


@pytest.mark.parametrize(
    "header", [b"PROXY TCP4 203.0.113.9 10.99.0.1 1 80\r\n", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + b"\1" * 12]
)
async def test_a_proxy_header_at_the_open_port_is_no_request(front, target, header):
    answer = await front.namespace.talk(*NODE, header + b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
    assert not answer.startswith(b"HTTP/1.1 200 ")
    assert target.requests == []


@pytest.mark.parametrize("kind", SMUGGLED)
async def test_no_request_is_smuggled(front, target, kind):
    await front.namespace.talk(*NODE, b"POST /outer HTTP/1.1\r\nhost: a\r\nconnection: close\r\n" + SMUGGLED[kind])
    assert not [request for request in target.requests if "smuggled" in request]


async def test_floods_of_headers_are_refused(front, target):
    many = b"".join(b"x-%d: a\r\n" % number for number in range(1_100))
    long = b"x: " + b"a" * 70_000 + b"\r\n"
    for headers in (many, long):
        answer = await front.namespace.talk(
            *NODE, b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n" + headers + b"\r\n"
        )
        assert answer.startswith(b"HTTP/1.1 400 ")
    assert target.requests == []


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\ncontent-length: 5\r\n\r\nsplit",
        b"HTTP/1.1 200 OK\r\nx: \0\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"a" * 200_000 + b"\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"x%d: a\r\n" % n for n in range(5000)) + b"content-length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9\r\n",
    ],
    ids=["two lengths", "null", "long header", "many headers", "no HTTP"],
)
async def test_a_targets_broken_response_is_a_bad_gateway(front, target, hostile_target, answer):
    hostile_target.answer = answer
    assert (await front.namespace.get(*NODE, "/hostile")).status == 502
    assert (await front.namespace.get(*NODE)).status == 200


async def test_a_response_is_not_split_by_a_bare_carriage_return(front, target, hostile_target):
    hostile_target.answer = b"HTTP/1.1 200 OK\r\nx: a\rset-cookie: b=c\rcontent-length: 9\r\ncontent-length: 0\r\n\r\n"
    answer = await front.namespace.talk(*NODE, b"GET /hostile HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
    assert b"\r" not in answer.replace(b"\r\n", b"")
    assert b"\r\nset-cookie:" not in answer.lower()


async def test_bytes_after_a_response_reach_no_other_client(front, target, hostile_target):
    whole = b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na"
    hostile_target.answer = whole + whole.replace(b"\r\n\r\na", b"\r\n\r\nb")
    assert [(await front.namespace.get(*NODE, "/hostile")).body for _ in range(5)] == ["a"] * 5


async def test_slow_clients_keep_no_one_else_out_and_are_ended(front, target):
    await publish(front, **{"idle_timeout.timeout_seconds": "1"})

    def connect() -> list[socket.socket]:
        clients = [socket.create_connection(NODE, timeout=PATIENCE) for _ in range(200)]
        for client in clients:
            client.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nx-slow: ")
        return clients

    clients = await front.namespace.run(connect)
    assert (await front.namespace.get(*NODE)).status == 200

    def trickle(client: socket.socket) -> bytes:
        with closing(client):
            client.settimeout(0.2)
            for _ in range(5 * PATIENCE):
                try:
                    client.sendall(b"a")
                    return client.recv(1000)
                except TimeoutError:
                    continue
                except ConnectionError:
                    return b""
        return b"never ended"

    answers = await asyncio.gather(*(asyncio.to_thread(trickle, client) for client in clients[:8]))
    assert b"never ended" not in answers
    for client in clients[8:]:
        client.close()
