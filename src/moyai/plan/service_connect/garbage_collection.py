"""Removes Cloud Map services that Service Connect created and that nothing needs any more.

Promise: such a service is removed when no deployment and no task that still exists offers it, none of them calls it by
a frozen name, and no instance is registered in it. So callers need no deployment of their own to reach a service that
was deleted and created again. A Cloud Map service that a user created is never removed; where Service Connect had taken
it over, it no longer has an owner.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from msgspec.structs import replace

from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.connect.names import ConnectView
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.ecs.task import AFTER_DRAIN, Task
from moyai.domain.world import Change, Put, World
from moyai.kernel.ids import DiscoveryServiceArn, NamespaceArn
from moyai.plan.cloudmap.instances import delete_discovery_service
from moyai.plan.cloudmap.task_registration import offers
from moyai.plan.service_connect.live_names import follows_namespace


def collect_unused_services(world: World, before: Service, after: Service) -> tuple[Change, ...]:
    """Changes that remove the names that the ECS service no longer offers.

    When the ECS service has lost a deployment, also the names of deleted services that this deployment still called.
    """
    offered = _offered_by(after)
    candidates = [d for d in world.discovery_services.by("owner", after.arn) if d.arn not in offered]
    if after.status is not ServiceStatus.ACTIVE or len(after.deployments) < len(before.deployments):
        namespaces = {d.view.namespace for d in before.deployments if d.view is not None}
        candidates += [d for namespace in namespaces for d in _left_by_deleted_services(world, namespace)]
    if not candidates:
        return ()
    used_services = {
        arn for namespace in {d.namespace for d in candidates} for arn in _services_in_use(world, namespace, after)
    }
    unneeded = {d.key: d for d in candidates if d.arn not in used_services}
    return tuple(change for service in unneeded.values() for change in _removal(world, service))


def garbage_collect_names(world: World, task: Task, targets: AbstractSet[DiscoveryServiceArn]) -> tuple[Change, ...]:
    """Changes that remove those of ``targets`` that deleted services left behind and that nothing calls now that
    ``task`` has changed.
    """
    called_services = (world.discovery_services.get(target) for target in sorted(targets))
    namespaces = {d.namespace for d in called_services if d is not None}
    ownerless = [d for namespace in namespaces for d in _left_by_deleted_services(world, namespace)]
    candidates = {d.key: d for d in ownerless if d.arn in targets}
    concerned = {d.namespace for d in candidates.values()}
    needed = {arn for namespace in concerned for arn in _services_in_use(world, namespace, None, task)}
    unneeded = (d for d in candidates.values() if d.arn not in needed)
    return tuple(change for service in unneeded for change in _removal(world, service))


def _removal(world: World, service: DiscoveryService) -> tuple[Change, ...]:
    """Changes that remove the service, or only its owner if a user created it; none while it has instances."""
    if service.adopted:
        return (Put(replace(service, owner=None, protocol=None, adopted=False)),)
    if world.discovery_instances.count("service", service.arn):
        return ()
    return delete_discovery_service(world, service)


def _offered_by(service: Service) -> set[DiscoveryServiceArn]:
    """The discovery services that the ECS service's deployments offer; a deleted service offers none."""
    views = [d.view for d in service.deployments if service.status is ServiceStatus.ACTIVE]
    return {offer.discovery_service for view in views if view is not None for offer in view.offers}


def _left_by_deleted_services(world: World, namespace: NamespaceArn) -> Iterator[DiscoveryService]:
    """The Cloud Map services that Service Connect created for ECS services that are deleted."""
    for discovery_service in world.discovery_services.by("namespace", namespace):
        owner = world.services.get(discovery_service.owner)
        if discovery_service.owner is not None and (owner is None or owner.status is ServiceStatus.INACTIVE):
            yield discovery_service


def _services_in_use(
    world: World, namespace: NamespaceArn, changed_service: Service | None, changed_task: Task | None = None
) -> Iterator[DiscoveryServiceArn]:
    """The discovery services that deployments and tasks of the namespace offer or call. ``changed_service`` and
    ``changed_task`` stand for their stored records.

    A stopping task offers its names until it is gone, but calls nothing. Where names are live, the names that a
    deployment has frozen call nothing either.
    """
    for task in world.tasks.by("namespace", namespace):
        current = changed_task if changed_task is not None and task.arn == changed_task.arn else task
        yield from (offer.discovery_service for offer in offers(current))
        if current.last_status not in AFTER_DRAIN:
            yield from _offered_in(current.view)
            yield from _called_in(current.view)
    for service in _services_in(world, namespace, changed_service):
        frozen = not follows_namespace(world, service.cluster)
        for deployment in service.deployments:
            yield from _offered_in(deployment.view)
            yield from _called_in(deployment.view) if frozen else ()


def _services_in(world: World, namespace: NamespaceArn, changed_service: Service | None) -> Iterator[Service]:
    """The ACTIVE services of the namespace, among them ``changed_service``, which may be new there."""
    others = (
        s for s in world.services.by("namespace", namespace) if changed_service is None or s.arn != changed_service.arn
    )
    services = others if changed_service is None else (changed_service, *others)
    yield from (service for service in services if service.status is ServiceStatus.ACTIVE)


def _offered_in(view: ConnectView | None) -> Iterator[DiscoveryServiceArn]:
    yield from () if view is None else (offer.discovery_service for offer in view.offers)


def _called_in(view: ConnectView | None) -> Iterator[DiscoveryServiceArn]:
    yield from () if view is None else (name.target for name in view.names)
