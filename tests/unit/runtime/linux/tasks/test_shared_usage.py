"""What a shared proxy uses, divided among its tasks."""

from __future__ import annotations

from pathlib import Path

import pytest

from moyai.domain.sandbox.state import Usage
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.cgroups.groups import Cgroups
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.tasks.shared_usage import ABSENCE, REQUEST_BYTES, ProxyTraffic, SharedUsage, parse_traffic
from moyai.testing.clock import ManualClock

BUSY, IDLE_TASK, NEW = (TaskId(digit * 32) for digit in "abc")
STATISTICS = f"""\
http.{BUSY}.egress.web.downstream_rq_completed: 40
http.{BUSY}.egress.web.downstream_cx_total: 2
http.{BUSY}.egress.web.downstream_cx_active: 1
cluster.{BUSY}.egress.web.upstream_cx_rx_bytes_total: {REQUEST_BYTES * 3}
cluster.{BUSY}.egress.web.upstream_cx_active: 3
listener.{IDLE_TASK}.local.ingress.web.downstream_cx_active: 0
server.live: 1
http.{IDLE_TASK}.egress.web.downstream_rq_time: P0(nan,1)
"""


def shared_usage(clock: ManualClock | None = None) -> SharedUsage:
    return SharedUsage(RuntimePaths(Path("/nowhere")), Cgroups("none", lambda: ()), clock or ManualClock())


def test_the_traffic_of_each_task_is_counted():
    assert parse_traffic(STATISTICS) == {BUSY: ProxyTraffic(45, 4), IDLE_TASK: ProxyTraffic(0, 0)}


async def test_processor_time_is_divided_by_traffic_and_memory_by_connections():
    usage = shared_usage()
    usage.record(Usage(10, 1000), {BUSY: ProxyTraffic(5), IDLE_TASK: ProxyTraffic()})
    usage.record(Usage(20, 3000), {BUSY: ProxyTraffic(13, 8), IDLE_TASK: ProxyTraffic()})
    busy, idle = usage.parts[BUSY], usage.parts[IDLE_TASK]
    assert (busy.cpu_seconds, idle.cpu_seconds) == (9, 1)
    assert (busy.memory_bytes, idle.memory_bytes) == (2000, 1000)


async def test_a_proxy_that_has_started_again_counts_from_zero_and_its_tasks_go_on():
    usage = shared_usage()
    usage.record(Usage(10, 1000), {BUSY: ProxyTraffic(100)})
    usage.record(Usage(14, 1000), {BUSY: ProxyTraffic(200)})
    usage.record(Usage(3, 1000), {BUSY: ProxyTraffic(1), NEW: ProxyTraffic(1)})
    assert usage.parts[BUSY].cpu_seconds == pytest.approx(5.5)
    assert usage.parts[NEW].cpu_seconds == pytest.approx(1.5)


async def test_a_statistic_that_goes_is_no_work():
    usage = shared_usage()
    usage.record(Usage(10, 1000), {BUSY: ProxyTraffic(1000), NEW: ProxyTraffic(1)})
    usage.record(Usage(12, 1000), {BUSY: ProxyTraffic(900), NEW: ProxyTraffic(1)})
    assert usage.parts[BUSY].cpu_seconds == usage.parts[NEW].cpu_seconds == 1


async def test_a_task_that_has_left_has_no_part_after_a_while():
    clock = ManualClock()
    usage = shared_usage(clock)
    usage.record(Usage(10, 1000), {BUSY: ProxyTraffic(1), NEW: ProxyTraffic(1)})
    clock.jump(ABSENCE - 1)
    usage.record(Usage(11, 1000), {NEW: ProxyTraffic(1)})
    assert usage.parts.keys() == {BUSY, NEW}
    assert usage.parts[BUSY].memory_bytes == 0
    clock.jump(1)
    usage.record(Usage(12, 1000), {NEW: ProxyTraffic(1)})
    assert usage.parts.keys() == {NEW}
    clock.jump(ABSENCE)
    usage.record(Usage(13, 1000), {})
    assert not usage.parts


async def test_a_proxy_that_has_no_task_yet_after_its_start_takes_nothing_from_a_tasks_total():
    usage = shared_usage()
    usage.record(Usage(10, 1000), {BUSY: ProxyTraffic(100)})
    usage.record(Usage(14, 1000), {BUSY: ProxyTraffic(200)})
    usage.record(Usage(1, 1000), {})
    assert usage.parts[BUSY].cpu_seconds == 4
    usage.record(Usage(3, 1000), {BUSY: ProxyTraffic(5)})
    assert usage.parts[BUSY].cpu_seconds == 7


async def test_a_task_that_was_absent_from_one_reading_has_not_worked_meanwhile():
    usage = shared_usage()
    usage.record(Usage(10, 1000), {BUSY: ProxyTraffic(100), NEW: ProxyTraffic()})
    usage.record(Usage(11, 1000), {NEW: ProxyTraffic()})
    usage.record(Usage(13, 1000), {BUSY: ProxyTraffic(100), NEW: ProxyTraffic()})
    assert usage.parts[BUSY].cpu_seconds == 1


async def test_a_proxy_that_does_not_answer_has_no_parts():
    clock = ManualClock()
    usage = shared_usage(clock)
    usage.record(Usage(10, 1000), {BUSY: ProxyTraffic(1)})
    clock.jump(60)
    assert await usage.of(BUSY) is None
