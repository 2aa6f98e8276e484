"""Requests that a careless or hostile caller may send, and the part of them that reaches an application."""

from __future__ import annotations

import json
import uuid
from typing import Any, NamedTuple

import pytest

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, Probe, app, offer

pytestmark = [pytest.mark.e2e, pytest.mark.root]


class Wire(NamedTuple):
    """A connection to a port of the mesh, and the bytes that are written to it."""

    probe: Probe
    place: dict[str, object]

    def all(self, *texts: str) -> list[str]:
        """The responses to these requests, each sent at once on a connection of its own."""
        return list(self.probe.ask("raw", **self.place, texts=texts)["texts"])

    def __call__(self, text: str) -> str:
        """The same for one."""
        (found,) = self.all(text)
        return found


@pytest.fixture(scope="module")
def cluster(server: Installation) -> Cluster:
    new_cluster = Cluster(server, "strange", "strange")
    new_cluster.serve("strange", new_cluster.define("strange", app("http1", 8080, "http")), offer("http1", "http1"))
    new_cluster.steady("strange")
    return new_cluster


@pytest.fixture(scope="module")
def probe(cluster: Cluster) -> Probe:
    return cluster.probe("strange-caller")


@pytest.fixture(scope="module")
def address(cluster: Cluster) -> str:
    """The task's own, past the caller's proxy: only the target's stands between."""
    (task,) = cluster.tasks("strange")
    details = {d["name"]: d["value"] for a in task["attachments"] for d in a["details"]}
    return str(details["privateIPv4Address"])


@pytest.fixture(params=["both proxies", "the target's alone"])
def wire(request: pytest.FixtureRequest, probe: Probe, address: str) -> Wire:
    """Bytes there, bytes back; ``http1`` is the host in either case."""
    place: dict[str, object] = (
        {"host": "http1", "port": 80} if request.param == "both proxies" else {"host": address, "port": 8080}
    )
    return Wire(probe, place)


def request_of(*headers: str, line: str = "GET /head HTTP/1.1", body: str = "") -> str:
    return "\r\n".join([line, "host: http1", "connection: close", *headers, "", body])


def received_request(answer: str) -> Any:
    """The request as the application saw it; it must have reached it."""
    head, _, body = answer.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200 OK"), answer
    return json.loads(body)


def header(found: Any, name: str) -> list[str]:
    pairs = [line.partition(": ") for line in found["headers"]]
    return [value for key, _, value in pairs if key.lower() == name]


# ----------------------------------------------------------------------------------------- arrives as it is


PATHS = ("/a/../b", "/a//b", "/a%2Fb/%2e%2e", "/a/./b?x=1&x=2", "/a;b=c/%00", "/%F0%9F%9A%A2")


def test_a_path_arrives_as_it_was_written(wire):
    lines = [f"GET {path} HTTP/1.1" for path in PATHS]
    assert [
        received_request(answer)["line"] for answer in wire.all(*(request_of(line=line) for line in lines))
    ] == lines


def test_the_host_the_ids_and_unusual_headers_arrive_as_they_were_written(wire):
    arrived_request = received_request(
        wire(
            "GET /head HTTP/1.1\r\nHost: shop.example:8443\r\nconnection: close\r\nx_under_scored: 1\r\n"
            "x-empty:\r\nx-twice: a\r\nx-twice: b\r\nx-request-id: mine\r\nx-latin: caf\xe9\r\n\r\n"
        )
    )
    assert header(arrived_request, "host") == ["shop.example:8443"]
    assert header(arrived_request, "x_under_scored") == ["1"]
    assert header(arrived_request, "x-empty") == [""]
    assert ",".join(header(arrived_request, "x-twice")).replace(" ", "") == "a,b"
    assert header(arrived_request, "x-request-id") == ["mine"]
    assert header(arrived_request, "x-latin") == ["caf\xe9"]


def test_forwarded_headers_of_the_client_are_passed_unchanged(wire):
    # On AWS a load balancer writes it; the proxies of Service Connect are no new hop.
    arrived_request = received_request(wire(request_of("x-forwarded-for: 203.0.113.9", "x-forwarded-proto: https")))
    assert header(arrived_request, "x-forwarded-for") == ["203.0.113.9"]
    assert header(arrived_request, "x-forwarded-proto") == ["https"]


def test_folded_headers_and_bare_carriage_returns_arrive_as_one_value(wire):
    arrived_request = received_request(wire(request_of("x-long: a\r\n b", "x-return: a\rx-hidden: b")))
    assert header(arrived_request, "x-long") == ["a b"]
    assert header(arrived_request, "x-return") == ["ax-hidden: b"]
    assert header(arrived_request, "x-hidden") == []


# ------------------------------------------------------------------------------------------- does not arrive


INSIDE = "x-forwarded-for: 10.0.0.1"
"""An Envoy may take such a request for one from inside, and what it says in x-envoy-… for orders."""

CONTROLS = (
    INSIDE,
    "x-envoy-max-retries: 1000",
    "x-envoy-retry-on: 5xx,retriable-4xx",
    "x-envoy-retry-grpc-on: internal",
    "x-envoy-retriable-status-codes: 200",
    "x-envoy-upstream-rq-timeout-ms: 1",
    "x-envoy-upstream-rq-per-try-timeout-ms: 1",
    "x-envoy-upstream-alt-stat-name: mine",
    "x-envoy-hedge-on-per-try-timeout: true",
    "x-envoy-original-path: /mine",
    "x-envoy-decorator-operation: mine",
    "x-envoy-made-up: mine",
)


