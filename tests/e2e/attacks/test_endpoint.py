"""Costs of a client for the API before anything is checked: bytes of a request, connections, places of others."""

from __future__ import annotations

import json
import os
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, shell
from tests.e2e.waiting import eventually

pytestmark = pytest.mark.e2e

CHUNKED = b"POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
PIECE = 64 * 1024
MOST = 64 * 1024 * 1024
"""Bytes that an attack sends when nothing stops it."""
GROWTH = 24 * 1024 * 1024
"""Bytes by which the process may have grown after it, whatever else it does meanwhile."""
UNENDED = {
    "trailers": (CHUNKED + b"2\r\n{}\r\n0\r\n", b"x: " + b"a" * (PIECE - 5) + b"\r\n"),
    "one trailer": (CHUNKED + b"2\r\n{}\r\n0\r\nx: ", b"a" * PIECE),
    "a chunk extension": (CHUNKED + b"2;", b"a" * PIECE),
    "chunk extensions": (CHUNKED, b"1;" + b"a" * 1000 + b"\r\nx\r\n"),
}
PIPELINED = b"GET /_moyai/health HTTP/1.1\r\nhost: localhost\r\n\r\n"
TRAILERS = """
import socket
s = socket.create_connection((\"169.254.170.2\", {port}), 20)
s.sendall(b\"POST / HTTP/1.1\\r\\nhost: localhost\\r\\ntransfer-encoding: chunked\\r\\n\\r\\n2\\r\\n{{}}\\r\\n0\\r\\n\")
try:
    for _ in range(1024):
        s.sendall(b\"x: \" + b\"a\" * 65531 + b\"\\r\\n\")
except OSError:
    raise SystemExit(7)
"""
"""What a task sends; it ends with 7 when it is cut off."""


def connection(installation: Installation, source: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", installation.port), 20, (source, 0))


def memory(installation: Installation) -> int:
    """Bytes of the control plane that are in memory."""
    assert installation.process is not None
    pages = Path(f"/proc/{installation.process.pid}/statm").read_text().split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def processor(installation: Installation) -> float:
    """Seconds of processor that the control plane has used."""
    assert installation.process is not None
    fields = Path(f"/proc/{installation.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def status(installation: Installation, source: str = "127.0.0.1") -> int:
    """The status that a well-behaved client at this address gets."""
    client = HTTPConnection("127.0.0.1", installation.port, 60, source_address=(source, 0))
    try:
        client.request("GET", "/_moyai/health")
        return client.getresponse().status
    finally:
        client.close()


@pytest.fixture
def many_files() -> Iterator[None]:
    """As many open files as a flood of connections needs."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("attack", UNENDED)
def test_a_request_without_end_is_cut_off_and_costs_no_memory(simulation, attack):
    head, rest = UNENDED[attack]
    before = memory(simulation)
    with connection(simulation) as client:
        client.sendall(head)
        sent = 0
        with pytest.raises(ConnectionError):  # noqa: PT012 - it ends somewhere in the middle
            while sent < MOST:
                client.sendall(rest)
                sent += len(rest)
    assert memory(simulation) - before < GROWTH
    assert status(simulation) == 200


@pytest.mark.parametrize("before", [b"", PIPELINED], ids=["first", "pipelined"])
def test_a_head_over_its_limit_is_refused_though_it_arrives_at_once(simulation, before):
    with connection(simulation) as client:
        client.sendall(before + b"GET /_moyai/health HTTP/1.1\r\nhost: localhost\r\nx: " + b"a" * 70_000 + b"\r\n\r\n")
        answered = b""
        with suppress(ConnectionError):
            while piece := client.recv(PIECE):
                answered += piece
    assert answered.count(b"HTTP/1.1 200") <= before.count(b"GET")


@pytest.mark.root
@pytest.mark.parametrize("port", [80, 4566])
def test_a_task_can_not_exhaust_the_memory_of_the_control_plane(server, tmp_path, port):
    cluster = Cluster(server, f"trailers-{port}")
    script = TRAILERS.format(port=port)
    definition = cluster.define(f"trailers-{port}", shell("", command=["python3", "-c", script]))
    before = memory(server)
    task = cluster.run(definition)
    exit_codes = eventually(lambda: exits(cluster, task), "the task has ended")
    assert exit_codes == [7]
    assert memory(server) - before < GROWTH


def exits(cluster: Cluster, task: str) -> list[int]:
    """The exit codes of a task's containers; none while it runs."""
    (found_task,) = cluster.ecs.describe_tasks(cluster=cluster.name, tasks=[task])["tasks"]
    return (
        [container["exitCode"] for container in found_task["containers"]]
        if found_task["lastStatus"] == "STOPPED"
        else []
    )


def test_accepting_connections_costs_each_of_them_the_same(simulation, many_files):
    started_processor = processor(simulation)
    with ExitStack() as stack:
        for number in range(4500):
            stack.enter_context(connection(simulation, f"127.0.2.{number % 5 + 1}"))
        assert status(simulation) == 200
    assert (
        processor(simulation) - started_processor < 2
    )  # 0.4 where the cost is the same, 3.5 where it grows with what is there


def test_idle_connections_do_not_keep_new_clients_out(simulation, many_files):
    with ExitStack() as stack:
        for number in range(2200):
            stack.enter_context(connection(simulation, f"127.0.2.{number % 2 + 1}"))
        for place in range(1, 20):
            assert status(simulation, f"127.0.3.{place}") == 200


def test_a_client_with_one_connection_keeps_it_while_others_flood(simulation, many_files):
    with ExitStack() as stack, closing(HTTPConnection("127.0.0.1", simulation.port, 60)) as quiet:
        for _ in range(5):
            quiet.request("GET", "/_moyai/health")
            with quiet.getresponse() as answer:
                assert (answer.status, json.loads(answer.read())["status"]) == (200, "ok")
            before = quiet.sock
            for number in range(1100):
                stack.enter_context(connection(simulation, f"127.0.5.{number % 3 + 1}"))
            assert quiet.sock is before is not None
