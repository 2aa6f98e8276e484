"""Pushes over HTTP/1.1 on a Unix socket, as Envoy sends them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest

from moyai.domain.sandbox.host_proxy import HOST_PROXY
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId
from moyai.telemetry.ingest.otlp_grpc import MetricsService, Rejection
from moyai.telemetry.ingest.otlp_http import IDLE_TIMEOUT, MAX_UNCOUNTED_BYTES, OtlpHttpReceiver
from moyai.testing.clock import EPOCH, ManualClock
from tests.unit.telemetry.pushes import FRONT, SCOPE, Telemetry, push, push_request

PUSH = push(1, {"http.egress.cart.downstream_rq_completed": 3})
LATER = push(2, {"http.egress.cart.downstream_rq_completed": 7})
OK = 200
MAX_CONNECTIONS = 3


def authenticate(name: str) -> ProxyId | Rejection:
    return ProxyId(name) if name else Rejection(grpc.StatusCode.UNAUTHENTICATED, "who are you?")


class RunningReceiver:
    """A receiver on a Unix socket, with a recorder behind it."""

    def __init__(
        self, path: str, max_connections: int = MAX_CONNECTIONS, max_uncounted_bytes: int = MAX_UNCOUNTED_BYTES
    ) -> None:
        self.path = path
        self.telemetry = Telemetry()
        self.reported: list[ProxyId] = []
        self.clock = ManualClock()
        service = MetricsService(self.telemetry.recorder, self.clock, self.reported.append)
        self.receiver = OtlpHttpReceiver(service, authenticate, max_connections, max_uncounted_bytes)
        self.callers: list[Caller] = []

    async def connect(self) -> Caller:
        """Connect, as a proxy does."""
        caller = Caller(*await asyncio.open_unix_connection(self.path))
        self.callers.append(caller)
        return caller

    @property
    def requests(self) -> float:
        """Requests that are counted."""
        return self.telemetry.called_requests(EPOCH)


class Caller:
    """One proxy's connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, request: bytes) -> int:
        """Send a request. The status of the answer."""
        self.writer.write(request)
        return await self.status()

    async def status(self) -> int:
        return int((await self.reader.readuntil(b"\r\n\r\n")).split()[1])

    async def is_closed(self) -> bool:
        try:
            return await self.reader.read() == b""
        except ConnectionError:  # there was more to send
            return True


@asynccontextmanager
async def open_receiver(running: RunningReceiver) -> AsyncIterator[RunningReceiver]:
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(running.path)
    await running.receiver.serve(sock)
    yield running
    running.receiver.close()
    for each_caller in running.callers:
        each_caller.writer.close()


@pytest.fixture
async def running(tmp_path):
    async with open_receiver(RunningReceiver(f"{tmp_path}/s")) as receiver:
        yield receiver


@pytest.fixture
async def caller(running):
    return await running.connect()


async def test_pushes_are_counted_and_their_proxies_reported(running, caller):
    assert await caller.send(push_request(PUSH)) == OK
    assert (running.requests, running.reported) == (3, [FRONT])
    assert await caller.send(push_request(LATER)) == OK
    assert (running.requests, running.reported) == (7, [FRONT, FRONT])


async def test_a_push_may_come_in_pieces(running, caller):
    for byte in push_request(PUSH)[:-1]:
        caller.writer.write(bytes([byte]))
        await caller.writer.drain()
        await asyncio.sleep(0)
    assert running.requests == 0
    assert await caller.send(push_request(PUSH)[-1:]) == OK
    assert running.requests == 3


async def test_a_push_waits_while_metrics_are_saved_and_others_are_answered(running, caller):
    async with running.telemetry.recorder.lock:
        caller.writer.write(push_request(PUSH))
        assert await (await running.connect()).send(push_request(PUSH, who="")) == 401
        assert (running.requests, running.reported) == (0, [])
    assert await caller.status() == OK
    assert (running.requests, running.reported) == (3, [FRONT])


@pytest.mark.parametrize(
    ("message", "status"),
    [
        pytest.param(push_request(PUSH, who=""), 401, id="an unknown proxy"),
        pytest.param(push_request(b"\xff\xff"), 400, id="not OTLP"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, id="not HTTP/1.1"),
        pytest.param(push_request(PUSH, line="CONNECT moyai:80 HTTP/1.1"), 404, id="a tunnel"),
        pytest.param(push_request(PUSH, line="POST /v1/traces HTTP/1.1"), 404, id="not metrics"),
        pytest.param(push_request(PUSH, line="GET /v1/metrics HTTP/1.1"), 404, id="another method"),
        pytest.param(push_request(b"x" * 17 * 1024 * 1024), 413, id="too large"),
        pytest.param(b"POST /v1/metrics HTTP/1.1\r\nx: " + b"x" * 17 * 1024 * 1024, 413, id="too large a head"),
    ],
)
async def test_a_refused_connection_is_closed(running, caller, message, status):
    assert await caller.send(message) == status
    assert await caller.is_closed()
    assert running.reported == []
    assert running.telemetry.reader.metrics(SCOPE) == []


async def test_the_hosts_envoy_may_send_more_than_a_tasks(running, caller):
    assert await caller.send(push_request(b"\xff" * 17 * 1024 * 1024, who=HOST_PROXY)) == 400


