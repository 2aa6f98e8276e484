"""Divides what a shared proxy uses among its tasks: its processor time by their traffic, its memory by their
connections.

Promise: the parts of all tasks together are what the proxy uses. A request weighs as much as a connection and as
REQUEST_BYTES; IDLE is added to each task's weight between two readings, because Envoy configures and reports it too.
Processor time is divided from the first reading on, so a task's total begins at 0 when the control plane starts.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Final, NamedTuple
from urllib.parse import quote

from moyai.domain.sandbox.host_proxy import HOST_PROXY_NAME, HOST_SANDBOX
from moyai.domain.sandbox.state import Usage
from moyai.kernel.clock import Clock, Instant
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.cgroups.groups import Cgroups
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.system_containers import envoy_admin

REQUEST_BYTES: Final = 256 * 1024
"""Bytes that take Envoy about as long as a request does."""
IDLE: Final = 1.0
"""The weight of a task without traffic, in requests."""
CONNECTION_MEMORY: Final = 1 / 8
"""The memory of a connection, relative to a task's configuration, which takes about a quarter of a mebibyte."""

ABSENCE: Final = 300.0
"""Seconds after which a task that the proxy no longer serves has no part: a proxy that has just started does not serve
its tasks yet.
"""

_FRESH: Final = 5.0
"""Seconds for which a reading is used."""
_TIMEOUT: Final = 1.0
_MAX_BYTES: Final = 32 * 1024 * 1024
_NAMES: Final = (
    r"^(http|tcp|cluster|listener)\.[0-9a-f]{32}\."
    "(.*_(rq_completed|rq_total|cx_total|cx_rx_bytes_total)|((http|listener).*downstream|cluster.*upstream)_cx_active)$"
)
_SCOPE: Final = re.compile(r"[a-z]+\.([0-9a-f]{32})\.")


class ProxyTraffic(NamedTuple):
    """A task's traffic at the proxy. ``work``: its total so far, in requests; ``connections``: those that are open."""

    work: float = 0
    connections: int = 0


def parse_traffic(text: str) -> dict[TaskId, ProxyTraffic]:
    """The traffic of each task, from the proxy's statistics."""
    by_task: dict[TaskId, ProxyTraffic] = {}
    for line in text.splitlines():
        name, _, value = line.partition(": ")
        scope = _SCOPE.match(name)
        if scope is None or not value.isdecimal():
            continue
        task = TaskId(scope[1])
        work, connections = by_task.get(task, ProxyTraffic())
        if name.endswith("_active"):
            connections += int(value)
        else:
            work += int(value) / (REQUEST_BYTES if name.endswith("_bytes_total") else 1)
        by_task[task] = ProxyTraffic(work, connections)
    return by_task


def divide(total: float, weights: Mapping[TaskId, float]) -> Iterator[tuple[TaskId, float]]:
    """Divide a total among tasks by their weights."""
    whole = sum(weights.values())
    return ((task, total * weight / whole) for task, weight in weights.items())


class SharedUsage:
    """The parts of tasks in the usage of this installation's shared proxy."""

    def __init__(self, paths: RuntimePaths, cgroups: Cgroups, clock: Clock) -> None:
        self._paths, self._cgroups, self._clock = paths, cgroups, clock
        self.parts: Mapping[TaskId, Usage] = {}
        """The usage of each task so far."""
        self._served_at: Mapping[TaskId, Instant] = {}
        """When a reading last had each task."""
        self._traffic: Mapping[TaskId, ProxyTraffic] = {}
        self._cpu_seconds: float | None = None
        """The processor time that the proxy had used at the last reading."""
        self._read_at: Instant | None = None
        self._has_answered = False
        """Whether the proxy answered when it was last read."""
        self._lock = asyncio.Lock()

    async def of(self, task: TaskId) -> Usage | None:
        """A task's part; None if the proxy has not served it for ABSENCE seconds, or does not answer."""
        async with self._lock:
            if self._read_at is None or not 0 <= self._clock.now() - self._read_at < _FRESH:
                self._has_answered = await self._read()
                self._read_at = self._clock.now()
        return self.parts.get(task) if self._has_answered else None

    async def _read(self) -> bool:
        """Divide the proxy's usage; returns whether it has answered."""
        usage = await asyncio.to_thread(self._cgroups.usage, f"{HOST_SANDBOX}/{HOST_PROXY_NAME}")
        connect = partial(envoy_admin.connect_to_socket, self._paths.proxy(HOST_SANDBOX))
        try:
            async with asyncio.timeout(_TIMEOUT):
                body = await envoy_admin.request(connect, "GET", f"/stats?filter={quote(_NAMES, safe='')}", _MAX_BYTES)
        except (OSError, TimeoutError, ValueError):
            return False
        if usage is None:
            return False
        self.record(usage, await asyncio.to_thread(lambda: parse_traffic(body.decode(errors="replace"))))
        return True

    def record(self, usage: Usage, traffic: Mapping[TaskId, ProxyTraffic]) -> None:
        """Divide what the proxy has used since the last reading with tasks. A restarted proxy counts from 0. A task's
        statistics can disappear with a cluster, so less traffic than before counts as none.
        """
        now = self._clock.now()
        served_at = {**self._served_at, **dict.fromkeys(traffic, now)}
        self._served_at = {task: at for task, at in served_at.items() if now - at < ABSENCE}
        absent = {task: Usage(part.cpu_seconds, 0) for task, part in self.parts.items() if task in self._served_at}
        if not traffic:
            self.parts = absent
            return
        before = usage.cpu_seconds if self._cpu_seconds is None else self._cpu_seconds
        has_restarted = usage.cpu_seconds < before
        earlier_traffic = {} if has_restarted else {t: n for t, n in self._traffic.items() if t in self._served_at}
        works = {task: new.work - earlier_traffic.get(task, ProxyTraffic()).work for task, new in traffic.items()}
        seconds = dict(
            divide(
                usage.cpu_seconds - (0 if has_restarted else before),
                {task: IDLE + max(work, 0) for task, work in works.items()},
            )
        )
        memory = divide(usage.memory_bytes, {t: 1 + CONNECTION_MEMORY * n.connections for t, n in traffic.items()})
        self.parts = absent | {task: self._add(task, seconds[task], share) for task, share in memory}
        self._traffic, self._cpu_seconds = {**earlier_traffic, **traffic}, usage.cpu_seconds

    def _add(self, task: TaskId, seconds: float, memory: float) -> Usage:
        before = self.parts.get(task)
        return Usage((0 if before is None else before.cpu_seconds) + seconds, round(memory))
