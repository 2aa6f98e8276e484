"""Deleted records are removed, and never too early."""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.ecs.cluster import Cluster, ClusterStatus
from moyai.domain.ecs.container_instance import ContainerInstance, ContainerInstanceStatus, Resources
from moyai.domain.ecs.service import Deployment, Service, ServiceLog, ServiceStatus
from moyai.domain.ecs.service_deployment import ServiceDeployment, ServiceDeploymentStatus, ServiceRevision
from moyai.domain.ecs.task import TaskStatus
from moyai.domain.ecs.task_definition import TaskDefinition, TaskDefinitionStatus
from moyai.domain.world import Delete, Put
from moyai.kernel.clock import later
from moyai.kernel.ids import DeploymentId, ServiceDeploymentArn
from moyai.plan.capacity.registration import ContainerInstanceRequest, new_container_instance
from moyai.plan.retention import KEPT_INACTIVE, RETRY_AFTER, pinned_images, plan_retention
from moyai.plan.strategy.start import revision_arn
from moyai.testing.world import Builder, container


def forgetting(build: Builder, record, after: float = 0.0):
    return plan_retention(build.world, record.__struct_config__.tag, record.key, later(build.clock.now(), after))


def deleted_definition(build: Builder) -> TaskDefinition:
    definition = build.definition("web", container("web", port=8080))
    leaving = replace(definition, status=TaskDefinitionStatus.DELETE_IN_PROGRESS)
    build.book.apply([Put(leaving)])
    return leaving


def test_an_unused_deleted_definition_is_removed_at_once():
    build = Builder()
    definition = deleted_definition(build)
    assert forgetting(build, definition).changes == (Delete(TaskDefinition, definition.key),)


def test_active_and_inactive_definitions_are_kept():
    build = Builder()
    definition = build.definition("web", container("web", port=8080))
    assert not forgetting(build, definition).actions
    build.book.apply([Put(inactive := replace(definition, status=TaskDefinitionStatus.INACTIVE))])
    assert not forgetting(build, inactive).actions


def test_a_deleted_definition_in_use_is_kept():
    build = Builder()
    definition = deleted_definition(build)
    service = build.world.services[build.service("web", definition)]
    waiting = forgetting(build, definition)
    assert (waiting.changes, waiting.wake_at) == ((), later(build.clock.now(), RETRY_AFTER))
    build.book.apply([Put(replace(service, status=ServiceStatus.INACTIVE))])
    task = build.world.tasks[build.run(definition)]
    assert not forgetting(build, definition).changes
    build.book.apply([Put(replace(task, last_status=TaskStatus.STOPPED))])
    assert forgetting(build, definition).changes == (Delete(TaskDefinition, definition.key),)


def test_a_deleted_service_is_removed_later_with_its_history():
    build = Builder()
    service = build.world.services[build.service("web", build.definition("web", container("web", port=8080)))]
    assert not forgetting(build, service, 2 * KEPT_INACTIVE).actions
    inactive = replace(service, status=ServiceStatus.INACTIVE, inactive_at=build.clock.now())
    build.book.apply([Put(inactive)])
    waiting = forgetting(build, inactive, KEPT_INACTIVE - 1)
    assert (waiting.changes, waiting.wake_at) == ((), later(build.clock.now(), KEPT_INACTIVE))
    changes = forgetting(build, inactive, KEPT_INACTIVE).changes
    assert changes[:2] == (Delete(Service, inactive.key), Delete(ServiceLog, inactive.key))
    deployments = build.world.service_deployments.by("service", inactive.arn)
    assert {c.key for c in changes if isinstance(c, Delete)} >= {d.key for d in deployments}


def test_a_deleted_cluster_is_removed_after_its_contents():
    build = Builder()
    service = build.world.services[build.service("web", build.definition("web", container("web", port=8080)))]
    cluster = replace(
        build.world.clusters[service.cluster], status=ClusterStatus.INACTIVE, inactive_at=build.clock.now()
    )
    build.book.apply([Put(cluster)])
    assert not forgetting(build, cluster, KEPT_INACTIVE).changes
    build.book.apply([Delete(Service, service.key)])
    assert not forgetting(build, cluster, KEPT_INACTIVE - 1).changes
    assert forgetting(build, cluster, KEPT_INACTIVE).changes == (Delete(Cluster, cluster.key),)


def test_removing_a_missing_record_does_nothing():
    build = Builder()
    definition = deleted_definition(build)
    build.book.apply(forgetting(build, definition).changes)
    assert not forgetting(build, definition).actions


def test_a_deregistered_instance_is_removed_later_and_then_its_cluster():
    build = Builder()
    instance = new_container_instance(
        build.world, ContainerInstanceRequest(build.cluster(), Resources(1, 1)), build.clock.now(), build.ids
    )
    build.book.apply([Put(instance)])
    assert not forgetting(build, instance, KEPT_INACTIVE).actions
    inactive = replace(instance, status=ContainerInstanceStatus.INACTIVE, inactive_at=build.clock.now())
    build.book.apply([Put(inactive)])
    assert forgetting(build, inactive).wake_at == later(build.clock.now(), KEPT_INACTIVE)
    assert forgetting(build, inactive, KEPT_INACTIVE).changes == (Delete(ContainerInstance, inactive.key),)


def test_images_are_kept_for_what_can_still_start_tasks():
    build = Builder()
    service = build.world.services[build.service("web", build.definition("web", container("web", port=8080)))]
    primary = service.deployments[0]
    former = replace(primary, id=DeploymentId("ecs-svc/1"))
    older = replace(primary, id=DeploymentId("ecs-svc/0"))
    for deployment in (older, former, primary):
        put_revision(build, service, deployment, f"sha256:{deployment.id}")
    assert pinned_images(build.world) == {f"sha256:{primary.id}"}
    rollout = ServiceDeployment(
        ServiceDeploymentArn(f"{service.arn}/1"),
        service.arn,
        service.cluster,
        build.clock.now(),
        build.clock.now(),
        target=primary.id,
        configuration=service.deployment_configuration,
        sources=(former.id,),
    )
    build.book.apply([Put(rollout)])
    assert pinned_images(build.world) == {f"sha256:{primary.id}", f"sha256:{former.id}"}
    build.book.apply([Put(replace(rollout, status=ServiceDeploymentStatus.SUCCESSFUL))])
    assert pinned_images(build.world) == {f"sha256:{primary.id}"}
    build.book.apply([Delete(Service, service.key)])
    assert pinned_images(build.world) == frozenset()


def put_revision(build: Builder, service: Service, deployment: Deployment, digest: str) -> None:
    arn = revision_arn(service.arn, deployment.id)
    images = {"web": digest}
    revision = ServiceRevision(arn, service.arn, service.cluster, deployment, "FARGATE", images=images)
    build.book.apply([Put(revision)])
