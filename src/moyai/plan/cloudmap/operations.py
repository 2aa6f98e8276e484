"""An operation of Cloud Map, one step at a time: SUBMITTED, PENDING, then SUCCESS or FAIL.

Promise: the last step and the change that the operation is for are one change of the world, so that a crash leaves the
operation either still to be done, or done and recorded as done. An operation fails when it has become impossible since
it was submitted, for example because ECS has removed the service. A finished operation is deleted after OPERATIONS_KEPT
seconds.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_Operation.html
"""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec.structs import replace

from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.cloudmap.operation import (
    CloudMapOperation,
    CreateNamespace,
    DeleteNamespace,
    DeregisterInstance,
    OperationStatus,
    RegisterInstance,
    UpdateNamespace,
    UpdateService,
)
from moyai.domain.cloudmap.service import DiscoveryInstance, DiscoveryService
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.queries.hosted_zones import hosted_zones_in, managed_zone
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import NamespaceArn
from moyai.plan.action import Plan, plan
from moyai.plan.cloudmap.instances import with_revisions

OPERATIONS_KEPT: Final = 3600.0
"""Seconds for which a finished operation can still be described."""
IMPOSSIBLE: Final = "INVALID_CHANGE_BATCH"
"""AWS's code for a change that can't be made."""
NO_HOSTED_ZONE: Final = "CANNOT_CREATE_HOSTED_ZONE"
"""AWS's code for a namespace whose hosted zone can't be created."""


class _Outcome(NamedTuple):
    """The outcome of an operation: changes, or why it failed."""

    changes: tuple[Change, ...] = ()
    failure: str | None = None
    code: str = IMPOSSIBLE


def plan_operation(world: World, key: str, now: Instant) -> Plan:
    """The next step of one operation."""
    operation = world.operations.get(key)
    if operation is None:
        return Plan()
    if operation.finished:
        due = later(operation.updated_at, OPERATIONS_KEPT)
        return plan([Delete(CloudMapOperation, key)]) if now >= due else plan(wake_at=due)
    if operation.status is OperationStatus.SUBMITTED:
        return plan([Put(replace(operation, status=OperationStatus.PENDING, updated_at=now))])
    outcome = _outcome(world, operation, now)
    finished_operation = replace(
        operation,
        status=OperationStatus.SUCCESS if outcome.failure is None else OperationStatus.FAIL,
        updated_at=now,
        order=None,
        error_code=None if outcome.failure is None else outcome.code,
        error_message=outcome.failure,
    )
    return plan([*outcome.changes, Put(finished_operation)])


def namespace_with_same_name(world: World, namespace: Namespace) -> Namespace | None:
    """Another namespace of this name and type in the same scope, if there is one."""
    same_name = world.namespaces.each("name", f"{scope_key(scope_of(namespace.arn))}/{namespace.name}")
    return next((other for other in same_name if other.type is namespace.type), None)


def is_managed_by_ecs(world: World, instance: DiscoveryInstance | None) -> bool:
    """Whether the instance belongs to a task that has not stopped: ECS registers and deregisters such instances."""
    task = None if instance is None else world.tasks.get(instance.task)
    return task is not None and not task.stopped


def _outcome(world: World, operation: CloudMapOperation, now: Instant) -> _Outcome:
    match operation.order:
        case CreateNamespace(namespace):
            outcome = _create_namespace(world, namespace)
        case UpdateNamespace() as order:
            outcome = _update_namespace(world, order)
        case DeleteNamespace(arn):
            outcome = _delete_namespace(world, arn)
        case UpdateService() as order:
            outcome = _update_service(world, order, now)
        case RegisterInstance(instance):
            outcome = _register(world, instance)
        case DeregisterInstance(service, instance_id):
            outcome = _deregister(world, f"{service}/{instance_id}")
        case _:
            outcome = _Outcome(failure="The record of the operation does not say what it was to do.")
    return outcome


def _create_namespace(world: World, namespace: Namespace) -> _Outcome:
    other = namespace_with_same_name(world, namespace)
    if other is not None:
        return _Outcome(failure=f"The namespace {other.id} has the same name.")
    zone = managed_zone(namespace)
    for vpc in () if zone is None else zone.vpcs:
        twin = next((present for present in hosted_zones_in(world, vpc) if zone and present.name == zone.name), None)
        if twin is not None:
            message = (
                f"The VPC {vpc.id} in region {vpc.region} has already been associated with the hosted zone {twin.id}"
            )
            return _Outcome(failure=f"{message} with the same domain name.", code=NO_HOSTED_ZONE)
    return _Outcome((Put(namespace),))


def _delete_namespace(world: World, arn: NamespaceArn) -> _Outcome:
    if world.discovery_services.count("namespace", arn):
        return _Outcome(failure="Namespace has associated services.")
    shares = world.resource_shares.by("resource", arn)
    return _Outcome((Delete(Namespace, arn), *(Put(share.without({arn})) for share in shares)))


def _update_namespace(world: World, order: UpdateNamespace) -> _Outcome:
    namespace = world.namespaces.get(order.namespace)
    if namespace is None:
        return _Outcome(failure="Namespace not found")
    description = namespace.description if order.description is None else order.description
    ttl = namespace.soa_ttl if order.soa_ttl is None else order.soa_ttl
    return _Outcome((Put(replace(namespace, description=description, soa_ttl=ttl)),))


def _update_service(world: World, order: UpdateService, now: Instant) -> _Outcome:
    service = world.discovery_services.get(order.service)
    if service is None:
        return _Outcome(failure="Service not found")
    description = service.description if order.description is None else order.description
    new = replace(service, description=description, dns=order.dns, health_check=order.health_check)
    if new.ttl < service.ttl:
        new = replace(new, remembered_until=max(later(now, service.ttl), service.remembered_until or now))
    unchecked = service.health_check is not None and order.health_check is None
    return _Outcome((Put(new), *(_reset_health(world, service) if unchecked else ())))


def _reset_health(world: World, service: DiscoveryService) -> tuple[Change, ...]:
    """Changes that make the health of all instances UNKNOWN, because their health check was removed."""
    instances = world.discovery_instances.each("service", service.arn)
    return tuple(Put(replace(i, health=Health.UNKNOWN)) for i in instances if i.health is not Health.UNKNOWN)


def _register(world: World, instance: DiscoveryInstance) -> _Outcome:
    if instance.service not in world.discovery_services:
        return _Outcome(failure="Service not found")
    if is_managed_by_ecs(world, world.discovery_instances.get(instance.key)):
        return _Outcome(failure=f"A task has registered as {instance.id}.")
    return _Outcome(with_revisions(world, [Put(instance)]))


def _deregister(world: World, key: str) -> _Outcome:
    instance = world.discovery_instances.get(key)
    if instance is None:  # it has been deregistered in between, with the same result
        return _Outcome()
    if is_managed_by_ecs(world, instance):
        return _Outcome(failure="A task has registered as this instance.")
    return _Outcome(with_revisions(world, [Delete(DiscoveryInstance, key)]))
