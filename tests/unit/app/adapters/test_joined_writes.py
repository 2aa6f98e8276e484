"""Two successive writes leave as one, and every byte in its order."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.app.adapters.joined_writes import JoinedWrites

LARGE = 64 * 1024 + 1


class Recorder(asyncio.Transport):
    """A transport that records what is done to it."""

    def __init__(self):
        super().__init__()
        self.sent = []
        self.ended = ""

    def write(self, data):
        assert not self.ended
        self.sent.append(bytes(data))

    def close(self):
        self.ended = "closed"

    def abort(self):
        self.ended = "aborted"


@pytest.fixture
async def recorder():
    return Recorder()


@pytest.fixture
async def transport(recorder):
    return JoinedWrites(recorder, asyncio.get_running_loop())


async def test_a_head_and_its_body_are_one_write(transport, recorder):
    transport.write(b"head ")
    transport.write(b"body")
    assert recorder.sent == [b"head body"]
    await asyncio.sleep(0)
    assert recorder.sent == [b"head body"]


async def test_a_single_write_leaves_in_the_next_iteration(transport, recorder):
    transport.write(b"head")
    assert recorder.sent == []
    await asyncio.sleep(0)
    assert recorder.sent == [b"head"]


async def test_a_large_body_is_not_copied(transport, recorder):
    transport.write(b"head")
    transport.write(b"x" * LARGE)
    assert [len(data) for data in recorder.sent] == [4, LARGE]


async def test_closing_sends_and_aborting_drops_a_single_write(transport, recorder):
    transport.write(b"last")
    transport.close()
    assert (recorder.sent, recorder.ended) == ([b"last"], "closed")
    other = Recorder()
    aborted = JoinedWrites(other, asyncio.get_running_loop())
    aborted.write(b"last")
    aborted.abort()
    await asyncio.sleep(0)
    assert (other.sent, other.ended) == ([], "aborted")


@given(st.lists(st.one_of(st.none(), st.binary(max_size=5), st.just(b"x" * LARGE))))
def test_every_byte_arrives_in_its_order(steps):
    """A step writes bytes, or (None) ends an iteration of the event loop."""
    recorder = Recorder()

    async def write() -> None:
        transport = JoinedWrites(recorder, asyncio.get_running_loop())
        for step in steps:
            if step is None:
                await asyncio.sleep(0)
            else:
                transport.write(step)
        transport.close()
        await asyncio.sleep(0)

    asyncio.run(write())
    assert b"".join(recorder.sent) == b"".join(step for step in steps if step)
    assert all(recorder.sent)
