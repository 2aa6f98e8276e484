"""The metrics of ``ECS/ContainerInsights`` for the clusters whose setting enables them. Pure.

Promise: ``enabled`` has the usage of tasks by cluster, by cluster and service, and by cluster and family; the number of
tasks by cluster and service; and the number of services by cluster. ``enhanced`` adds metrics of each task and each
container; ``disabled`` has no metrics. A sample is the mean of one task (or container) over the slot, so ``Sum`` is the
usage of all tasks; a sample of bytes read or written is their number in the slot. Rates are computed from two readings,
so a new task has no rates before its second reading.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from operator import attrgetter
from typing import Final, NamedTuple

from moyai.domain.cloudwatch.metric import MetricId, metric_id
from moyai.domain.ecs.cluster import Cluster, ClusterStatus
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.ecs.task import Task, TaskStatus
from moyai.domain.sandbox.state import NetworkUsage, Usage
from moyai.domain.world import World
from moyai.kernel.clock import Instant
from moyai.telemetry.values import SampleKind

NAMESPACE: Final = "ECS/ContainerInsights"
_SETTING: Final = "containerInsights"
_MEGABYTE: Final = 2**20
CPU_UNITS: Final = 1024
"""The CPU units of one processor."""
_FARGATE_DISK: Final = 20
"""GiB of a Fargate task's storage when its definition does not specify a size."""
_GIB_IN_GB: Final = 2**30 / 10**9
_PENDING: Final = frozenset({TaskStatus.PROVISIONING, TaskStatus.PENDING, TaskStatus.ACTIVATING})

Dimensions = tuple[tuple[str, str], ...]


class UsageReading(NamedTuple):
    """The usage of a task's containers up to ``at``. ``network``: the traffic of the task's own network; None if it has
    no network of its own.
    """

    at: Instant
    by_container: Mapping[str, Usage]
    network: NetworkUsage | None = None


class Reservation(NamedTuple):
    """The number of processors and the bytes of memory that a task has reserved; 0 without a reservation."""

    cpus: float
    memory: float


class MetricPoint(NamedTuple):
    """A value of a metric. All values with the same ``sample`` become one sample of a slot: their mean or their sum."""

    metric: MetricId
    unit: str
    kind: SampleKind
    value: float
    sample: str


class _Measurement(NamedTuple):
    name: str
    unit: str
    value: float
    kind: SampleKind = SampleKind.MEAN


def insights_level(cluster: Cluster | None) -> str:
    """The cluster's setting: ``enabled``, ``enhanced`` or ``disabled``."""
    settings = () if cluster is None else cluster.settings
    return next((setting.value for setting in settings if setting.name == _SETTING), "disabled")


def task_points(
    world: World, task: Task, reservation: Reservation, before: UsageReading | None, now: UsageReading
) -> Iterator[MetricPoint]:
    """The metrics of a task and its containers, from two readings of their usage; at the first, ``before`` is None."""
    level = insights_level(world.clusters.get(task.cluster))
    if level not in {"enabled", "enhanced"}:
        return
    is_enhanced = level == "enhanced"
    dimension_sets = _task_dimensions(world, task, with_task=is_enhanced)
    for measurement in _task_measurements(world, task, reservation, before, now):
        for dimensions in dimension_sets:
            yield _point(measurement, dimensions, task.arn)
    for name in now.by_container if is_enhanced else ():
        for measurement in _container_measurements(name, before, now):
            yield _point(measurement, (*dimension_sets[-1], ("ContainerName", name)), f"{task.arn}/{name}")


def cluster_points(world: World, cluster: Cluster) -> Iterator[MetricPoint]:
    """The metrics of a cluster and of its services: how many tasks, instances and deployments there are."""
    if insights_level(cluster) not in {"enabled", "enhanced"} or cluster.status is ClusterStatus.INACTIVE:
        return
    dimensions = (("ClusterName", cluster.name),)
    services = [
        service for service in world.services.by("cluster", cluster.arn) if service.status is ServiceStatus.ACTIVE
    ]
    tasks = [task for task in world.tasks.by("cluster", cluster.arn) if not task.stopped]
    instances = [instance for instance in world.container_instances.by("cluster", cluster.arn) if not instance.gone]
    for name, count in (
        ("ServiceCount", len(services)),
        ("TaskCount", sum(task.last_status is TaskStatus.RUNNING for task in tasks)),
        ("ContainerInstanceCount", len(instances)),
    ):
        yield _point(_Measurement(name, "Count", count), dimensions, cluster.arn)
    for service in services:
        for measurement in _service_measurements(world, service):
            yield _point(measurement, (*dimensions, ("ServiceName", service.name)), service.arn)


