"""Tasks are moved to the zones that have fewer, one at a time and never to the service's harm."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from msgspec.structs import replace

from moyai.domain.ecs.placement import DISABLED, ENABLED, RebalancingStage
from moyai.domain.ecs.service import DeploymentConfiguration
from moyai.domain.ecs.task import DesiredStatus, Task, TaskStatus
from moyai.domain.world import Put
from moyai.kernel.clock import later
from moyai.kernel.ids import ServiceArn
from moyai.plan.service.zone_rebalancing import RETRY_AFTER
from moyai.testing.world import Builder
from tests.unit.plan.tasks import put, schedule, settled_service

A, B, C = "us-east-1a", "us-east-1b", "us-east-1c"


def service_in_zones(*zones: str, rebalancing: str = ENABLED, **service: Any) -> tuple[Builder, ServiceArn]:
    """A service at rest with a task in each of these zones."""
    build, arn = settled_service(desired=len(zones), **service)
    for task, zone in zip(build.tasks(arn), zones, strict=True):
        put(build, task.arn, availability_zone=zone)
    record = replace(build.world.services[arn], availability_zone_rebalancing=rebalancing)
    build.book.apply([Put(record)])
    return build, arn


def wanted_tasks(build: Builder, service: ServiceArn) -> list[Task]:
    return [t for t in build.tasks(service) if t.desired_status is DesiredStatus.RUNNING]


def run(build: Builder, service: ServiceArn) -> None:
    """Let everything that is starting run, and everything that is stopping be gone."""
    for task in build.tasks(service):
        status = TaskStatus.RUNNING if task.desired_status is DesiredStatus.RUNNING else TaskStatus.STOPPED
        put(build, task.arn, last_status=status, started_at=build.clock.now(), ready_at=build.clock.now())


def test_rebalancing_starts_a_task_before_it_stops_one():
    build, service = service_in_zones(A, A, A, B)
    primary = build.world.services[service].primary.id
    schedule(build, service)
    assert Counter(t.availability_zone for t in wanted_tasks(build, service)) == {A: 3, B: 1, C: 1}
    run(build, service)
    schedule(build, service)
    assert Counter(t.availability_zone for t in wanted_tasks(build, service)) == {A: 2, B: 1, C: 1}
    [task] = [t for t in build.tasks(service) if t.desired_status is DesiredStatus.STOPPED]
    assert task.stopped_reason == f"Availability-zone rebalancing initiated by (deployment {primary})"
    run(build, service)
    schedule(build, service)
    [new] = [t for t in wanted_tasks(build, service) if t.availability_zone == C]
    assert build.messages(service)[-5:] == [
        (
            f"(service s) is not AZ balanced with 3 tasks in {A}, 1 tasks in {B}, 0 tasks in {C}."
            " AZ Rebalancing in progress."
        ),
        f"(service s) has started 1 tasks in {C} to AZ Rebalance: (task {new.id}).",
        f"(service s) has stopped 1 running tasks in {A} due to AZ rebalancing: (task {task.id}).",
        f"(service s) is AZ balanced with 2 tasks in {A}, 1 tasks in {B}, 1 tasks in {C}.",
        "(service s) has reached a steady state.",
    ]
    assert schedule(build, service).actions == ()


@pytest.mark.parametrize(
    ("zones", "service"),
    [
        ((A, A, B, C), {}),
        ((A, A, A), {"rebalancing": DISABLED}),
        ((A, A, A), {"bounds": DeploymentConfiguration(100, 0)}),
        ((A, A, A), {"bounds": DeploymentConfiguration(120, 100)}),
    ],
    ids=["even", "switched off", "no task allowed", "no task allowed by rounding"],
)
def test_rebalancing_does_not_apply(zones, service):
    build, made = service_in_zones(*zones, **service)
    assert schedule(build, made).actions == ()


def test_rebalancing_waits_for_protected_tasks():
    build, service = service_in_zones(A, A, A)
    put(build, build.tasks(service)[0].arn, protected_until=later(build.clock.now(), 60))
    assert schedule(build, service).actions == ()
    build.clock.turn_to(later(build.clock.now(), 60))
    schedule(build, service)
    assert len(wanted_tasks(build, service)) == 4


def test_deployments_have_precedence_over_rebalancing():
    build, service = service_in_zones(A, A, A)
    schedule(build, service)
    build.deploy(service, build.definition("s"))
    schedule(build, service)
    assert build.world.services[service].rebalancing is None
    assert any(m.endswith("stopped AZ Rebalancing.") for m in build.messages(service))


def test_rebalancing_into_a_full_zone_is_delayed():
    build, service = service_in_zones(A, A, A)
    schedule(build, service)
    [new] = [t for t in wanted_tasks(build, service) if t.last_status is not TaskStatus.RUNNING]
    put(build, new.arn, availability_zone=A)
    run(build, service)
    plan = schedule(build, service)
    move = build.world.services[service].rebalancing
    assert move is not None
    assert move.stage is RebalancingStage.WAITING
    assert plan.wake_at == later(build.clock.now(), RETRY_AFTER)
    assert len(wanted_tasks(build, service)) == 3
    run(build, service)
    schedule(build, service)
    assert len(wanted_tasks(build, service)) == 3
    build.clock.turn_to(later(build.clock.now(), RETRY_AFTER))
    schedule(build, service)
    schedule(build, service)
    assert len(wanted_tasks(build, service)) == 4
