"""Service Connect, resolved: from what a service asks for to what each of its tasks sees.

Promise: ``resolve`` is asked once a deployment, and its answer is frozen with it: the names of every
endpoint in the namespace at that moment (the service's own among them, and Cloud Map services that
take part without ECS), a virtual address for each,
and the ports the service offers. It refuses what could not work later: two services under one
discovery name, two endpoints under one ``name:port``, another protocol under a name that clients
already use. What is wrong with a configuration by itself is ``connect_rules``'. AWS's wording is used
where it is known.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.connect.config import ServiceConnectConfiguration, ServiceConnectService
from moyai.domain.connect.names import ConnectView, Offer, SeenName, TrafficHeader, allot
from moyai.domain.connect.outside import outside_of
from moyai.domain.ecs.errors import ClientException, InvalidParameter, NamespaceNotFound
from moyai.domain.ecs.service import Service, ServiceStatus
from moyai.domain.ecs.task_definition import PortMapping, TaskDefinition
from moyai.domain.keys import scope_of
from moyai.domain.pca.authority import CertificateAuthority
from moyai.domain.world import Put, World
from moyai.kernel.arn import arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import (
    CertificateAuthorityArn,
    DiscoveryServiceArn,
    DiscoveryServiceId,
    Ids,
    NamespaceArn,
    ServiceArn,
)
from moyai.plan.authorities import built_in as own_authority
from moyai.plan.authorities import new_built_in, signer
from moyai.plan.connect_logs import check_logs
from moyai.plan.connect_rules import check_configuration, check_dns_name, is_callable, offered_port
from moyai.plan.discovery_names import check_free
from moyai.plan.namespaces import find_namespace, not_shared

_ID_LENGTH = 16

Endpoints = Mapping[tuple[str, int], DiscoveryServiceArn]
"""Names and ports that clients call, and whom each reaches."""


class Wish(NamedTuple):
    """What a deployment of ``service`` asks for. ``default_namespace`` is its cluster's, if it has one."""

    service: ServiceArn
    configuration: ServiceConnectConfiguration | None
    definition: TaskDefinition
    default_namespace: NamespaceArn | None


class Resolved(NamedTuple):
    """What came of a wish: the view (None without Service Connect), and the records to put with it."""

    view: ConnectView | None
    changes: tuple[Put, ...] = ()


class _Endpoint(NamedTuple):
    """A name and port that clients call, and whom they reach."""

    dns_name: str
    port: int
    target: DiscoveryServiceArn


def resolve(world: World, wish: Wish, now: Instant, ids: Ids) -> Resolved:
    """The view of one deployment. Raises NamespaceNotFound, InvalidParameter, or ClientException where the namespace
    is another account's and not shared.
    """
    configuration = wish.configuration
    if configuration is None or not configuration.enabled:
        return Resolved(None)
    namespace = _namespace(world, wish, configuration)
    check_configuration(configuration, wish.definition)
    check_logs(configuration)
    offers: list[Offer] = []
    own: list[_Endpoint] = []
    built_in = _built_in(world, wish.service, configuration, now, ids)
    changes: list[Put] = [] if built_in is None or built_in.arn in world.authorities else [Put(built_in)]
    for asked in configuration.services:
        port = offered_port(asked, wish.definition)
        known = _known(world, namespace, asked.name)
        check_free(world, wish.service, known, port)
        record = known or _new_service(namespace, asked.name, now, ids)
        adopted = record.adopted or (known is not None and known.owner is None)
        record = replace(record, owner=wish.service, protocol=port.app_protocol, adopted=adopted)
        changes += [Put(record)] if record != known else []
        authority = None if asked.tls is None else signer(world, asked.tls, scope_of(wish.service), built_in)
        endpoint = _endpoint(asked, port, namespace, record)
        offer = _offer(asked, port, record, authority)
        offers.append(replace(offer, dns_name=endpoint.dns_name, client_port=endpoint.port))
        own.append(endpoint)
    offered = _others(world, namespace, wish.service)
    taken = {endpoint.target for endpoint in own}
    outside = {e: t for e, t in _outside(world, namespace, offered).items() if t not in taken}
    others = {**outside, **offered}
    _check_unique(own, others)
    view = ConnectView(
        namespace=namespace.arn,
        names=_seen((*others, *own)),
        offers=tuple(offers),
        access_log=configuration.access_log_configuration,
        log_configuration=configuration.log_configuration,
        proxy_log_level=configuration.proxy_log_level,
    )
    return Resolved(view, tuple(changes))


