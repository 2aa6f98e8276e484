"""``ECS/ContainerInsights``: what tasks use and what clusters hold, for clusters whose setting asks for it. Pure.

Promise: with ``enabled``, figures of tasks by cluster, by cluster and service, and by cluster and family; counts of
services by cluster and service, of clusters by cluster. ``enhanced`` adds each task and each container by itself;
``disabled`` has nothing. A sample is one task's (or container's) mean over the slot, so Sum is that of all tasks; of
bytes read and written it is what the task did in the slot. A rate needs two looks: a new task has none at the first.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, NamedTuple

from moyai.domain.cloudwatch.metric import MetricId, metric_id
from moyai.domain.ecs.cluster import Cluster, ClusterStatus
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.ecs.task import Task, TaskStatus
from moyai.domain.sandbox.state import NetworkUsage, Usage
from moyai.domain.world import World
from moyai.kernel.clock import Instant
from moyai.telemetry.names import Kind

NAMESPACE: Final = "ECS/ContainerInsights"
SETTING: Final = "containerInsights"
_MEGABYTE: Final = 2**20
_UNITS: Final = 1024
_FARGATE_DISK: Final = 20
"""GiB that a Fargate task has when it says nothing."""
_GIB_IN_GB: Final = 2**30 / 10**9
_PENDING: Final = frozenset({TaskStatus.PROVISIONING, TaskStatus.PENDING, TaskStatus.ACTIVATING})

Dimensions = tuple[tuple[str, str], ...]


class Look(NamedTuple):
    """A task's figures at one moment: by container, and of its network where it has one."""

    at: Instant
    usage: Mapping[str, Usage]
    network: NetworkUsage | None = None


class Reserved(NamedTuple):
    """What a task reserved: processors and bytes; 0 when nothing is."""

    cpus: float
    memory: float


class Point(NamedTuple):
    """A value of a metric; ``whose`` tells the samples of a slot apart."""

    metric: MetricId
    unit: str
    kind: Kind
    value: float
    whose: str


class _Figure(NamedTuple):
    name: str
    unit: str
    value: float
    kind: Kind = Kind.MEAN


def level(cluster: Cluster | None) -> str:
    """``enabled``, ``enhanced`` or ``disabled``."""
    settings = () if cluster is None else cluster.settings
    return next((one.value for one in settings if one.name == SETTING), "disabled")


def of_task(world: World, task: Task, of: Reserved, before: Look | None, look: Look) -> Iterator[Point]:
    """The points of one look at a task."""
    asked = level(world.clusters.get(task.cluster))
    if asked not in {"enabled", "enhanced"}:
        return
    enhanced = asked == "enhanced"
    for figure in _of_task(world, task, of, before, look):
        for dimensions in _families(world, task, enhanced=enhanced):
            yield _point(figure, dimensions, task.arn)
    for name in look.usage if enhanced else ():
        for figure in _of_container(name, before, look):
            for dimensions in _families(world, task, enhanced=True)[-1:]:
                yield _point(figure, (*dimensions, ("ContainerName", name)), f"{task.arn}/{name}")


def of_cluster(world: World, cluster: Cluster) -> Iterator[Point]:
    """How much there is in a cluster, and in each of its services."""
    if level(cluster) not in {"enabled", "enhanced"} or cluster.status is ClusterStatus.INACTIVE:
        return
    here = (("ClusterName", cluster.name),)
    services = [one for one in world.services.by("cluster", cluster.arn) if one.status is ServiceStatus.ACTIVE]
    tasks = [one for one in world.tasks.by("cluster", cluster.arn) if not one.stopped]
    instances = [one for one in world.container_instances.by("cluster", cluster.arn) if not one.gone]
    for name, count in (
        ("ServiceCount", len(services)),
        ("TaskCount", sum(one.last_status is TaskStatus.RUNNING for one in tasks)),
        ("ContainerInstanceCount", len(instances)),
    ):
        yield _point(_Figure(name, "Count", count), here, cluster.arn)
    for service in services:
        for figure in _of_service(world, service):
            yield _point(figure, (*here, ("ServiceName", service.name)), service.arn)


