"""The file of a proxy's health check events: it is read as it grows, within limits, whatever is in it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from moyai.domain.elb.front import HEALTH_EVENTS
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.system_containers import health_events
from moyai.runtime.linux.system_containers.health_events import HealthEvents
from moyai.testing.clock import ManualClock

TASK = TaskId("0" * 31 + "1")
HOST = ("web", "10.0.0.1", 80)


def event(status: int | None = None, *, healthy: bool = False) -> bytes:
    failure = {} if status is None else {"http_status_code": status}
    kind = {"add_healthy_event": {}} if healthy else {"health_check_failure_event": failure}
    address = {"socket_address": {"address": HOST[1], "port_value": HOST[2]}}
    return json.dumps({"cluster_name": HOST[0], "host": address, **kind}).encode() + b"\n"


class Watched:
    """A proxy's run directory, and the notifications about it."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self.file = run / Path(HEALTH_EVENTS).name
        self.clock = ManualClock()
        self.notified: list[TaskId] = []
        self.events = HealthEvents(self.notified.append, self.clock)

    async def statuses(self):
        return dict(await self.events.watch(TASK, self.run))

    def write(self, *lines: bytes) -> None:
        with self.file.open("ab") as file:
            file.write(b"".join(lines))


@pytest.fixture
async def watch(tmp_path):
    run = tmp_path / "proxy"
    run.mkdir()
    watch = Watched(run)
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


async def test_an_event_may_come_in_parts(watch):
    line = event(500)
    watch.write(line[:20])
    assert await watch.statuses() == {}
    watch.write(line[20:])
    assert await watch.statuses() == {HOST: 500}


async def test_lines_that_are_no_events_are_skipped(watch):
    watch.write(b"\xff\n", b"[]\n", b"{}\n", b'{"host": {"pipe": {}}}\n', event(500))
    assert await watch.statuses() == {HOST: 500}


async def test_a_large_file_is_emptied(watch, monkeypatch):
    monkeypatch.setattr(health_events, "_MAX_BYTES", 1000)
    watch.write(*[event(500)] * 20)
    for _ in range(5):
        await watch.statuses()
    assert watch.file.stat().st_size == 0
    watch.write(event(503))
    assert await watch.statuses() == {HOST: 503}


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/etc/passwd"), os.mkdir])
async def test_only_a_file_is_read(watch, make):
    make(watch.file)
    assert await watch.statuses() == {}


async def test_a_change_is_notified_until_it_is_read(watch):
    await watch.statuses()
    await watch.clock.advance(1)
    assert watch.notified == []
    watch.write(event(500))
    await watch.clock.advance(0.5)
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
