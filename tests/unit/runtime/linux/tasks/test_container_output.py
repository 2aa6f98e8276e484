"""The readers of the host's proxy's output: one thread divides it for all of them, and a read has all that there is."""

from __future__ import annotations

import asyncio
import threading

import pytest

from moyai.domain.sandbox.host_proxy import HOST_PROXY_NAME, HOST_SANDBOX
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.shim.output import OutputLog
from moyai.runtime.linux.tasks import shared_output
from moyai.runtime.linux.tasks.container_output import OutputReader
from moyai.runtime.linux.tasks.shared_output import SharedOutput
from moyai.testing.clock import ManualClock

TASK = TaskId("1" * 32)
NAME = "ecs-service-connect-abcde"
READERS = 40


@pytest.fixture
def paths(tmp_path):
    paths = RuntimePaths(tmp_path)
    paths.log(HOST_SANDBOX, HOST_PROXY_NAME).mkdir(parents=True)
    shared_output.create(paths, TASK, NAME)
    return paths


def write(paths, *lines):
    log = OutputLog(str(paths.log(HOST_SANDBOX, HOST_PROXY_NAME)), minimum_bytes=64 * 1024 * 1024)
    log.append("stdout", [line.encode() for line in lines])
    log.close()


async def state_of(_task):
    return None


def reader_of(paths):
    return OutputReader(paths, ManualClock(), state_of)


async def test_a_read_has_all_lines_after_a_backlog(paths):
    for _ in range(20):
        write(paths, *[f"{TaskId('2' * 32)} {'x' * 10_000}"] * 100)
    write(paths, f"{TASK} last")
    assert [line.text async for line in reader_of(paths).lines(TASK, NAME, follow=False)][1:] == ["last"]


async def test_an_incomplete_line_is_not_waited_for(paths):
    write(paths, f"{TASK} first")
    with (paths.log(HOST_SANDBOX, HOST_PROXY_NAME) / "current.log").open("ab") as file:
        file.write(b'{"at":1')
    assert [line.text async for line in reader_of(paths).lines(TASK, NAME, follow=False)][1:] == ["first"]


async def test_readers_wait_for_one_division_and_hold_no_threads(paths, monkeypatch):
    write(paths, f"{TASK} line")
    may_go_on, threads = threading.Event(), []
    divide = SharedOutput.divide

    def divide_later(self):
        threads.append(threading.get_ident())
        may_go_on.wait()
        return divide(self)

    monkeypatch.setattr(SharedOutput, "divide", divide_later)
    reader = reader_of(paths)
    reads = [asyncio.create_task(reader.read(TASK, NAME, 0)) for _ in range(READERS)]
    try:
        await asyncio.to_thread(lambda: None)  # a thread is free
        assert len(threads) <= 1
    finally:
        may_go_on.set()
    outputs = await asyncio.gather(*reads)
    assert [[line.text for line in output.lines[1:]] for output in outputs] == [["line"]] * READERS
    assert len(threads) == 1
