"""Transitions of deployments that move traffic, besides those of the golden stories."""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.service import DeploymentConfiguration
from moyai.domain.ecs.service_deployment import ServiceDeploymentStatus
from moyai.domain.ecs.strategy import CanaryConfiguration, LifecycleStage, LinearConfiguration, Strategy
from moyai.domain.ecs.traffic import ServiceTraffic
from moyai.domain.world import Put
from moyai.plan.strategy.stages import weight_steps
from moyai.testing.world import container
from tests.model.harness import Harness

BLUE_GREEN = DeploymentConfiguration(strategy=Strategy.BLUE_GREEN)


def create_service(configuration=BLUE_GREEN, desired=1):
    harness = Harness()
    service = harness.build.service("back", definition(harness), desired, offers=["api"], bounds=configuration)
    return harness, service


def definition(harness, *words):
    return harness.build.definition("back", container("api", ("sim", *words) if words else None, port=9000))


def alive(harness, service):
    return {t.arn for t in harness.build.tasks(service)}


def record_of(harness, configuration):
    harness.build.service("s", harness.build.definition("s"), bounds=configuration)
    first = harness.build.deployment(next(iter(harness.book.world.services)).arn)
    return replace(first, pool="7")


def test_steps_add_up_to_all_traffic():
    harness = Harness()
    linear = DeploymentConfiguration(strategy=Strategy.LINEAR, linear_configuration=LinearConfiguration(30.0))
    assert weight_steps(record_of(harness, linear)) == (300, 600, 900, 1000)
    canary = DeploymentConfiguration(strategy=Strategy.CANARY, canary_configuration=CanaryConfiguration(0.1))
    assert weight_steps(replace(record_of(harness, linear), configuration=canary)) == (1, 1000)
    whole = DeploymentConfiguration(strategy=Strategy.CANARY, canary_configuration=CanaryConfiguration(100.0))
    assert weight_steps(replace(record_of(harness, linear), configuration=whole)) == (1000,)


def test_a_service_without_stored_traffic_keeps_its_tasks():
    harness, service = create_service()
    harness.converge(60)
    known = harness.book.world.services[service]
    harness.book.apply([Put(replace(known, traffic=ServiceTraffic(), last_completed=None))])
    before = alive(harness, service)
    harness.build.deploy(service, definition(harness))
    harness.rest()
    assert before <= alive(harness, service)
    for _ in range(20):
        harness.converge(1)
    assert before.isdisjoint(alive(harness, service))


def test_a_failed_first_deployment_keeps_running_beside_the_next():
    harness, service = create_service(desired=0)
    harness.build.roll_back(service)
    harness.rest()
    assert harness.build.deployment(service).status is ServiceDeploymentStatus.ROLLBACK_FAILED
    harness.build.scale(service, 1)
    harness.converge(60)
    before = alive(harness, service)
    assert len(before) == 1
    harness.build.deploy(service, definition(harness))
    harness.rest()
    assert before < alive(harness, service)


def test_a_deployment_that_never_becomes_healthy_is_rolled_back_after_a_day():
    harness, service = create_service()
    harness.converge(60)
    before = alive(harness, service)
    harness.build.deploy(service, definition(harness, "cannot_start"))
    harness.converge(23 * 3600)
    assert harness.build.deployment(service).stage is LifecycleStage.SCALE_UP
    harness.converge(2 * 3600)
    record = harness.build.deployment(service)
    assert record.status is ServiceDeploymentStatus.ROLLBACK_SUCCESSFUL
    assert "longer than 24 hours" in (record.status_reason or "")
    assert alive(harness, service) == before


def test_the_wait_for_an_unresponsive_caller_is_bounded():
    harness, service = create_service()
    harness.converge(60)
    before = alive(harness, service)
    harness.build.deploy(service, definition(harness))
    for _ in range(8):
        harness.rest()
        harness.pass_time(61)
    harness.rest()
    assert before.isdisjoint(alive(harness, service))


def test_a_rolling_deployment_rolls_back_to_a_revision_without_tasks():
    harness, service = create_service(DeploymentConfiguration(100, 0))
    harness.converge(60)
    first = harness.book.world.services[service].primary.id
    harness.build.deploy(service, definition(harness, "cannot_start"))
    harness.converge(60)
    assert [d.id for d in harness.book.world.services[service].deployments if d.id == first] == []
    harness.build.roll_back(service)
    harness.converge(120)
    assert harness.build.deployment(service).status is ServiceDeploymentStatus.ROLLBACK_SUCCESSFUL
    assert harness.book.world.services[service].primary.id == first
    assert len(alive(harness, service)) == 1
