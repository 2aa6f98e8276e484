"""Service Connect resolution: computes, from a service's configuration, the names and ports that its tasks call and
offer.

Promise: ``resolve`` is called once for each deployment, which keeps the result: every endpoint that the namespace has
at that moment (the service's own among them, and Cloud Map services that take part without ECS), each with a virtual
address, and the ports that the service offers. It refuses configurations that could not work later: two services under
one discovery name, two endpoints under one ``name:port``, another protocol under a name that clients already use.
``validation`` has the checks that need the configuration alone. The error messages are AWS's where they are known.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from moyai.domain.cloudmap.namespace import Namespace
from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.connect.config import ServiceConnectConfiguration, ServiceConnectService
from moyai.domain.connect.names import ConnectView, Offer, SeenName, TrafficHeader, allocate_addresses
from moyai.domain.ecs.errors import ClientException, InvalidParameter, NamespaceNotFound
from moyai.domain.ecs.service import ServiceStatus
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
from moyai.plan.certificates.authority import built_in_authority, new_built_in_authority, signing_authority
from moyai.plan.cloudmap.namespaces import find_namespace, not_shared
from moyai.plan.service_connect.endpoints import ConnectEndpoint, endpoints_without_ecs, offered_endpoints
from moyai.plan.service_connect.validation import (
    check_configuration,
    check_discovery_name,
    check_dns_name,
    check_members,
    offered_port,
)

_ID_LENGTH = 16


class ConnectRequest(NamedTuple):
    """The Service Connect settings of a new deployment of ``service``. ``default_namespace``: its cluster's, if any."""

    service: ServiceArn
    configuration: ServiceConnectConfiguration | None
    definition: TaskDefinition
    default_namespace: NamespaceArn | None


class Resolution(NamedTuple):
    """The answer to a request: the view (None without Service Connect), and the records to put with it."""

    view: ConnectView | None
    changes: tuple[Put, ...] = ()


class _Context(NamedTuple):
    """Everything on which the resolution of an offered port depends."""

    world: World
    service: ServiceArn
    namespace: Namespace
    now: Instant
    ids: Ids


class _ResolvedOffer(NamedTuple):
    """A port that the service offers, with its endpoint. ``changes``: the discovery service, if it is new or
    changed.
    """

    offer: Offer
    endpoint: ConnectEndpoint
    changes: tuple[Put, ...]


def resolve(world: World, request: ConnectRequest, now: Instant, ids: Ids) -> Resolution:
    """The view of one deployment. Raises NamespaceNotFound, InvalidParameter, or ClientException where the namespace
    is another account's and not shared.
    """
    configuration = request.configuration
    if configuration is None or not configuration.enabled:
        return Resolution(None)
    namespace = _namespace(world, request, configuration)
    check_members(configuration)
    check_configuration(configuration, request.definition)
    context = _Context(world, request.service, namespace, now, ids)
    built_in = _built_in_authority(context, configuration)
    offers: list[_ResolvedOffer] = []
    for entry in configuration.services:
        port = offered_port(entry, request.definition)
        record, changes = _discovery_service(context, entry.name, port)
        scope = scope_of(request.service)
        authority = None if entry.tls is None else signing_authority(world, entry.tls, scope, built_in)
        endpoint = _endpoint(entry, port, namespace, record)
        offers.append(_ResolvedOffer(_offer(entry, port, record, endpoint, authority), endpoint, changes))
    own = [offer.endpoint for offer in offers]
    others = _endpoints_of_others(world, namespace, request.service, own)
    _check_unique(own, others)
    view = ConnectView(
        namespace=namespace.arn,
        names=_names((*others, *own)),
        offers=tuple(offer.offer for offer in offers),
        access_log=configuration.access_log_configuration,
        log_configuration=configuration.log_configuration,
        proxy_log_level=configuration.proxy_log_level,
    )
    new_authority = () if built_in is None or built_in.arn in world.authorities else (Put(built_in),)
    return Resolution(view, (*new_authority, *(change for offer in offers for change in offer.changes)))


def _namespace(world: World, request: ConnectRequest, configuration: ServiceConnectConfiguration) -> Namespace:
    identifier = configuration.namespace or request.default_namespace
    if identifier is None:
        raise InvalidParameter(
            "Namespace is missing. Name one in serviceConnectConfiguration, or give the cluster a default"
            " in serviceConnectDefaults."
        )
    scope = scope_of(request.service)
    namespace = find_namespace(world, scope, identifier)
    if namespace is None:
        denied = not_shared(scope, identifier)
        if denied is not None:
            raise ClientException(denied)
        raise NamespaceNotFound(f"The namespace {identifier} was not found. Create it in Cloud Map first.")
    return namespace


def _built_in_authority(context: _Context, configuration: ServiceConnectConfiguration) -> CertificateAuthority | None:
    """The installation's own authority, perhaps a new one; None when no offered port needs it."""
    with_tls = [s.tls for s in configuration.services if s.tls is not None]
    if all(tls.issuer_certificate_authority.aws_pca_authority_arn for tls in with_tls):
        return None
    scope = scope_of(context.service)
    return built_in_authority(context.world, scope) or new_built_in_authority(scope, context.now, context.ids)


