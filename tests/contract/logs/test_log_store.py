"""The log store's port, on each adapter."""

from __future__ import annotations

import asyncio

import pytest

from moyai.domain.logs.event import LogEvent
from moyai.kernel.clock import Instant
from moyai.kernel.ids import LogGroupId, LogStreamId
from moyai.ports.logs import PAGE_BYTES, EventPosition, EventQuery, LogBatch, LogStoreFault, SourcePosition, StreamTimes

GROUP, OTHER = LogGroupId("g"), LogGroupId("h")
A, B = LogStreamId("a"), LogStreamId("b")
NOW = Instant(100.5)


def batch(stream, *events, group=GROUP, position=None):
    return LogBatch(group, stream, [LogEvent(at, message.encode()) for at, message in events], position)


def question(**asked):
    params = {"group": GROUP, "streams": None, "start": 0, "end": 2**62, "beyond": None, "limit": 100}
    return EventQuery(**{**params, **asked})


async def messages(logs, **asked):
    return [event.message for event in (await logs.read(question(**asked))).events]


async def test_events_come_back_in_the_order_of_their_time_then_of_arrival(logs):
    await logs.append([batch(A, (5, "a5"), (9, "a9")), batch(B, (1, "b1"), (5, "b5"))], NOW)
    await logs.append([batch(A, (5, "late")), batch(LogStreamId("c"), (5, "other"), group=OTHER)], NOW)
    assert (await messages(logs))[:4] == ["b1", "a5", "b5", "late"]
    assert await messages(logs, streams=(B,)) == ["b1", "b5"]
    assert await messages(logs, streams=(A, B), descending=True, limit=2) == ["a9", "late"]
    assert await messages(logs, group=LogGroupId("none")) == []
    assert await messages(logs, streams=(LogStreamId("none"),)) == []


async def test_start_is_within_and_end_is_not(logs):
    await logs.append([batch(A, (1, "1"), (2, "2"), (3, "3"))], NOW)
    assert await messages(logs, start=2, end=3) == ["2"]
    assert await messages(logs, start=2, end=3, descending=True) == ["2"]
    assert await messages(logs, start=3, end=2) == []


@pytest.mark.parametrize("streams", [None, (A,), (A, B)])
@pytest.mark.parametrize("descending", [False, True])
async def test_pages_have_each_event_once(logs, streams, descending):
    await logs.append([batch(A, *((n // 3, str(n)) for n in range(20)))], NOW)
    seen, beyond, more = [], None, True
    while more:
        events, more = await logs.read(question(streams=streams, beyond=beyond, limit=7, descending=descending))
        seen += [event.message for event in events]
        beyond = events[-1].place
    assert seen == [str(n) for n in (reversed(range(20)) if descending else range(20))]


async def test_a_page_ends_when_it_is_full_of_bytes(logs):
    await logs.append([batch(A, *((n, "x" * (PAGE_BYTES // 2)) for n in range(3)))], NOW)
    events, more = await logs.read(question())
    assert (len(events), more) == (2, True)


async def test_any_text_is_read_back_unchanged(logs):
    text = "\0 \x1b[2J \n é 舫 \N{ANCHOR}"
    await logs.append([batch(A, (1, text))], NOW)
    assert await messages(logs) == [text]


async def test_streams_have_times_and_sizes(logs):
    await logs.append([batch(A, (7, "é"), (9, "")), batch(B)], NOW)
    assert await logs.times([A, B, LogStreamId("none")]) == {A: StreamTimes(7, 9, 100500)}
    assert await logs.sizes([GROUP, OTHER]) == {GROUP: 2 + 2 * 26}


async def test_positions_come_with_the_events(logs):
    await logs.append([batch(A, (1, "1"), position=SourcePosition("task/app", 10))], NOW)
    await logs.append(
        [batch(A, (2, "2"), position=SourcePosition("task/app", 20)), batch(B, position=SourcePosition("t/b", 3))], NOW
    )
    assert await logs.positions() == {"task/app": 20, "t/b": 3}


async def test_trim_removes_older_events(logs):
    await logs.append(
        [batch(A, (1, "1"), (2, "2")), batch(B, (3, "3")), batch(LogStreamId("c"), (1, "o"), group=OTHER)], NOW
    )
    await logs.trim(GROUP, 2)
    await logs.trim(GROUP, 2)
    assert await messages(logs) == ["2", "3"]
    assert await messages(logs, group=OTHER) == ["o"]
    assert await logs.sizes([GROUP]) == {GROUP: 2 * 27}
    assert (await logs.times([A]))[A].first == 2


async def test_forgotten_streams_are_empty_and_can_be_written_again(logs):
    await logs.append([batch(A, (1, "1"), position=SourcePosition("s", 1)), batch(B, (1, "b"))], NOW)
    await logs.forget([A, LogStreamId("none")], ["s"])
    assert (await messages(logs), await logs.positions(), set(await logs.streams())) == (["b"], {}, {B})
    await logs.append([batch(A, (1, "again"))], NOW)
    assert await messages(logs, streams=(A,)) == ["again"]


async def test_concurrent_appends_are_all_stored(logs):
    await asyncio.gather(*(logs.append([batch(A, (n, str(n)))], NOW) for n in range(50)))
    assert await messages(logs) == [str(n) for n in range(50)]


async def test_page_tokens_stay_valid_after_trimming(logs):
    await logs.append([batch(A, (1, "1"), (2, "2"))], NOW)
    place = (await logs.read(question())).events[-1].place
    await logs.trim(GROUP, 2)
    await logs.append([batch(A, (2, "3"))], NOW)
    assert await messages(logs, beyond=place) == ["3"]
    assert isinstance(place, EventPosition)


async def test_a_closed_store_refuses(logs):
    await logs.close()
    await logs.close()
    with pytest.raises(LogStoreFault):
        await logs.append([batch(A, (1, "1"))], NOW)
