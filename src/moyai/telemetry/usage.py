"""What tasks use, looked at every ten seconds: ``CPUUtilization`` and ``MemoryUtilization`` of what they reserved, and
what Container Insights tells.

Promise: a task counts once in a minute, with its average, so that ``SampleCount`` over a minute is the number of
tasks. A task's processor time counts from the second look on. A task that is just coming or going has no figures.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_utilization.html
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import NoReturn

from moyai.domain.cloudwatch.metric import MetricId, metric_id
from moyai.domain.ecs.fargate import cpu_units, memory_mib
from moyai.domain.ecs.task import Task
from moyai.domain.keys import scope_of
from moyai.domain.world import World
from moyai.kernel.clock import Clock, Instant, Seconds
from moyai.kernel.ids import ProxyId, TaskId
from moyai.kernel.scope import Scope
from moyai.ports.runtime import RuntimeFault, TaskRuntime
from moyai.ports.store import Store
from moyai.telemetry.accumulate import Sample
from moyai.telemetry.archive import Archive
from moyai.telemetry.insights import Look, Point, Reserved, grown, of_cluster, of_task
from moyai.telemetry.names import AWS, Kind
from moyai.telemetry.reservation import reservation

EVERY = 10
"""Seconds between two looks; each is in the middle of its ten seconds, so that each period of ten has one."""
_UNITS = 1024
_MEBIBYTE = 2**20
_log = logging.getLogger(__name__)


class UsageSampler:
    """Looks at what tasks use. ``run`` it once."""

    def __init__(self, store: Store, runtime: TaskRuntime, clock: Clock, archive: Archive) -> None:
        self._store, self._runtime, self._clock, self._archive = store, runtime, clock, archive
        self._before: dict[TaskId, Look] = {}

    async def run(self) -> NoReturn:
        """Look until cancelled."""
        while True:
            now = self._clock.now()
            await self._clock.sleep(Seconds((EVERY / 2 - now) % EVERY or EVERY))
            await self.look()

    async def look(self) -> None:
        """Look at every task and every cluster once."""
        seen: dict[TaskId, Look] = {}
        for task in self._store.world.tasks.by("alive", "yes"):
            try:
                usage = await self._runtime.usage(task.id)
                network = await self._runtime.network_usage(task.id) if usage else None
            except RuntimeFault as fault:
                _log.debug("no usage of %s: %s", task.id, fault)
                continue
            if usage:
                seen[task.id] = Look(self._clock.now(), usage, network)
                self._take(task, self._before.get(task.id), seen[task.id])
        self._before = seen
        world, now = self._store.world, self._clock.now()
        for cluster in world.clusters:
            for points in (reservation(world, cluster), of_cluster(world, cluster)):
                self._keep(scope_of(cluster.arn), points, now)

    def _take(self, task: Task, before: Look | None, look: Look) -> None:
        world = self._store.world
        of = reserved(world, task)
        utilized = (
            Point(metric, "Percent", Kind.MEAN, value, task.arn)
            for name, value in figures(of, before, look)
            for metric in _metrics(task, name)
        )
        for points in (utilized, of_task(world, task, of, before, look)):
            self._keep(scope_of(task.arn), points, look.at)

    def _keep(self, scope: Scope, points: Iterable[Point], at: Instant) -> None:
        for point in points:
            series = self._archive.series(scope, point.metric, point.kind, point.unit)
            series.add(at, Sample({ProxyId(point.whose): point.value}))


def figures(of: Reserved, before: Look | None, look: Look) -> Iterator[tuple[str, float]]:
    """Each metric's value in percent; at the first look not the processor's. A new container counts from 0."""
    if of.memory:
        yield "MemoryUtilization", 100 * sum(one.memory_bytes for one in look.usage.values()) / of.memory
    if before is None or look.at <= before.at or not of.cpus:
        return
    used = grown(before, look, lambda one: one.cpu_seconds)
    yield "CPUUtilization", 100 * used / (look.at - before.at) / of.cpus


def reserved(world: World, task: Task) -> Reserved:
    """What the task reserved, or its containers where it says nothing itself."""
    definition = world.task_definitions.get(task.task_definition)
    containers = () if definition is None else definition.container_definitions
    units = cpu_units(task.cpu) if task.cpu else sum(one.cpu for one in containers)
    mib = (
        memory_mib(task.memory) if task.memory else sum(one.memory_reservation or one.memory or 0 for one in containers)
    )
    return Reserved((units or 0) / _UNITS, (mib or 0) * _MEBIBYTE)


def _metrics(task: Task, name: str) -> Iterator[MetricId]:
    cluster = ("ClusterName", task.cluster.rpartition("/")[2])
    yield metric_id(AWS, name, [cluster])
    if task.service is not None:
        yield metric_id(AWS, name, [cluster, ("ServiceName", task.service.rpartition("/")[2])])
