"""Container Insights: AWS's names, dimensions and units, and only where the cluster's setting enables them."""

from __future__ import annotations

import asyncio

import pytest
from msgspec.structs import replace

from moyai.domain.cloudwatch.metric import MetricId, metric_id
from moyai.domain.cloudwatch.statistic import evaluate
from moyai.domain.ecs.cluster import ClusterSetting
from moyai.domain.ecs.container_instance import ContainerInstance, Resources
from moyai.domain.ecs.task import TaskStatus
from moyai.domain.sandbox.network import AwsvpcNetwork
from moyai.domain.sandbox.spec import ContainerSpec, SandboxSpec
from moyai.domain.world import Put
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ContainerInstanceArn, TaskId, VpcId
from moyai.runtime.sim.runtime import SimRuntime
from moyai.store.memory import MemoryStore
from moyai.telemetry.container_insights.metrics import NAMESPACE
from moyai.telemetry.container_insights.sampler import UsageSampler
from moyai.telemetry.query import SeriesReader
from moyai.telemetry.series.head import MetricHead
from moyai.testing.clock import EPOCH, ManualClock
from moyai.testing.world import SCOPE, Builder, container

NETWORK = AwsvpcNetwork(VpcId("vpc-0"), "172.31.0.0/16", "172.31.0.0/20", "172.31.0.9", "02:00:00:00:00:09", "host")
CLUSTER = (("ClusterName", "default"),)
SERVICE = (*CLUSTER, ("ServiceName", "web"))
FAMILY = (*CLUSTER, ("TaskDefinitionFamily", "web"))
TASK_METRICS = {
    "CpuReserved": ("None", 256),
    "CpuUtilized": ("None", 128),
    "MemoryReserved": ("Megabytes", 512),
    "MemoryUtilized": ("Megabytes", 64),
    "NetworkRxBytes": ("Bytes/Second", 1000),
    "NetworkTxBytes": ("Bytes/Second", 1000),
    "StorageReadBytes": ("Bytes", 60 * 50),
    "StorageWriteBytes": ("Bytes", 60 * 50),
    "EphemeralStorageReserved": ("Gigabytes", 21.47483648),
}
SERVICE_METRICS = {
    "DesiredTaskCount": 3,
    "RunningTaskCount": 2,
    "PendingTaskCount": 1,
    "DeploymentCount": 1,
    "TaskSetCount": 0,
}
CLUSTER_METRICS = {"ServiceCount": 1, "TaskCount": 2, "ContainerInstanceCount": 1}
SECOND_MINUTE = (Instant(EPOCH + 60), Instant(EPOCH + 120))


class SampledService:
    """A service of three tasks, of which two run, sampled for two minutes."""

    def __init__(self, setting: str | None) -> None:
        self.clock, self.store, self.head = ManualClock(), MemoryStore(), MetricHead()
        self.build = Builder(self.store, self.clock)
        self.runtime = SimRuntime(self.clock)
        service = self.build.service("web", self.build.definition("web", container("app")), 3)
        if setting is not None:
            cluster = self.store.world.clusters[self.build.cluster()]
            self.store.apply([Put(replace(cluster, settings=(ClusterSetting("containerInsights", setting),)))])
        definition = self.store.world.task_definitions[self.store.world.services[service].primary.task_definition]
        self.tasks = [self.store.world.tasks[self.build.run(definition)] for _ in range(3)]
        for task, status in zip(self.tasks, (TaskStatus.RUNNING, TaskStatus.RUNNING, TaskStatus.PENDING), strict=True):
            self.store.apply([Put(replace(task, service=service, last_status=status))])
        self.reader = SeriesReader(self.head)

    async def sample_for_two_minutes(self) -> None:
        for task in self.tasks[:2]:
            await self.runtime.prepare(SandboxSpec(task.id, NETWORK))
            command = ("sim", "cpu=0.125", "memory=64", "network=1000", "disk=50")
            await self.runtime.start(ContainerSpec(task.id, "app", "moyai.local/host", command=command))
        sampling = asyncio.create_task(UsageSampler(self.store, self.runtime, self.clock, self.head).run())
        await self.clock.advance(120)
        sampling.cancel()

    def value(self, metric: MetricId, statistic: str = "Average") -> float | None:
        periods = self.reader.periods(SCOPE, metric, SECOND_MINUTE, 60)
        return evaluate(statistic, periods[0].summary) if periods else None

    def names(self) -> set[str]:
        return {metric.metric.name for metric in self.reader.metrics(SCOPE) if metric.metric.namespace == NAMESPACE}


