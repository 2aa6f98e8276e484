"""The utilization of what tasks have reserved."""

from __future__ import annotations

import asyncio

import pytest

from moyai.domain.cloudwatch.metric import Summary, metric_id
from moyai.domain.sandbox.network import AwsvpcNetwork
from moyai.domain.sandbox.spec import ContainerSpec, SandboxSpec
from moyai.domain.sandbox.state import Usage
from moyai.kernel.clock import Instant
from moyai.kernel.ids import VpcId
from moyai.runtime.sim.runtime import SimRuntime
from moyai.store.memory import MemoryStore
from moyai.telemetry.container_insights.metrics import Reservation, UsageReading
from moyai.telemetry.container_insights.sampler import UsageSampler, utilization
from moyai.telemetry.query import SeriesReader
from moyai.telemetry.series.head import MetricHead
from moyai.testing.clock import EPOCH, ManualClock
from moyai.testing.world import SCOPE, Builder, container

NETWORK = AwsvpcNetwork(VpcId("vpc-0"), "172.31.0.0/16", "172.31.0.0/20", "172.31.0.9", "02:00:00:00:00:09", "host")
HALF = Reservation(0.5, 100.0)
"""Half a processor and a hundred bytes."""


def reading(at, **usage):
    return UsageReading(Instant(at), {name: Usage(cpu, memory) for name, (cpu, memory) in usage.items()})


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (None, reading(10, app=(7.0, 25)), {"MemoryUtilization": 25.0}),
        (reading(0, app=(7.0, 9)), reading(10, app=(9.5, 25)), {"CPUUtilization": 50.0, "MemoryUtilization": 25.0}),
        (
            reading(0, app=(7.0, 9)),
            reading(10, app=(7.0, 25), envoy=(5.0, 25)),
            {"CPUUtilization": 100.0, "MemoryUtilization": 50.0},
        ),
        (reading(0, app=(7.0, 9)), reading(10, app=(1.0, 9)), {"CPUUtilization": 20.0, "MemoryUtilization": 9.0}),
        (reading(10, app=(7.0, 9)), reading(10, app=(9.0, 9)), {"MemoryUtilization": 9.0}),
    ],
    ids=["first reading", "plain", "a new container", "a container again", "no time"],
)
def test_utilization(before, now, expected):
    assert dict(utilization(HALF, before, now)) == expected


def test_tasks_without_a_reservation_have_no_utilization():
    assert dict(utilization(Reservation(0, 0), reading(0, app=(0, 9)), reading(10, app=(9, 9)))) == {}


async def test_a_task_is_one_sample_of_a_minute():
    clock, store, head = ManualClock(), MemoryStore(), MetricHead()
    builder, runtime = Builder(store, clock), SimRuntime(clock)
    task = store.world.tasks[builder.run(builder.definition("job", container("app")))]
    await runtime.prepare(SandboxSpec(task.id, NETWORK))
    command = ("sim", "cpu=0.125", "memory=256")
    await runtime.start(ContainerSpec(task=task.id, name="app", image="moyai.local/host", command=command))
    sampling = asyncio.create_task(UsageSampler(store, runtime, clock, head).run())
    await clock.advance(120)
    sampling.cancel()
    reader, metric = SeriesReader(head), metric_id("AWS/ECS", "CPUUtilization", [("ClusterName", "default")])
    first, second = reader.periods(SCOPE, metric, (EPOCH, Instant(EPOCH + 120)), 60)
    assert first.summary == second.summary == Summary(1, 50.0, 50.0, 50.0)
    assert reader.units(SCOPE, metric) == ["Percent"]
