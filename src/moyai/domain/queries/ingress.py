"""Look-ups of resources that ECS manages for services."""

from __future__ import annotations

from collections.abc import Iterator

from moyai.domain.acm.certificate import CertificateStatus
from moyai.domain.ecs.ingress import IngressPath, RouteStatus
from moyai.domain.ecs.service import ServiceStatus
from moyai.domain.elb.load_balancer import LoadBalancerState
from moyai.domain.world import World
from moyai.kernel.ids import ServiceArn

_SERVED = frozenset({LoadBalancerState.ACTIVE, LoadBalancerState.ACTIVE_IMPAIRED})


def managed_for(world: World, resource: str) -> ServiceArn | None:
    """The first service for which ECS has made the resource with this ARN or id, and still needs it; None for a
    resource that ECS has not made.
    """
    for path in world.ingress_paths.each("resource", resource):
        return path.service
    for express in world.express_services.each("security_group", resource):
        return express.service
    return None


def routes_of_cluster(world: World, gateway: str, cluster: str) -> Iterator[IngressPath]:
    """The routes of the cluster's services through the gateway."""
    for path in world.ingress_paths.each("pool", gateway):
        service = world.services.get(path.service)
        if service is not None and service.cluster == cluster:
            yield path


def route_status(world: World, path: IngressPath) -> RouteStatus:
    """The status of a route, by the records behind it."""
    service = world.services.get(path.service)
    in_use = () if service is None or not service.deployments else service.primary.task_targets
    is_used = any(target.group in path.target_groups for target in in_use)
    if service is None or service.status is not ServiceStatus.ACTIVE or not is_used:
        return RouteStatus.DELETE_IN_PROGRESS
    certificate, balancer = (
        world.managed_certificates.get(path.certificate),
        world.load_balancers.get(path.load_balancer),
    )
    if certificate is None or balancer is None or path.rule not in world.rules:
        return RouteStatus.UPDATE_FAILED
    if certificate.status is CertificateStatus.FAILED or balancer.state is LoadBalancerState.FAILED:
        return RouteStatus.CREATE_FAILED
    is_ready = certificate.status is CertificateStatus.ISSUED and balancer.state in _SERVED
    return RouteStatus.ACTIVE if is_ready else RouteStatus.CREATE_IN_PROGRESS
