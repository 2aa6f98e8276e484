"""Cloud Map services that a service's Service Connect made and that nobody needs any more.

Promise: one goes when neither a deployment nor a task that is still there offers it, none that is
still there calls it by a frozen name, and no instance is registered in it. So a service that is
deleted and made again is reached by its callers without a deployment of theirs. Those that somebody
made by hand are never removed; what Service Connect had taken over of them is given back.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from msgspec.structs import replace

from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.ecs.task import Task
from moyai.domain.world import Change, Put, World
from moyai.kernel.ids import DiscoveryServiceArn, NamespaceArn
from moyai.plan.cloudmap.instances import service_removed
from moyai.plan.mode import is_live
from moyai.plan.registration import offers
from moyai.plan.rollout import AFTER_DRAIN


def unused(world: World, service: Service, following: Service) -> tuple[Change, ...]:
    """Changes that remove what the service, which is becoming ``following``, no longer offers, and, when it has
    given up a deployment, what other services left behind for its sake.
    """
    gave_up = following.status is not ServiceStatus.ACTIVE or len(following.deployments) < len(service.deployments)
    candidates = [d for d in world.discovery_services.by("owner", service.arn) if d.arn not in _offered(following)]
    if gave_up:
        candidates += [d for n in _namespaces(service) for d in _left_behind(world, n)]
    if not candidates:
        return ()
    needed = {arn for n in {d.namespace for d in candidates} for arn in _needed(world, n, following)}
    removable = {d.key: d for d in candidates if d.arn not in needed}
    return tuple(change for service in removable.values() for change in _let_go(world, service))


def forgotten(world: World, task: Task, targets: AbstractSet[DiscoveryServiceArn]) -> tuple[Change, ...]:
    """Changes that remove those of ``targets`` that deleted services left behind and that only ``task``, as it was
    before, still called.
    """
    left = [d for n in {t.namespace for t in _known(world, targets)} for d in _left_behind(world, n)]
    candidates = {d.key: d for d in left if d.arn in targets}
    needed = {a for n in {d.namespace for d in candidates.values()} for a in _needed(world, n, None, task)}
    unneeded = (d for d in candidates.values() if d.arn not in needed)
    return tuple(change for service in unneeded for change in _let_go(world, service))


def _let_go(world: World, service: DiscoveryService) -> tuple[Change, ...]:
    """Without an owner, or without the service; nothing while instances are registered in it."""
    if service.adopted:
        return (Put(replace(service, owner=None, protocol=None, adopted=False)),)
    if world.discovery_instances.count("service", service.arn):
        return ()
    return service_removed(world, service)


def _known(world: World, targets: AbstractSet[DiscoveryServiceArn]) -> Iterator[DiscoveryService]:
    return (d for t in sorted(targets) if (d := world.discovery_services.get(t)) is not None)


def _offered(service: Service) -> set[DiscoveryServiceArn]:
    """What the deployments of a service offer; a deleted one offers nothing."""
    views = [d.view for d in service.deployments if service.status is ServiceStatus.ACTIVE]
    return {o.discovery_service for v in views if v is not None for o in v.offers}


def _namespaces(service: Service) -> set[NamespaceArn]:
    return {d.view.namespace for d in service.deployments if d.view is not None}


def _left_behind(world: World, namespace: NamespaceArn) -> Iterator[DiscoveryService]:
    """What deleted services made in the namespace."""
    for made in world.discovery_services.by("namespace", namespace):
        owner = world.services.get(made.owner)
        if made.owner is not None and (owner is None or owner.status is ServiceStatus.INACTIVE):
            yield made


def _needed(
    world: World, namespace: NamespaceArn, following: Service | None, task: Task | None = None
) -> Iterator[DiscoveryServiceArn]:
    """What deployments and tasks of the namespace offer or call, ``following`` and ``task`` as they will be; a task
    that is stopping calls nobody, and where names are live a deployment's own say nothing.
    """
    known = world.services.by("namespace", namespace)
    services = known if following is None else (following, *(s for s in known if s.arn != following.arn))
    active = [s for s in services if s.status is ServiceStatus.ACTIVE]
    tasks = [task if task is not None and t.arn == task.arn else t for t in world.tasks.by("namespace", namespace)]
    running = [t.view for t in tasks if t.last_status not in AFTER_DRAIN]
    frozen = [d.view for s in active if not is_live(world, s.cluster) for d in s.deployments]
    offering = [*running, *(d.view for s in active for d in s.deployments)]
    yield from (o.discovery_service for t in tasks for o in offers(t))
    yield from (o.discovery_service for v in offering if v is not None for o in v.offers)
    yield from (n.target for v in (*running, *frozen) if v is not None for n in v.names)