def _discovery_service(context: _Context, name: str, port: PortMapping) -> tuple[DiscoveryService, tuple[Put, ...]]:
    """The discovery service of an offered port, and the change that creates, adopts or updates it."""
    services = context.world.discovery_services.by("namespace", context.namespace.arn)
    existing_service = next((s for s in services if s.name == name), None)
    check_discovery_name(context.world, context.service, existing_service, port)
    record = existing_service or _new_discovery_service(context.namespace, name, context.now, context.ids)
    adopted = record.adopted or (existing_service is not None and existing_service.owner is None)
    record = replace(record, owner=context.service, protocol=port.app_protocol, adopted=adopted)
    return record, () if record == existing_service else (Put(record),)


def _new_discovery_service(namespace: Namespace, name: str, now: Instant, ids: Ids) -> DiscoveryService:
    identity = DiscoveryServiceId(f"srv-{ids.alphanumeric(_ID_LENGTH)}")
    return DiscoveryService(
        arn=DiscoveryServiceArn(arn("servicediscovery", scope_of(namespace.arn), f"service/{identity}")),
        id=identity,
        name=name,
        namespace=namespace.arn,
        created_at=now,
    )


def _offer(
    entry: ServiceConnectService,
    port: PortMapping,
    record: DiscoveryService,
    endpoint: ConnectEndpoint,
    authority: CertificateAuthorityArn | None,
) -> Offer:
    timeout = entry.timeout
    return Offer(
        discovery_service=record.arn,
        discovery_name=record.name,
        container_port=port.container_port,
        protocol=port.app_protocol,
        ingress_port=entry.ingress_port_override or None,
        idle_timeout_seconds=None if timeout is None else timeout.idle_timeout_seconds,
        per_request_timeout_seconds=None if timeout is None else timeout.per_request_timeout_seconds,
        test_header=_test_header(entry),
        authority=authority,
        dns_name=endpoint.dns_name,
        client_port=endpoint.port,
    )


def _test_header(entry: ServiceConnectService) -> TrafficHeader:
    aliases = entry.client_aliases or ()
    rules = next((a.test_traffic_rules for a in aliases if a.test_traffic_rules is not None), None)
    if rules is None:
        return TrafficHeader()
    value = rules.header.value
    return TrafficHeader(rules.header.name.lower(), None if value is None else value.exact)


def _endpoint(
    entry: ServiceConnectService, port: PortMapping, namespace: Namespace, record: DiscoveryService
) -> ConnectEndpoint:
    default_name = f"{record.name}.{namespace.name}".lower()
    alias = next(iter(entry.client_aliases or ()), None)
    dns_name = (alias.dns_name if alias is not None else None) or default_name
    check_dns_name(dns_name)
    return ConnectEndpoint(dns_name, port.container_port if alias is None else alias.port, record.arn)


def _endpoints_of_others(
    world: World, namespace: Namespace, service: ServiceArn, own: Iterable[ConnectEndpoint]
) -> Mapping[ConnectEndpoint, str]:
    """The endpoints in the namespace beside the service's own, each with the ARN of the service that has it."""
    with_ecs: dict[ConnectEndpoint, str] = {
        endpoint: owner.arn
        for owner in world.services.by("namespace", namespace.arn)
        if owner.arn != service and owner.status is ServiceStatus.ACTIVE
        for endpoint in offered_endpoints(owner.primary.view, namespace.arn)
    }
    targets = {endpoint.target for endpoint in own}
    without_ecs = endpoints_without_ecs(world, namespace, with_ecs)
    return {**{e: target for e, target in without_ecs.items() if target not in targets}, **with_ecs}


def _check_unique(own: Iterable[ConnectEndpoint], others: Mapping[ConnectEndpoint, str]) -> None:
    """Raise InvalidParameter when two endpoints have one name and port."""
    owners = {(endpoint.dns_name, endpoint.port): owner for endpoint, owner in others.items()}
    own_names: set[tuple[str, int]] = set()
    for dns_name, port, _ in own:
        if (dns_name, port) in own_names:
            raise InvalidParameter(f"The endpoint {dns_name}:{port} is given twice in serviceConnectConfiguration.")
        if (dns_name, port) in owners:
            raise InvalidParameter(
                f"The endpoint {dns_name}:{port} is already used in the namespace by {owners[dns_name, port]}."
                " Give the clientAlias another dnsName or port."
            )
        own_names.add((dns_name, port))


def _names(endpoints: Iterable[ConnectEndpoint]) -> tuple[SeenName, ...]:
    """The endpoints as names of a view, each with a virtual address."""
    ordered = sorted(endpoints)
    addresses = allocate_addresses(endpoint.dns_name for endpoint in ordered)
    return tuple(SeenName(e.dns_name, e.port, addresses[e.dns_name], e.target) for e in ordered)
