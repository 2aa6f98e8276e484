"""Pushes over HTTP/1.1 on a Unix socket, as Envoy sends them."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest

from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId
from moyai.telemetry.ingest.otlp_grpc import MetricsService, Rejection
from moyai.telemetry.ingest.otlp_http import IDLE_TIMEOUT, MAX_UNCOUNTED_BYTES, OtlpHttpReceiver
from moyai.testing.clock import EPOCH, ManualClock
from tests.unit.telemetry.pushes import FRONT, SCOPE, Telemetry, posted, push

PUSH = push(1, {"http.egress.cart.downstream_rq_total": 3})
LATER = push(2, {"http.egress.cart.downstream_rq_total": 7})
TAKEN = 200
SEATS = 3


def whose(name: str) -> ProxyId | Rejection:
    return ProxyId(name) if name else Rejection(grpc.StatusCode.UNAUTHENTICATED, "who are you?")


class Desk:
    """Where pushes go."""

    def __init__(self, path: str, seats: int = SEATS, most_held: int = MAX_UNCOUNTED_BYTES) -> None:
        self.path = path
        self.telemetry = Telemetry()
        self.heard: list[ProxyId] = []
        self.clock = ManualClock()
        service = MetricsService(self.telemetry.recorder, self.clock, self.heard.append)
        self.reports = OtlpHttpReceiver(service, whose, seats, most_held)
        self.callers: list[Caller] = []

    async def call(self) -> Caller:
        """Somebody who is connected."""
        caller = Caller(*await asyncio.open_unix_connection(self.path))
        self.callers.append(caller)
        return caller

    @property
    def requests(self) -> float:
        """How many are counted."""
        return self.telemetry.called_requests(EPOCH)


class Caller:
    """One proxy's connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, request: bytes) -> int:
        """The status that is answered."""
        self.writer.write(request)
        return await self.answer()

    async def answer(self) -> int:
        return int((await self.reader.readuntil(b"\r\n\r\n")).split()[1])

    async def is_hung_up_on(self) -> bool:
        try:
            return await self.reader.read() == b""
        except ConnectionError:  # there was more to send
            return True


@asynccontextmanager
async def opened(desk: Desk) -> AsyncIterator[Desk]:
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(desk.path)
    await desk.reports.serve(sock)
    yield desk
    desk.reports.close()
    for one in desk.callers:
        one.writer.close()


@pytest.fixture
async def desk(tmp_path):
    async with opened(Desk(f"{tmp_path}/s")) as made:
        yield made


@pytest.fixture
async def caller(desk):
    return await desk.call()


async def test_pushes_are_counted_and_told_of(desk, caller):
    assert await caller.ask(posted(PUSH)) == TAKEN
    assert (desk.requests, desk.heard) == (3, [FRONT])
    assert await caller.ask(posted(LATER)) == TAKEN
    assert (desk.requests, desk.heard) == (7, [FRONT, FRONT])


async def test_a_push_comes_in_pieces(desk, caller):
    for byte in posted(PUSH)[:-1]:
        caller.writer.write(bytes([byte]))
        await caller.writer.drain()
        await asyncio.sleep(0)
    assert desk.requests == 0
    assert await caller.ask(posted(PUSH)[-1:]) == TAKEN
    assert desk.requests == 3


async def test_a_push_waits_while_figures_are_saved_and_others_are_heard(desk, caller):
    async with desk.telemetry.recorder.lock:
        caller.writer.write(posted(PUSH))
        assert await (await desk.call()).ask(posted(PUSH, who="")) == 401
        assert (desk.requests, desk.heard) == (0, [])
    assert await caller.answer() == TAKEN
    assert (desk.requests, desk.heard) == (3, [FRONT])


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        pytest.param(posted(PUSH, who=""), 401, id="nobody's"),
        pytest.param(posted(b"\xff\xff"), 400, id="not OTLP"),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, id="not HTTP/1.1"),
        pytest.param(posted(PUSH, line="CONNECT moyai:80 HTTP/1.1"), 404, id="a tunnel"),
        pytest.param(posted(PUSH, line="POST /v1/traces HTTP/1.1"), 404, id="not metrics"),
        pytest.param(posted(PUSH, line="GET /v1/metrics HTTP/1.1"), 404, id="not brought"),
        pytest.param(posted(b"x" * 5 * 1024 * 1024), 413, id="too large"),
        pytest.param(b"POST /v1/metrics HTTP/1.1\r\nx: " + b"x" * 5 * 1024 * 1024, 413, id="too large a head"),
    ],
)
async def test_what_is_refused_is_hung_up_on(desk, caller, asked, status):
    assert await caller.ask(asked) == status
    assert await caller.is_hung_up_on()
    assert desk.heard == []
    assert desk.telemetry.reader.metrics(SCOPE) == []


async def test_one_at_a_time(desk, caller):
    caller.writer.write(posted(PUSH) + posted(LATER))
    assert await caller.answer() == 400
    assert await caller.is_hung_up_on()


