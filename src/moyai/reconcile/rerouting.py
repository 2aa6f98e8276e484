"""How far a service's callers are from sending as its traffic says.

Promise: asked of what was published and acknowledged, never of what was meant: the mesh must have been made from
the service's present traffic, and each caller's running proxy must have acknowledged all that it was sent since.
"""

from __future__ import annotations

from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.ecs.task import ContainerStatus
from moyai.domain.world import Observed, Rerouting, World
from moyai.kernel.ids import ProxyId, ServiceArn
from moyai.mesh.service_connect.called import called_in
from moyai.mesh.service_connect.service import service_of
from moyai.plan.pools import is_simple
from moyai.ports.proxies import ProxyFeed
from moyai.reconcile.ports import Surroundings


def is_shifting_traffic(world: World, arn: ServiceArn) -> bool:
    """Whether the service has more than one pool, or a deployment in a stage: then it may wait for callers."""
    service = world.services.get(arn)
    if service is None or service.status is ServiceStatus.INACTIVE:
        return False
    record = world.service_deployments.get(service.current_deployment)
    return not is_simple(service) or (record is not None and record.stage is not None)


def look(around: Surroundings, arn: ServiceArn) -> Observed:
    """The part of the world that a service's next step depends on."""
    world = around.store.world
    service = world.services.get(arn)
    if service is None or not is_shifting_traffic(world, arn):
        return Observed()
    return Observed(reroutings={arn: _rerouting(around, service)})


def _rerouting(around: Surroundings, service: Service) -> Rerouting:
    offered = around.store.world.discovery_services.by("owner", service.arn)
    waiting = {w for offer in offered for w in _unaware(around, offer)}
    return Rerouting(all(_is_published(around, offer) for offer in offered), frozenset(waiting))


def _is_published(around: Surroundings, offer: DiscoveryService) -> bool:
    world = around.store.world
    namespace = world.namespaces.get(offer.namespace)
    if namespace is None:
        return True
    called = called_in(world, namespace, offer)
    published = around.feed.service(called.name, namespace.arn)
    return published is None or published == service_of(called)


def _unaware(around: Surroundings, offer: DiscoveryService) -> set[ProxyId]:
    """Running proxies that call the offer and have something left to acknowledge, or no stream to do it on."""
    callers = (
        ProxyId(task.arn)
        for task in around.store.world.tasks.by("namespace", offer.namespace)
        if task.proxy is not None and task.proxy.last_status is ContainerStatus.RUNNING
        if task.view is not None and any(name.target == offer.arn for name in task.view.names)
    )
    return {proxy for proxy in callers if not _is_synced(around.feed, proxy)}


def _is_synced(feed: ProxyFeed, proxy: ProxyId) -> bool:
    state = feed.state(proxy)
    return state is not None and state.synced
