"""A proxy's health check events: its output is read as it grows, whatever is in it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from moyai.kernel.ids import TaskId
from moyai.runtime.linux.shim import output
from moyai.runtime.linux.shim.output import OutputLog
from moyai.runtime.linux.tasks.health_events import HealthEvents
from moyai.testing.clock import ManualClock

TASK = TaskId("0" * 31 + "1")
HOST = ("web", "10.0.0.1", 80)


def event(status: int | None = None, *, healthy: bool = False) -> bytes:
    failure = {} if status is None else {"http_status_code": status}
    kind = {"add_healthy_event": {}} if healthy else {"health_check_failure_event": failure}
    address = {"socket_address": {"address": HOST[1], "port_value": HOST[2]}}
    return json.dumps({"cluster_name": HOST[0], "host": address, **kind}).encode()


class Watched:
    """A proxy's run directory, its output as its monitor writes it, and the notifications about it."""

    def __init__(self, folder: Path) -> None:
        self.run, self.logs = folder / "proxy", folder / "logs"
        self.run.mkdir()
        self.logs.mkdir()
        self.clock = ManualClock()
        self.notified: list[TaskId] = []
        self.events = HealthEvents(self.notified.append, self.clock)
        self.log = OutputLog(str(self.logs))

    async def statuses(self):
        return dict(await self.events.watch(TASK, self.run, self.logs))

    async def notification(self) -> None:
        """Wait for a notification; files are read by threads, for which the clock does not wait."""
        async with asyncio.timeout(60):
            while not self.notified:
                await self.clock.advance(0.5)
                await asyncio.sleep(0.001)

    def write(self, *lines: bytes, stream: str = "stdout") -> None:
        self.log.append(stream, list(lines))


@pytest.fixture
async def watch(tmp_path):
    watch = Watched(tmp_path)
    yield watch
    await watch.events.close()


async def test_the_last_failure_of_a_host_counts(watch):
    assert await watch.statuses() == {}
    watch.write(event(500), event(503))
    assert await watch.statuses() == {HOST: 503}
    watch.write(event(0))
    assert await watch.statuses() == {}


async def test_a_healthy_host_has_no_status(watch):
    watch.write(event(500))
    assert await watch.statuses() == {HOST: 500}
    watch.write(event(healthy=True))
    assert await watch.statuses() == {}


async def test_lines_that_are_no_events_are_skipped(watch):
    watch.write(b"\xff", b"[]", b"{}", b'{"host": {"pipe": {}}}', event(500))
    watch.write(event(503), stream="stderr")
    assert await watch.statuses() == {HOST: 500}


async def test_events_that_are_too_deep_or_have_too_long_names_are_skipped(watch):
    deep = b'{"unknown":' * 5_000 + b"1" + b"}" * 5_000
    long_name = json.dumps({"cluster_name": "w" * 2000, "host": {"socket_address": {"address": "10.0.0.2"}}}).encode()
    watch.write(deep, long_name, event(500))
    assert await watch.statuses() == {HOST: 500}


async def test_an_output_that_cannot_be_read_holds_up_no_other(watch, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    await watch.events.watch(TaskId("0" * 32), watch.run, other)
    await watch.statuses()
    (other / "current.log").mkdir()
    watch.write(event(500))
    await watch.notification()
    assert watch.notified == [TASK]


async def test_unread_output_is_bounded_to_the_latest_events(watch, monkeypatch):
    monkeypatch.setattr(output, "FILE_LIMIT", 10_000)
    watch.log = OutputLog(str(watch.logs))
    for _ in range(1000):
        watch.write(event(500))
    watch.write(event(503))
    assert sum(file.stat().st_size for file in watch.logs.iterdir()) < 25_000
    assert await watch.statuses() == {HOST: 503}


async def test_the_output_of_another_proxy_in_the_same_place_is_read_from_its_beginning(watch):
    watch.write(event(500), event(500))
    assert await watch.statuses() == {HOST: 500}
    (watch.logs / "current.log").unlink()
    watch.log = OutputLog(str(watch.logs))
    watch.write(event(503))
    assert await watch.statuses() == {HOST: 503}


async def test_a_change_is_notified_until_it_is_read(watch):
    await watch.statuses()
    await watch.clock.advance(1)
    assert watch.notified == []
    watch.write(event(500))
    await watch.notification()
    assert watch.notified == [TASK]
    await watch.statuses()
    await watch.clock.advance(5)
    assert watch.notified == [TASK]


async def test_a_proxy_that_is_gone_is_not_watched(watch):
    await watch.statuses()
    watch.run.rmdir()
    await watch.clock.advance(1)
    watch.run.mkdir()
    watch.write(event(500))
    await watch.clock.advance(5)
    assert watch.notified == []


async def test_other_output_is_not_notified(watch):
    await watch.statuses()
    watch.write(b'{"log":"request","code":200}')
    await watch.clock.advance(2)
    watch.write(event(500))
    await watch.notification()
    assert watch.notified == [TASK]