def _of_service(world: World, service: Service) -> Iterator[_Figure]:
    statuses = [one.last_status for one in world.tasks.by("service", service.arn)]
    yield _Figure("DesiredTaskCount", "Count", service.desired_count)
    yield _Figure("RunningTaskCount", "Count", statuses.count(TaskStatus.RUNNING))
    yield _Figure("PendingTaskCount", "Count", sum(one in _PENDING for one in statuses))
    sets = len(service.deployments) if service.is_external else 0
    yield _Figure("DeploymentCount", "Count", len(service.deployments) - sets)
    yield _Figure("TaskSetCount", "Count", sets)


def _of_task(world: World, task: Task, of: Reserved, before: Look | None, look: Look) -> Iterator[_Figure]:
    memory = sum(one.memory_bytes for one in look.usage.values())
    yield _Figure("CpuReserved", "None", of.cpus * _UNITS)
    yield _Figure("MemoryReserved", "Megabytes", of.memory / _MEGABYTE)
    yield _Figure("MemoryUtilized", "Megabytes", memory / _MEGABYTE)
    if task.launch_type == "FARGATE":
        definition = world.task_definitions.get(task.task_definition)
        asked = task.overrides.ephemeral_storage or (definition.ephemeral_storage if definition else None)
        size = _FARGATE_DISK if asked is None else asked.size_in_gi_b
        yield _Figure("EphemeralStorageReserved", "Gigabytes", size * _GIB_IN_GB)
    if before is None or look.at <= before.at:
        return
    seconds = look.at - before.at
    yield _Figure("CpuUtilized", "None", _UNITS * grown(before, look, lambda one: one.cpu_seconds) / seconds)
    for name, of_usage in (("StorageReadBytes", _read), ("StorageWriteBytes", _written)):
        yield _Figure(name, "Bytes", grown(before, look, of_usage), Kind.COUNT)
    if before.network is not None and look.network is not None:
        for name, now, then in (
            ("NetworkRxBytes", look.network.received, before.network.received),
            ("NetworkTxBytes", look.network.sent, before.network.sent),
        ):
            yield _Figure(name, "Bytes/Second", (now - then if now >= then else now) / seconds)


def _of_container(name: str, before: Look | None, look: Look) -> Iterator[_Figure]:
    alone = Look(look.at, {name: look.usage[name]})
    yield _Figure("ContainerMemoryUtilized", "Megabytes", look.usage[name].memory_bytes / _MEGABYTE)
    if before is not None and look.at > before.at:
        used = grown(before, alone, lambda one: one.cpu_seconds) / (look.at - before.at)
        yield _Figure("ContainerCpuUtilized", "None", _UNITS * used)


def grown(before: Look, look: Look, of: Callable[[Usage], float]) -> float:
    """How much was added to a total of all containers since the look before. A new container counts from 0."""
    added = 0.0
    for name, one in look.usage.items():
        had = before.usage.get(name)
        since = of(had) if had is not None else 0.0
        added += of(one) - since if of(one) >= since else of(one)
    return added


def _read(usage: Usage) -> float:
    return usage.read_bytes


def _written(usage: Usage) -> float:
    return usage.written_bytes


def _families(world: World, task: Task, *, enhanced: bool) -> list[Dimensions]:
    """Under which dimensions a task's figures are."""
    cluster = ("ClusterName", task.cluster.rpartition("/")[2])
    definition = world.task_definitions.get(task.task_definition)
    family = definition.family if definition is not None else task.task_definition.rpartition("/")[2].partition(":")[0]
    found: list[Dimensions] = [(cluster,), (cluster, ("TaskDefinitionFamily", family))]
    if task.service is not None:
        found.append((cluster, ("ServiceName", task.service.rpartition("/")[2])))
    if enhanced:
        found.append((*found[-1], ("TaskId", task.id)))
    return found


def _point(figure: _Figure, dimensions: Dimensions, whose: str) -> Point:
    return Point(metric_id(NAMESPACE, figure.name, dimensions), figure.unit, figure.kind, figure.value, whose)