async def test_the_first_report_that_is_too_large_is_logged(running, caplog):
    for who in (HOST_PROXY, FRONT):
        caller = await running.connect()
        assert await caller.send(push_request(b"x" * 65 * 1024 * 1024, who=who)) == 413
    (record,) = caplog.records
    assert "too large" in record.getMessage()


async def test_a_second_report_before_the_answer_is_refused(running, caller):
    caller.writer.write(push_request(PUSH) + push_request(LATER))
    assert await caller.status() == 400
    assert await caller.is_closed()


async def test_the_next_request_may_begin_before_the_answer(running, caller):
    caller.writer.write(push_request(PUSH) + push_request(LATER)[:150])
    assert await caller.status() == OK
    assert await caller.send(push_request(LATER)[150:]) == OK
    assert (running.requests, running.receiver.uncounted_bytes) == (7, 0)


async def test_a_report_is_counted_after_its_connection_was_closed(running, caller):
    caller.writer.write(push_request(PUSH))
    await caller.writer.drain()
    caller.writer.close()
    other = await running.connect()
    assert await other.send(push_request(push(1, {}), who="other")) == OK
    assert running.requests == 3


async def test_many_reports_at_once_are_each_answered(tmp_path):
    async with open_receiver(RunningReceiver(f"{tmp_path}/many", max_connections=50)) as running:
        callers = [await running.connect() for _ in range(50)]
        bodies = [b"\xff" if at == 7 else PUSH for at in range(50)]
        answers = (
            one.send(push_request(body, who=f"{FRONT}{at}"))
            for at, (one, body) in enumerate(zip(callers, bodies, strict=True))
        )
        assert await asyncio.gather(*answers) == [400 if at == 7 else OK for at in range(50)]
        assert len(running.reported) == 49
        assert running.receiver.uncounted_bytes == 0


async def test_a_failing_report_does_not_prevent_others(running, monkeypatch):
    record = running.telemetry.recorder.record

    def failing(proxy: ProxyId, push: bytes, now: Instant) -> None:
        if proxy == "odd":
            raise ZeroDivisionError
        record(proxy, push, now)

    monkeypatch.setattr(running.telemetry.recorder, "record", failing)
    callers = [await running.connect() for _ in range(2)]
    answers = await asyncio.gather(callers[0].send(push_request(PUSH, who="odd")), callers[1].send(push_request(PUSH)))
    assert [*answers] == [500, OK]
    assert await callers[1].send(push_request(LATER)) == OK
    assert running.requests == 7


async def test_the_bytes_of_all_connections_are_limited(tmp_path):
    whole = push_request(PUSH)
    async with open_receiver(RunningReceiver(f"{tmp_path}/held", max_uncounted_bytes=len(whole) + 99)) as running:
        slow, other = await running.connect(), await running.connect()
        slow.writer.write(whole[:100])
        await running.clock.settle()
        assert await other.send(whole) == 503
        assert await other.is_closed()
        assert await slow.send(whole[100:]) == OK
        assert await (await running.connect()).send(whole) == OK
        slow.writer.write(whole[:100])
        await running.clock.settle()
        slow.writer.close()
        await running.clock.settle()
        assert running.receiver.uncounted_bytes == 0


async def test_closing_closes_every_connection(running, caller):
    assert await caller.send(push_request(PUSH)) == OK
    running.receiver.close()
    assert await caller.is_closed()
    with pytest.raises(ConnectionRefusedError):
        await running.connect()


async def test_an_idle_connection_is_closed(running, caller):
    assert await caller.send(push_request(PUSH)) == OK
    await running.clock.advance(2 * IDLE_TIMEOUT)
    assert await caller.is_closed()


async def test_a_connection_without_a_whole_report_is_closed(running, caller):
    assert await caller.send(push_request(PUSH)) == OK
    for byte in push_request(LATER)[:2]:
        caller.writer.write(bytes([byte]))
        await running.clock.advance(IDLE_TIMEOUT)
    assert await caller.is_closed()
    assert running.requests == 3


async def test_a_connection_that_reads_no_answers_is_closed(running, caller):
    assert await caller.send(push_request(PUSH)) == OK
    [connection] = running.receiver.connections
    connection.pause_writing()  # as its transport does when too much is unread
    caller.writer.write(push_request(LATER))
    await running.clock.advance(2 * IDLE_TIMEOUT)
    assert await caller.is_closed()
    assert running.requests == 3


async def test_a_connection_that_reads_its_answers_late_is_served(running, caller):
    assert await caller.send(push_request(PUSH)) == OK
    [connection] = running.receiver.connections
    connection.pause_writing()
    connection.resume_writing()
    assert await caller.send(push_request(LATER)) == OK


async def test_a_connection_that_reports_now_and_then_stays(running, caller):
    for push_ in (PUSH, LATER, PUSH, LATER):
        assert await caller.send(push_request(push_)) == OK
        await running.clock.advance(IDLE_TIMEOUT)


async def test_the_number_of_connections_is_limited(running):
    connected = [await running.connect() for _ in range(MAX_CONNECTIONS)]
    assert [await one.send(push_request(PUSH)) for one in connected] == [OK] * MAX_CONNECTIONS
    assert await (await running.connect()).is_closed()
    connected[0].writer.close()
    await running.clock.settle()
    assert await (await running.connect()).send(push_request(PUSH)) == OK