async def test_the_next_may_begin_before_the_answer(desk, caller):
    caller.writer.write(posted(PUSH) + posted(LATER)[:150])
    assert await caller.answer() == TAKEN
    assert await caller.ask(posted(LATER)[150:]) == TAKEN
    assert (desk.requests, desk.reports.uncounted_bytes) == (7, 0)


async def test_what_came_is_counted_though_who_brought_it_has_gone(desk, caller):
    caller.writer.write(posted(PUSH))
    await caller.writer.drain()
    caller.writer.close()
    other = await desk.call()
    assert await other.ask(posted(push(1, {}), who="other")) == TAKEN
    assert desk.requests == 3


async def test_many_that_come_at_once_are_each_answered(tmp_path):
    async with opened(Desk(f"{tmp_path}/many", seats=50)) as desk:
        callers = [await desk.call() for _ in range(50)]
        bodies = [b"\xff" if at == 7 else PUSH for at in range(50)]
        asked = (
            one.ask(posted(body, who=f"{FRONT}{at}"))
            for at, (one, body) in enumerate(zip(callers, bodies, strict=True))
        )
        assert await asyncio.gather(*asked) == [400 if at == 7 else TAKEN for at in range(50)]
        assert len(desk.heard) == 49
        assert desk.reports.uncounted_bytes == 0


async def test_a_report_that_fails_harms_no_other(desk, monkeypatch):
    record = desk.telemetry.recorder.record

    def failing(proxy: ProxyId, push: bytes, now: Instant) -> None:
        if proxy == "odd":
            raise ZeroDivisionError
        record(proxy, push, now)

    monkeypatch.setattr(desk.telemetry.recorder, "record", failing)
    callers = [await desk.call() for _ in range(2)]
    answers = await asyncio.gather(callers[0].ask(posted(PUSH, who="odd")), callers[1].ask(posted(PUSH)))
    assert [*answers] == [500, TAKEN]
    assert await callers[1].ask(posted(LATER)) == TAKEN
    assert desk.requests == 7


async def test_what_all_bring_together_is_bounded(tmp_path):
    whole = posted(PUSH)
    async with opened(Desk(f"{tmp_path}/held", most_held=len(whole) + 99)) as desk:
        slow, other = await desk.call(), await desk.call()
        slow.writer.write(whole[:100])
        await desk.clock.settle()
        assert await other.ask(whole) == 503
        assert await other.is_hung_up_on()
        assert await slow.ask(whole[100:]) == TAKEN
        assert await (await desk.call()).ask(whole) == TAKEN
        slow.writer.write(whole[:100])
        await desk.clock.settle()
        slow.writer.close()
        await desk.clock.settle()
        assert desk.reports.uncounted_bytes == 0


async def test_who_is_connected_when_it_closes_is_hung_up_on(desk, caller):
    assert await caller.ask(posted(PUSH)) == TAKEN
    desk.reports.close()
    assert await caller.is_hung_up_on()
    with pytest.raises(ConnectionRefusedError):
        await desk.call()


async def test_who_brings_nothing_for_long_is_hung_up_on(desk, caller):
    assert await caller.ask(posted(PUSH)) == TAKEN
    await desk.clock.advance(2 * IDLE_TIMEOUT)
    assert await caller.is_hung_up_on()


async def test_who_brings_only_pieces_is_hung_up_on(desk, caller):
    assert await caller.ask(posted(PUSH)) == TAKEN
    for byte in posted(LATER)[:2]:
        caller.writer.write(bytes([byte]))
        await desk.clock.advance(IDLE_TIMEOUT)
    assert await caller.is_hung_up_on()
    assert desk.requests == 3


async def test_who_reads_no_answers_is_not_heard_and_is_hung_up_on(desk, caller):
    assert await caller.ask(posted(PUSH)) == TAKEN
    [connection] = desk.reports.connections
    connection.pause_writing()  # as its transport does when too much is unread
    caller.writer.write(posted(LATER))
    await desk.clock.advance(2 * IDLE_TIMEOUT)
    assert await caller.is_hung_up_on()
    assert desk.requests == 3


async def test_who_reads_the_answers_after_all_is_heard(desk, caller):
    assert await caller.ask(posted(PUSH)) == TAKEN
    [connection] = desk.reports.connections
    connection.pause_writing()
    connection.resume_writing()
    assert await caller.ask(posted(LATER)) == TAKEN


async def test_who_brings_something_now_and_then_stays(desk, caller):
    for push_ in (PUSH, LATER, PUSH, LATER):
        assert await caller.ask(posted(push_)) == TAKEN
        await desk.clock.advance(IDLE_TIMEOUT)


async def test_only_so_many_are_connected_and_who_leaves_makes_room(desk):
    seated = [await desk.call() for _ in range(SEATS)]
    assert [await one.ask(posted(PUSH)) for one in seated] == [TAKEN] * SEATS
    assert await (await desk.call()).is_hung_up_on()
    seated[0].writer.close()
    await desk.clock.settle()
    assert await (await desk.call()).ask(posted(PUSH)) == TAKEN
