"""The endpoints of a namespace: the names and ports that its tasks call, and the discovery service behind each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.connect.names import ConnectView
from moyai.domain.connect.outside import external_endpoint
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.world import World
from moyai.kernel.ids import DiscoveryServiceArn, NamespaceArn
from moyai.plan.service_connect.validation import is_callable

Endpoints = Mapping[tuple[str, int], DiscoveryServiceArn]
"""The discovery service behind each name and port that clients call."""


class ConnectEndpoint(NamedTuple):
    """A name and port that clients call, and the discovery service that they reach."""

    dns_name: str
    port: int
    target: DiscoveryServiceArn


def endpoints_in(world: World, namespace: NamespaceArn, *, leaving: bool = False) -> Endpoints:
    """Every name and port that a new deployment in the namespace would see.

    ``leaving``: also those that only deployments offer whose tasks are being replaced.
    """
    record = world.namespaces.get(namespace)
    if record is None:
        return {}
    views = world.services.projection(_views).by("namespace", namespace)
    older = [view for of_service in views for view in of_service[1:]] if leaving else []
    newest = [view for of_service in views for view in of_service[:1]]
    with_ecs = {
        endpoint: endpoint.target for view in (*older, *newest) for endpoint in offered_endpoints(view, namespace)
    }
    return {(e.dns_name, e.port): e.target for e in (*endpoints_without_ecs(world, record, with_ecs), *with_ecs)}


def endpoints_without_ecs(
    world: World, namespace: Namespace, with_ecs: Iterable[ConnectEndpoint]
) -> Mapping[ConnectEndpoint, DiscoveryServiceArn]:
    """The endpoints of Cloud Map services that take part without ECS, under their full and their short name, unless
    clients can't call the name or an endpoint of ``with_ecs`` has it.
    """
    names = {(endpoint.dns_name, endpoint.port) for endpoint in with_ecs}
    endpoints: dict[ConnectEndpoint, DiscoveryServiceArn] = {}
    for service in world.discovery_services.each("namespace", namespace.arn):
        participant = external_endpoint(service.attributes)
        if service.owner is not None or participant is None:
            continue
        usual = (f"{service.name}.{namespace.name}".lower(), service.name.lower())
        for name in usual if participant.client_name is None else (participant.client_name,):
            if is_callable(name) and (name, participant.client_port) not in names:
                endpoints[ConnectEndpoint(name, participant.client_port, service.arn)] = service.arn
    return endpoints


def offered_endpoints(view: ConnectView | None, namespace: NamespaceArn) -> Iterator[ConnectEndpoint]:
    """The endpoints that a deployment offers. Views stored by older versions have them among their names only."""
    if view is None or view.namespace != namespace:
        return
    yield from (
        ConnectEndpoint(o.dns_name, o.client_port, o.discovery_service) for o in view.offers if o.dns_name is not None
    )
    without_name = {offer.discovery_service for offer in view.offers if offer.dns_name is None}
    if without_name:
        yield from (ConnectEndpoint(n.dns_name, n.port, n.target) for n in view.names if n.target in without_name)


def _views(service: Service) -> tuple[ConnectView | None, ...]:
    """The views of the service's deployments, the newest first; none of a service that is not ACTIVE, because it
    offers nothing.
    """
    return tuple(d.view for d in service.deployments) if service.status is ServiceStatus.ACTIVE else ()