def test_a_caller_cannot_control_the_proxies_by_headers(wire):
    answer = wire(request_of(*CONTROLS, line="POST /head HTTP/1.1"))
    arrived_request = received_request(answer)
    mine = [line for line in arrived_request["headers"] if line.lower().startswith("x-envoy-")]
    assert mine == ["x-envoy-expected-rq-timeout-ms: 15000"]


def test_a_caller_cannot_force_retries_by_headers(wire):
    number = uuid.uuid4().hex
    again = (INSIDE, "x-envoy-max-retries: 5", "x-envoy-retry-on: 5xx,gateway-error,retriable-status-codes")
    answer = wire(request_of(*again, "content-length: 0", line=f"POST /fail/{number} HTTP/1.1"))
    assert answer.startswith("HTTP/1.1 500")
    assert received_request(wire(request_of(line=f"GET /failed/{number} HTTP/1.1"))) == {"times": 1}


def test_a_caller_cannot_change_timeouts_by_headers(wire):
    arrived_request = received_request(wire(request_of(INSIDE, "x-envoy-upstream-rq-timeout-ms: 60000")))
    assert header(arrived_request, "x-envoy-expected-rq-timeout-ms") == ["15000"]


BAD = {
    "a length and chunks": request_of(
        "content-length: 5", "transfer-encoding: chunked", line="POST /head HTTP/1.1", body="0\r\n\r\n"
    ),
    "two lengths": request_of("content-length: 5", "content-length: 6", line="POST /head HTTP/1.1", body="hello!"),
    "a length that is none": request_of("content-length: +5", line="POST /head HTTP/1.1", body="hello"),
    "an encoding nobody knows": request_of("transfer-encoding: xchunked", line="POST /head HTTP/1.1", body="0\r\n\r\n"),
    "chunked twice": request_of("transfer-encoding: chunked, chunked", line="POST /head HTTP/1.1", body="0\r\n\r\n"),
    "chunked, then something": request_of(
        "transfer-encoding: chunked, identity", line="POST /head HTTP/1.1", body="0\r\n\r\n"
    ),
    "a chunk that is too long": request_of(
        "transfer-encoding: chunked", line="POST /head HTTP/1.1", body="fffffffffffffffff\r\n"
    ),
    "a space before the colon": request_of("content-length : 5", line="POST /head HTTP/1.1", body="hello"),
    "a NUL": request_of("x-nul: a\x00b"),
    "a fragment": request_of(line="GET /head#here HTTP/1.1"),
    "no host": "GET /head HTTP/1.1\r\nconnection: close\r\n\r\n",
    "a method that is none": request_of(line="GE T /head HTTP/1.1"),
    "no HTTP at all": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


def test_ambiguous_requests_are_refused_and_the_connection_closed(wire):
    answers = dict(zip(BAD, wire.all(*BAD.values()), strict=True))
    refused = ("HTTP/1.1 400 Bad Request", "HTTP/1.1 501 Not Implemented")
    assert {name: answer for name, answer in answers.items() if not answer.startswith(refused)} == {}
    assert {name for name, answer in answers.items() if answer.count("HTTP/1.1") != 1} == set()


def test_data_after_a_refused_request_is_not_read_as_a_request(wire):
    smuggled = "GET /smuggled HTTP/1.1\r\nhost: http1\r\n\r\n"
    answer = wire(
        request_of(
            "content-length: 5", "transfer-encoding: chunked", line="POST /head HTTP/1.1", body=f"0\r\n\r\n{smuggled}"
        )
    )
    assert answer.startswith("HTTP/1.1 400 Bad Request")
    assert "smuggled" not in answer


def test_pipelined_requests_are_answered_in_order(wire):
    first, second = "GET /first HTTP/1.1\r\nhost: http1\r\n\r\n", request_of(line="GET /second HTTP/1.1")
    answer = wire(first + second)
    assert answer.count("HTTP/1.1 200 OK") == 2
    assert answer.index("GET /first") < answer.index("GET /second")


def test_oversized_headers_are_refused_with_431(wire):
    large, many = request_of("x-large: " + "a" * 100_000), request_of(*(f"x-{number}: a" for number in range(200)))
    answers = wire.all(large, many)
    assert {answer.partition("\r\n")[0] for answer in answers} == {"HTTP/1.1 431 Request Header Fields Too Large"}


@pytest.mark.parametrize(
    ("text", "refusal"),
    [
        ("CONNECT http1:22 HTTP/1.1\r\nhost: http1:22\r\n\r\n", "404 Not Found"),
        (request_of("connection: upgrade", "upgrade: something"), "403 Forbidden"),
    ],
    ids=["CONNECT", "an unknown upgrade"],
)
def test_connect_and_upgrade_requests_open_no_tunnel(wire, text, refusal):
    assert wire(text).startswith(f"HTTP/1.1 {refusal}")


def test_an_upgrade_to_h2c_is_ignored(wire):
    headers = ("connection: upgrade, http2-settings", "upgrade: h2c", "http2-settings: AAMAAABkAARAAAAAAAIAAAAA")
    answer = wire("GET /head HTTP/1.1\r\nhost: http1\r\n" + "\r\n".join(headers) + "\r\n\r\n")
    assert not answer.startswith("HTTP/1.1 101")


def test_an_absolute_request_target_does_not_change_the_host(wire):
    arrived_request = received_request(wire(request_of(line="GET http://169.254.170.2/head HTTP/1.1")))
    assert arrived_request["line"] == "GET /head HTTP/1.1"
