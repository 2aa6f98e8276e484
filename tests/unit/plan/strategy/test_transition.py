"""What no story tells of deployments that move traffic."""

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
    it = Harness()
    service = it.build.service("back", definition(it), desired, offers=["api"], bounds=configuration)
    return it, service


def definition(it, *words):
    return it.build.definition("back", container("api", ("sim", *words) if words else None, port=9000))


def alive(it, service):
    return {t.arn for t in it.build.tasks(service)}


def record_of(it, configuration):
    it.build.service("s", it.build.definition("s"), bounds=configuration)
    first = it.build.deployment(next(iter(it.book.world.services)).arn)
    return replace(first, pool="7")


def test_steps_add_up_to_all_traffic():
    it = Harness()
    linear = DeploymentConfiguration(strategy=Strategy.LINEAR, linear_configuration=LinearConfiguration(30.0))
    assert weight_steps(record_of(it, linear)) == (300, 600, 900, 1000)
    canary = DeploymentConfiguration(strategy=Strategy.CANARY, canary_configuration=CanaryConfiguration(0.1))
    assert weight_steps(replace(record_of(it, linear), configuration=canary)) == (1, 1000)
    whole = DeploymentConfiguration(strategy=Strategy.CANARY, canary_configuration=CanaryConfiguration(100.0))
    assert weight_steps(replace(record_of(it, linear), configuration=whole)) == (1000,)


def test_a_service_without_stored_traffic_keeps_its_tasks():
    it, service = create_service()
    it.converge(60)
    known = it.book.world.services[service]
    it.book.apply([Put(replace(known, traffic=ServiceTraffic(), last_completed=None))])
    before = alive(it, service)
    it.build.deploy(service, definition(it))
    it.rest()
    assert before <= alive(it, service)
    for _ in range(20):
        it.converge(1)
    assert before.isdisjoint(alive(it, service))


def test_a_failed_first_deployment_keeps_running_beside_the_next():
    it, service = create_service(desired=0)
    it.build.roll_back(service)
    it.rest()
    assert it.build.deployment(service).status is ServiceDeploymentStatus.ROLLBACK_FAILED
    it.build.scale(service, 1)
    it.converge(60)
    before = alive(it, service)
    assert len(before) == 1
    it.build.deploy(service, definition(it))
    it.rest()
    assert before < alive(it, service)


def test_a_deployment_that_never_becomes_healthy_is_rolled_back_after_a_day():
    it, service = create_service()
    it.converge(60)
    before = alive(it, service)
    it.build.deploy(service, definition(it, "cannot_start"))
    it.converge(23 * 3600)
    assert it.build.deployment(service).stage is LifecycleStage.SCALE_UP
    it.converge(2 * 3600)
    record = it.build.deployment(service)
    assert record.status is ServiceDeploymentStatus.ROLLBACK_SUCCESSFUL
    assert "longer than 24 hours" in (record.status_reason or "")
    assert alive(it, service) == before


def test_the_wait_for_an_unresponsive_caller_is_bounded():
    it, service = create_service()
    it.converge(60)
    before = alive(it, service)
    it.build.deploy(service, definition(it))
    for _ in range(8):
        it.rest()
        it.pass_time(61)
    it.rest()
    assert before.isdisjoint(alive(it, service))


def test_a_rolling_deployment_rolls_back_to_a_revision_without_tasks():
    it, service = create_service(DeploymentConfiguration(100, 0))
    it.converge(60)
    first = it.book.world.services[service].primary.id
    it.build.deploy(service, definition(it, "cannot_start"))
    it.converge(60)
    assert [d.id for d in it.book.world.services[service].deployments if d.id == first] == []
    it.build.roll_back(service)
    it.converge(120)
    assert it.build.deployment(service).status is ServiceDeploymentStatus.ROLLBACK_SUCCESSFUL
    assert it.book.world.services[service].primary.id == first
    assert len(alive(it, service)) == 1