def _namespace(world: World, wish: Wish, configuration: ServiceConnectConfiguration) -> Namespace:
    identifier = configuration.namespace or wish.default_namespace
    if identifier is None:
        raise InvalidParameter(
            "Namespace is missing. Name one in serviceConnectConfiguration, or give the cluster a default"
            " in serviceConnectDefaults."
        )
    scope = scope_of(wish.service)
    found = find_namespace(world, scope, identifier)
    if found is None:
        denied = not_shared(scope, identifier)
        if denied is not None:
            raise ClientException(denied)
        raise NamespaceNotFound(f"The namespace {identifier} was not found. Create it in Cloud Map first.")
    return found


def _known(world: World, namespace: Namespace, name: str) -> DiscoveryService | None:
    services = world.discovery_services.by("namespace", namespace.arn)
    return next((s for s in services if s.name == name), None)


def _built_in(
    world: World, service: ServiceArn, configuration: ServiceConnectConfiguration, now: Instant, ids: Ids
) -> CertificateAuthority | None:
    """The installation's own authority, maybe a new one; None when each of the services names one, or has no TLS."""
    if all(s.tls is None or s.tls.issuer_certificate_authority.aws_pca_authority_arn for s in configuration.services):
        return None
    scope = scope_of(service)
    return own_authority(world, scope) or new_built_in(scope, now, ids)


def _new_service(namespace: Namespace, name: str, now: Instant, ids: Ids) -> DiscoveryService:
    discovery_id = DiscoveryServiceId(f"srv-{ids.alphanumeric(_ID_LENGTH)}")
    return DiscoveryService(
        arn=DiscoveryServiceArn(arn("servicediscovery", scope_of(namespace.arn), f"service/{discovery_id}")),
        id=discovery_id,
        name=name,
        namespace=namespace.arn,
        created_at=now,
    )


def _offer(
    asked: ServiceConnectService,
    port: PortMapping,
    record: DiscoveryService,
    authority: CertificateAuthorityArn | None,
) -> Offer:
    timeout = asked.timeout
    return Offer(
        discovery_service=record.arn,
        discovery_name=record.name,
        container_port=port.container_port,
        protocol=port.app_protocol,
        ingress_port=asked.ingress_port_override or None,
        idle_timeout_seconds=None if timeout is None else timeout.idle_timeout_seconds,
        per_request_timeout_seconds=None if timeout is None else timeout.per_request_timeout_seconds,
        test_header=_test_header(asked),
        authority=authority,
    )


def _test_header(asked: ServiceConnectService) -> TrafficHeader:
    rules = next((a.test_traffic_rules for a in asked.client_aliases or () if a.test_traffic_rules is not None), None)
    if rules is None:
        return TrafficHeader()
    value = rules.header.value
    return TrafficHeader(rules.header.name.lower(), None if value is None else value.exact)


def _endpoint(
    asked: ServiceConnectService, port: PortMapping, namespace: Namespace, record: DiscoveryService
) -> _Endpoint:
    default_name = f"{record.name}.{namespace.name}".lower()
    alias = next(iter(asked.client_aliases or ()), None)
    dns_name = (alias.dns_name if alias is not None else None) or default_name
    check_dns_name(dns_name)
    return _Endpoint(dns_name, port.container_port if alias is None else alias.port, record.arn)