def _service_measurements(world: World, service: Service) -> Iterator[_Measurement]:
    statuses = [task.last_status for task in world.tasks.by("service", service.arn)]
    yield _Measurement("DesiredTaskCount", "Count", service.desired_count)
    yield _Measurement("RunningTaskCount", "Count", statuses.count(TaskStatus.RUNNING))
    yield _Measurement("PendingTaskCount", "Count", sum(status in _PENDING for status in statuses))
    task_sets = len(service.deployments) if service.is_external else 0
    yield _Measurement("DeploymentCount", "Count", len(service.deployments) - task_sets)
    yield _Measurement("TaskSetCount", "Count", task_sets)


def _task_measurements(
    world: World, task: Task, reservation: Reservation, before: UsageReading | None, now: UsageReading
) -> Iterator[_Measurement]:
    memory = sum(usage.memory_bytes for usage in now.by_container.values())
    yield _Measurement("CpuReserved", "None", reservation.cpus * CPU_UNITS)
    yield _Measurement("MemoryReserved", "Megabytes", reservation.memory / _MEGABYTE)
    yield _Measurement("MemoryUtilized", "Megabytes", memory / _MEGABYTE)
    if task.launch_type == "FARGATE":
        definition = world.task_definitions.get(task.task_definition)
        storage = task.overrides.ephemeral_storage or (definition.ephemeral_storage if definition else None)
        size = _FARGATE_DISK if storage is None else storage.size_in_gi_b
        yield _Measurement("EphemeralStorageReserved", "Gigabytes", size * _GIB_IN_GB)
    if before is None or now.at <= before.at:
        return
    seconds = now.at - before.at
    cpu_seconds = usage_growth(before, now, attrgetter("cpu_seconds"))
    yield _Measurement("CpuUtilized", "None", CPU_UNITS * cpu_seconds / seconds)
    for name, of_usage in (
        ("StorageReadBytes", attrgetter("read_bytes")),
        ("StorageWriteBytes", attrgetter("written_bytes")),
    ):
        yield _Measurement(name, "Bytes", usage_growth(before, now, of_usage), SampleKind.COUNT)
    if before.network is not None and now.network is not None:
        for name, total, total_before in (
            ("NetworkRxBytes", now.network.received, before.network.received),
            ("NetworkTxBytes", now.network.sent, before.network.sent),
        ):
            yield _Measurement(name, "Bytes/Second", _growth(total, total_before) / seconds)


def _container_measurements(name: str, before: UsageReading | None, now: UsageReading) -> Iterator[_Measurement]:
    usage = now.by_container[name]
    yield _Measurement("ContainerMemoryUtilized", "Megabytes", usage.memory_bytes / _MEGABYTE)
    if before is not None and now.at > before.at:
        of_container = UsageReading(now.at, {name: usage})
        cpus = usage_growth(before, of_container, attrgetter("cpu_seconds")) / (now.at - before.at)
        yield _Measurement("ContainerCpuUtilized", "None", CPU_UNITS * cpus)


def usage_growth(before: UsageReading, now: UsageReading, of_usage: Callable[[Usage], float]) -> float:
    """How much a total has grown between two readings, in all containers; a new container's has grown from 0."""
    growth = 0.0
    for name, usage in now.by_container.items():
        usage_before = before.by_container.get(name)
        growth += _growth(of_usage(usage), 0.0 if usage_before is None else of_usage(usage_before))
    return growth


def _growth(total: float, total_before: float) -> float:
    """How much a total has grown. A total that went down has restarted from 0."""
    return total - total_before if total >= total_before else total


def _task_dimensions(world: World, task: Task, *, with_task: bool) -> list[Dimensions]:
    """The sets of dimensions of a task's metrics. ``with_task`` adds a last set for the task alone."""
    cluster = ("ClusterName", task.cluster.rpartition("/")[2])
    definition = world.task_definitions.get(task.task_definition)
    family = definition.family if definition is not None else task.task_definition.rpartition("/")[2].partition(":")[0]
    dimension_sets: list[Dimensions] = [(cluster,), (cluster, ("TaskDefinitionFamily", family))]
    if task.service is not None:
        dimension_sets.append((cluster, ("ServiceName", task.service.rpartition("/")[2])))
    if with_task:
        dimension_sets.append((*dimension_sets[-1], ("TaskId", task.id)))
    return dimension_sets


def _point(measurement: _Measurement, dimensions: Dimensions, sample: str) -> MetricPoint:
    name, unit, value, kind = measurement
    return MetricPoint(metric_id(NAMESPACE, name, dimensions), unit, kind, value, sample)