@pytest.fixture(scope="module")
def enabled_service() -> SampledService:
    service = SampledService("enabled")
    instance = ContainerInstance(
        arn=ContainerInstanceArn("arn:aws:ecs:us-east-1:123456789012:container-instance/default/1"),
        id=TaskId("1"),
        cluster=service.tasks[0].cluster,
        ec2_instance_id="i-1",
        registered_at=EPOCH,
        availability_zone="us-east-1a",
        interface=service.tasks[0].interface,
        resources=Resources(1024, 2048),
    )
    service.store.apply([Put(instance)])
    placed_task = replace(service.store.world.tasks[service.tasks[0].arn], container_instance=instance.arn)
    service.store.apply([Put(placed_task)])
    asyncio.run(service.sample_for_two_minutes())
    return service


@pytest.mark.parametrize("dimensions", [CLUSTER, SERVICE, FAMILY], ids=["cluster", "service", "family"])
@pytest.mark.parametrize("name", TASK_METRICS)
def test_metrics_of_tasks(enabled_service, name, dimensions):
    unit, expected = TASK_METRICS[name]
    metric = metric_id(NAMESPACE, name, dimensions)
    assert enabled_service.reader.units(SCOPE, metric) == [unit]
    assert enabled_service.value(metric) == pytest.approx(expected)
    assert enabled_service.value(metric, "SampleCount") == 2


@pytest.mark.parametrize("name", [*SERVICE_METRICS, *CLUSTER_METRICS])
def test_counts(enabled_service, name):
    metric = metric_id(NAMESPACE, name, SERVICE if name in SERVICE_METRICS else CLUSTER)
    assert enabled_service.reader.units(SCOPE, metric) == ["Count"]
    assert (
        enabled_service.value(metric)
        == enabled_service.value(metric, "Sum")
        == (SERVICE_METRICS | CLUSTER_METRICS)[name]
    )


def test_there_are_no_other_metrics(enabled_service):
    assert enabled_service.names() == {*TASK_METRICS, *SERVICE_METRICS, *CLUSTER_METRICS}


@pytest.mark.parametrize("setting", [None, "disabled"])
async def test_clusters_without_the_setting_have_no_metrics(setting):
    sampled_service = SampledService(setting)
    await sampled_service.sample_for_two_minutes()
    assert sampled_service.names() == set()
    assert sampled_service.value(metric_id("AWS/ECS", "CPUUtilization", CLUSTER)) == 50


async def test_enhanced_shows_each_task_and_each_container():
    sampled_service = SampledService("enhanced")
    await sampled_service.sample_for_two_minutes()
    one = (*SERVICE, ("TaskId", sampled_service.tasks[0].id))
    assert sampled_service.value(metric_id(NAMESPACE, "CpuUtilized", one)) == pytest.approx(128)
    app = (*one, ("ContainerName", "app"))
    assert sampled_service.value(metric_id(NAMESPACE, "ContainerCpuUtilized", app)) == pytest.approx(128)
    assert sampled_service.value(metric_id(NAMESPACE, "ContainerMemoryUtilized", app)) == 64
    assert sampled_service.value(metric_id(NAMESPACE, "CpuUtilized", CLUSTER), "Sum") == pytest.approx(256)


@pytest.mark.parametrize(("name", "expected"), [("CPUReservation", 25), ("MemoryReservation", 25)])
def test_reservation_is_a_share_of_the_registered_resources(enabled_service, name, expected):
    metric = metric_id("AWS/ECS", name, CLUSTER)
    assert enabled_service.reader.units(SCOPE, metric) == ["Percent"]
    assert enabled_service.value(metric) == expected
