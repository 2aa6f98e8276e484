"""Samples the usage of tasks and the contents of clusters every ten seconds, for the utilization metrics of ``AWS/ECS``
and for Container Insights.

Promise: a minute has one sample for each task, its average, so ``SampleCount`` over a minute is the number of tasks.
Processor utilization is known from a task's second reading on. A task whose usage can't be read, because it is just
starting or stopping, has no sample.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_utilization.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import Final, NoReturn

from moyai.domain.cloudwatch.metric import MetricId, metric_id
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.fargate import cpu_units, memory_mib
from moyai.domain.ecs.task import Task
from moyai.domain.keys import scope_of
from moyai.domain.world import World
from moyai.kernel.clock import Clock, Instant, Seconds
from moyai.kernel.ids import ProxyId, TaskId
from moyai.kernel.scope import Scope
from moyai.plan.placement.resources import remaining_resources
from moyai.ports.runtime import RuntimeFault, TaskRuntime
from moyai.ports.store import Store
from moyai.telemetry.container_insights.metrics import (
    CPU_UNITS,
    MetricPoint,
    Reservation,
    UsageReading,
    cluster_points,
    task_points,
    usage_growth,
)
from moyai.telemetry.reporters.connect_metrics import AWS_NAMESPACE
from moyai.telemetry.series.accumulators import Sample
from moyai.telemetry.series.head import MetricHead
from moyai.telemetry.values import SampleKind

SAMPLE_INTERVAL: Final = 10
"""Seconds between two readings. They are made in the middle of periods of ten seconds, so that each period has one."""
_MEBIBYTE: Final = 2**20
_log = logging.getLogger(__name__)


class UsageSampler:
    """Writes the metrics of tasks and clusters to their series. ``run`` it once."""

    def __init__(self, store: Store, runtime: TaskRuntime, clock: Clock, head: MetricHead) -> None:
        self._store, self._runtime, self._clock, self._head = store, runtime, clock, head
        self._readings: dict[TaskId, UsageReading] = {}
        """The last reading of each task."""

    async def run(self) -> NoReturn:
        """Sample every SAMPLE_INTERVAL seconds, until cancelled."""
        while True:
            until_middle = (SAMPLE_INTERVAL / 2 - self._clock.now()) % SAMPLE_INTERVAL
            await self._clock.sleep(Seconds(until_middle or SAMPLE_INTERVAL))
            await self.sample()

    async def sample(self) -> None:
        """Read the usage of every task once, and count the contents of every cluster."""
        readings: dict[TaskId, UsageReading] = {}
        for task in self._store.world.tasks.by("alive", "yes"):
            try:
                usage = await self._runtime.usage(task.id)
                network = await self._runtime.network_usage(task.id) if usage else None
            except RuntimeFault as fault:
                _log.debug("no usage of %s: %s", task.id, fault)
                continue
            if usage:
                reading = readings[task.id] = UsageReading(self._clock.now(), usage, network)
                self._write_task(task, self._readings.get(task.id), reading)
        self._readings = readings
        world, now = self._store.world, self._clock.now()
        for cluster in world.clusters:
            for points in (_reservation_points(world, cluster), cluster_points(world, cluster)):
                self._write(scope_of(cluster.arn), points, now)

    def _write_task(self, task: Task, before: UsageReading | None, now: UsageReading) -> None:
        world = self._store.world
        reservation = reservation_of(world, task)
        utilization_points = (
            MetricPoint(metric, "Percent", SampleKind.MEAN, percent, task.arn)
            for name, percent in utilization(reservation, before, now)
            for metric in _utilization_metrics(task, name)
        )
        for points in (utilization_points, task_points(world, task, reservation, before, now)):
            self._write(scope_of(task.arn), points, now.at)

    def _write(self, scope: Scope, points: Iterable[MetricPoint], at: Instant) -> None:
        for metric, unit, kind, value, sample in points:
            self._head.series(scope, metric, kind, unit).add(at, Sample({ProxyId(sample): value}))


def utilization(
    reservation: Reservation, before: UsageReading | None, now: UsageReading
) -> Iterator[tuple[str, float]]:
    """The utilization metrics in percent. There is no processor utilization at the first reading."""
    if reservation.memory:
        memory = sum(usage.memory_bytes for usage in now.by_container.values())
        yield "MemoryUtilization", 100 * memory / reservation.memory
    if before is None or now.at <= before.at or not reservation.cpus:
        return
    cpu_seconds = usage_growth(before, now, lambda usage: usage.cpu_seconds)
    yield "CPUUtilization", 100 * cpu_seconds / (now.at - before.at) / reservation.cpus


def reservation_of(world: World, task: Task) -> Reservation:
    """The reservation of a task; the sum of its containers' reservations if the task itself has none."""
    definition = world.task_definitions.get(task.task_definition)
    containers = () if definition is None else definition.container_definitions
    units = cpu_units(task.cpu) if task.cpu else sum(container.cpu for container in containers)
    mebibytes = (
        memory_mib(task.memory)
        if task.memory
        else sum(container.memory_reservation or container.memory or 0 for container in containers)
    )
    return Reservation((units or 0) / CPU_UNITS, (mebibytes or 0) * _MEBIBYTE)


def _utilization_metrics(task: Task, name: str) -> Iterator[MetricId]:
    cluster = ("ClusterName", task.cluster.rpartition("/")[2])
    yield metric_id(AWS_NAMESPACE, name, [cluster])
    if task.service is not None:
        yield metric_id(AWS_NAMESPACE, name, [cluster, ("ServiceName", task.service.rpartition("/")[2])])


def _reservation_points(world: World, cluster: Cluster) -> Iterator[MetricPoint]:
    """The percentages of the container instances' resources that tasks have reserved; nothing without instances."""
    instances = [instance for instance in world.container_instances.by("cluster", cluster.arn) if not instance.gone]
    remaining = [remaining_resources(world, instance) for instance in instances]
    for name, total, free in (
        (
            "CPUReservation",
            sum(instance.resources.cpu for instance in instances),
            sum(resources.cpu for resources in remaining),
        ),
        (
            "MemoryReservation",
            sum(instance.resources.memory for instance in instances),
            sum(resources.memory for resources in remaining),
        ),
    ):
        if total:
            metric = metric_id(AWS_NAMESPACE, name, [("ClusterName", cluster.name)])
            percent = 100 * (total - free) / total
            yield MetricPoint(metric, "Percent", SampleKind.MEAN, percent, cluster.arn)
