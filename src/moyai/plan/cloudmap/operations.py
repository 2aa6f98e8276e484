"""An operation, one step at a time: SUBMITTED, PENDING, then SUCCESS or FAIL.

Promise: the last step is one change of the world together with what the operation was for, so a process that ends
at any point leaves an operation that is either not done, and will be, or done and said to be so. What could not be
known when it was submitted (a service that ECS has removed in between) makes it fail. A finished operation is
forgotten after KEPT seconds.
Source: https://docs.aws.amazon.com/cloud-map/latest/api/API_Operation.html
"""

from __future__ import annotations

from typing import Final, NamedTuple

from msgspec.structs import replace

from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.cloudmap.operation import (
    CreateNamespace,
    DeleteNamespace,
    DeregisterInstance,
    Operation,
    OperationStatus,
    RegisterInstance,
    UpdateNamespace,
    UpdateService,
)
from moyai.domain.cloudmap.service import DiscoveryInstance, DiscoveryService
from moyai.domain.keys import scope_key, scope_of
from moyai.domain.sandbox.state import Health
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.clock import Instant, later
from moyai.kernel.ids import NamespaceArn
from moyai.plan.action import Plan, plan
from moyai.plan.cloudmap.instances import counted

KEPT: Final = 3600.0
"""Seconds for which a finished operation can be asked for."""
IMPOSSIBLE: Final = "INVALID_CHANGE_BATCH"
"""AWS's code for a change that can't be made."""


class _Outcome(NamedTuple):
    """What an operation comes to: changes, or why there are none."""

    changes: tuple[Change, ...] = ()
    failure: str | None = None


def plan_operation(world: World, key: str, now: Instant) -> Plan:
    """The next step of one operation."""
    operation = world.operations.get(key)
    if operation is None:
        return Plan()
    if operation.finished:
        due = later(operation.updated_at, KEPT)
        return plan([Delete(Operation, key)]) if now >= due else plan(wake_at=due)
    if operation.status is OperationStatus.SUBMITTED:
        return plan([Put(replace(operation, status=OperationStatus.PENDING, updated_at=now))])
    outcome = _outcome(world, operation, now)
    done = replace(
        operation,
        status=OperationStatus.SUCCESS if outcome.failure is None else OperationStatus.FAIL,
        updated_at=now,
        order=None,
        error_code=None if outcome.failure is None else IMPOSSIBLE,
        error_message=outcome.failure,
    )
    return plan([*outcome.changes, Put(done)])


def namesake(world: World, asked: Namespace) -> Namespace | None:
    """The namespace that stands in the way of this one: of its name and type, in its scope."""
    found = world.namespaces.each("name", f"{scope_key(scope_of(asked.arn))}/{asked.name}")
    return next((one for one in found if one.type is asked.type), None)


def kept_by_ecs(world: World, instance: DiscoveryInstance | None) -> bool:
    """Whether the instance is a task that has not stopped: ECS registers and deregisters it."""
    task = None if instance is None else world.tasks.get(instance.task)
    return task is not None and not task.stopped


def _outcome(world: World, operation: Operation, now: Instant) -> _Outcome:
    match operation.order:
        case CreateNamespace(namespace):
            outcome = _namespace_made(world, namespace)
        case UpdateNamespace() as order:
            outcome = _namespace_changed(world, order)
        case DeleteNamespace(arn):
            outcome = _namespace_removed(world, arn)
        case UpdateService() as order:
            outcome = _service_changed(world, order, now)
        case RegisterInstance(instance):
            outcome = _registered(world, instance)
        case DeregisterInstance(service, instance_id):
            outcome = _deregistered(world, f"{service}/{instance_id}")
        case _:
            outcome = _Outcome(failure="What it was to do was not recorded.")
    return outcome


def _namespace_made(world: World, namespace: Namespace) -> _Outcome:
    taken = namesake(world, namespace)
    return _Outcome((Put(namespace),)) if taken is None else _Outcome(failure=f"{taken.id} has its name.")


def _namespace_removed(world: World, arn: NamespaceArn) -> _Outcome:
    if world.discovery_services.count("namespace", arn):
        return _Outcome(failure="Namespace has associated services.")
    shares = world.resource_shares.by("resource", arn)
    return _Outcome((Delete(Namespace, arn), *(Put(share.without({arn})) for share in shares)))


def _namespace_changed(world: World, order: UpdateNamespace) -> _Outcome:
    namespace = world.namespaces.get(order.namespace)
    if namespace is None:
        return _Outcome(failure="Namespace not found")
    description = namespace.description if order.description is None else order.description
    ttl = namespace.soa_ttl if order.soa_ttl is None else order.soa_ttl
    return _Outcome((Put(replace(namespace, description=description, soa_ttl=ttl)),))


def _service_changed(world: World, order: UpdateService, now: Instant) -> _Outcome:
    service = world.discovery_services.get(order.service)
    if service is None:
        return _Outcome(failure="Service not found")
    description = service.description if order.description is None else order.description
    changed = replace(service, description=description, dns=order.dns, health_check=order.health_check)
    if changed.ttl < service.ttl:
        changed = replace(changed, remembered_until=max(later(now, service.ttl), service.remembered_until or now))
    unchecked = service.health_check is not None and order.health_check is None
    return _Outcome((Put(changed), *(_forgotten_health(world, service) if unchecked else ())))


def _forgotten_health(world: World, service: DiscoveryService) -> tuple[Change, ...]:
    """What the checks said goes with them."""
    told = world.discovery_instances.each("service", service.arn)
    return tuple(Put(replace(one, health=Health.UNKNOWN)) for one in told if one.health is not Health.UNKNOWN)


def _registered(world: World, instance: DiscoveryInstance) -> _Outcome:
    if instance.service not in world.discovery_services:
        return _Outcome(failure="Service not found")
    if kept_by_ecs(world, world.discovery_instances.get(instance.key)):
        return _Outcome(failure=f"A task has registered as {instance.id}.")
    return _Outcome(counted(world, [Put(instance)]))


def _deregistered(world: World, key: str) -> _Outcome:
    found = world.discovery_instances.get(key)
    if found is None:  # somebody else was faster, and the end is the same
        return _Outcome()
    if kept_by_ecs(world, found):
        return _Outcome(failure="A task has registered as this instance.")
    return _Outcome(counted(world, [Delete(DiscoveryInstance, key)]))