def endpoints(world: World, namespace: NamespaceArn, *, leaving: bool = False) -> Endpoints:
    """Every name and port that a deployment made now would see in the namespace, and whom each reaches.

    ``leaving``: those, too, that only deployments offer whose tasks are being replaced.
    """
    known = world.namespaces.get(namespace)
    if known is None:
        return {}
    views = world.services.projected(_views).by("namespace", namespace)
    older = [view for of_service in views for view in of_service[1:]] if leaving else []
    newest = [view for of_service in views for view in of_service[:1]]
    offered = {endpoint: endpoint.target for view in (*older, *newest) for endpoint in _offered(view, namespace)}
    return {(e.dns_name, e.port): e.target for e in (*_outside(world, known, offered), *offered)}


def _views(service: Service) -> tuple[ConnectView | None, ...]:
    """Of the service's deployments, the newest first; none when it isn't ACTIVE, since then it offers nothing."""
    return tuple(d.view for d in service.deployments) if service.status is ServiceStatus.ACTIVE else ()


def _others(world: World, namespace: Namespace, service: ServiceArn) -> Mapping[_Endpoint, ServiceArn]:
    """The endpoints that the namespace's other services offer by now, and whose each is."""
    return {
        endpoint: other.arn
        for other in world.services.by("namespace", namespace.arn)
        if other.arn != service and other.status is ServiceStatus.ACTIVE
        for endpoint in _offered(other.primary.view, namespace.arn)
    }


def _outside(
    world: World, namespace: Namespace, others: Iterable[_Endpoint]
) -> Mapping[_Endpoint, DiscoveryServiceArn]:
    """The Cloud Map services that take part without ECS, under their full and their short name, where those are free
    and can be called.
    """
    taken = {(endpoint.dns_name, endpoint.port) for endpoint in others}
    found: dict[_Endpoint, DiscoveryServiceArn] = {}
    for service in world.discovery_services.each("namespace", namespace.arn):
        said = outside_of(service.attributes)
        if service.owner is not None or said is None:
            continue
        usual = (f"{service.name}.{namespace.name}".lower(), service.name.lower())
        for name in usual if said.client_name is None else (said.client_name,):
            if is_callable(name) and (name, said.client_port) not in taken:
                found[_Endpoint(name, said.client_port, service.arn)] = service.arn
    return found


def _offered(view: ConnectView | None, namespace: NamespaceArn) -> Iterator[_Endpoint]:
    if view is None or view.namespace != namespace:
        return
    yield from (
        _Endpoint(o.dns_name, o.client_port, o.discovery_service) for o in view.offers if o.dns_name is not None
    )
    own = {offer.discovery_service for offer in view.offers if offer.dns_name is None}
    if not own:
        return
    yield from (_Endpoint(n.dns_name, n.port, n.target) for n in view.names if n.target in own)


def _check_unique(own: Iterable[_Endpoint], others: Mapping[_Endpoint, str]) -> None:
    taken = {(endpoint.dns_name, endpoint.port): arn_ for endpoint, arn_ in others.items()}
    mine: set[tuple[str, int]] = set()
    for endpoint in own:
        place = (endpoint.dns_name, endpoint.port)
        if place in mine:
            raise InvalidParameter(f"The endpoint {place[0]}:{place[1]} is given twice in serviceConnectConfiguration.")
        if place in taken:
            raise InvalidParameter(
                f"The endpoint {place[0]}:{place[1]} is already used in the namespace by {taken[place]}."
                " Give the clientAlias another dnsName or port."
            )
        mine.add(place)


def _seen(endpoints: Iterable[_Endpoint]) -> tuple[SeenName, ...]:
    ordered = sorted(endpoints)
    addresses = allot(endpoint.dns_name for endpoint in ordered)
    return tuple(SeenName(e.dns_name, e.port, addresses[e.dns_name], e.target) for e in ordered)
