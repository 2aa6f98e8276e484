"""Worlds of one namespace in a few lines of YAML, for the cases of mesh and xds.

    services:
      <service>:
        tasks: how many (default 1), or for each whether it is RUNNING, and registered
        zones: the letters of the zones that it may use (default: any)
        tags: of the service
        pools: {<pool>: percent of the traffic}, each with as many tasks (default: one pool without a name)
        test: the pool that test traffic goes to
        log: {format, query} of access logs
        sees: the discovery names its tasks can call (default: none)
        offers:
          <discovery name>: {port, protocol, alias, ingress_port, idle, request, tls, test_header, not_in: pools}
        before: {tasks, tls} of an older deployment that offers the same

``tls`` names an authority. Certificates are mere words; ``certified`` makes them real.

Ids are made from names, addresses and zones from a counter; everything is as the API would record it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml
from msgspec.structs import replace

from moyai.domain.cloudmap.namespace import Namespace, NamespaceType
from moyai.domain.cloudmap.service import INSTANCE_IPV4, INSTANCE_PORT, ZONE, DiscoveryInstance, DiscoveryService
from moyai.domain.connect.certificate import ServerCertificate
from moyai.domain.connect.config import AccessLogConfiguration, AccessLogFormat
from moyai.domain.connect.names import ConnectView, Offer, SeenName, TrafficHeader, allocate_addresses
from moyai.domain.ecs.service import AwsVpcConfiguration, Deployment, DeploymentStatus, NetworkConfiguration, Service
from moyai.domain.ecs.task import NetworkInterface, Task, TaskStatus
from moyai.domain.ecs.task_definition import AppProtocol, ContainerDefinition, PortMapping, TaskDefinition
from moyai.domain.ecs.traffic import ServiceTraffic, TrafficShare
from moyai.domain.vpc.default import default_vpc
from moyai.domain.world import Put, World
from moyai.kernel.clock import Instant
from moyai.kernel.ids import (
    AccountId,
    CertificateAuthorityArn,
    ClusterArn,
    DeploymentId,
    DiscoveryServiceArn,
    DiscoveryServiceId,
    InstanceId,
    NamespaceArn,
    NamespaceId,
    NetworkInterfaceId,
    Pool,
    Region,
    ServiceArn,
    SubnetId,
    TaskArn,
    TaskDefinitionArn,
    TaskId,
    VpcId,
)
from moyai.kernel.scope import Scope
from moyai.kernel.secret import Secret
from tests.authority import an_authority

SCOPE = Scope(AccountId("123456789012"), Region("us-east-1"))
NAMESPACE = NamespaceArn("arn:aws:servicediscovery:us-east-1:123456789012:namespace/ns-shop")
CLUSTER = ClusterArn("arn:aws:ecs:us-east-1:123456789012:cluster/default")
LONG_AGO = Instant(0)


def load(path: Path) -> World:
    """The world that a case describes."""
    return world_of(yaml.safe_load(path.read_text())["services"])


def world_of(services: dict[str, Any]) -> World:
    """The world with these services."""
    world = World()
    world.apply(Put(Namespace(NAMESPACE, NamespaceId("ns-shop"), "shop", NamespaceType.HTTP, LONG_AGO)))
    seen_names = _seen_names(services)
    for name, service in services.items():
        _service(world, name, service or {}, seen_names)
    return world


def discovery_arn(name: str) -> DiscoveryServiceArn:
    return DiscoveryServiceArn(f"arn:aws:servicediscovery:us-east-1:123456789012:service/srv-{name}")


def _seen_names(services: dict[str, Any]) -> dict[str, SeenName]:
    """Every offer by its discovery name, as its callers see it; ``gone`` ones have no service any more."""
    aliases = {n: o.get("alias", f"{n}.shop:{o['port']}") for s in services.values() for n, o in _offers(s)}
    addresses = allocate_addresses(alias.split(":")[0] for alias in aliases.values())
    return {
        name: SeenName(host, int(port), addresses[host], discovery_arn(name))
        for name, alias in aliases.items()
        for host, _, port in [alias.partition(":")]
    }


def _offers(service: dict[str, Any] | None) -> list[tuple[str, dict[str, Any]]]:
    return list((service or {}).get("offers", {}).items())


def _offer(name: str, specified: dict[str, Any]) -> Offer:
    protocol = specified.get("protocol")
    return Offer(
        discovery_service=discovery_arn(name),
        discovery_name=name,
        container_port=specified["port"],
        protocol=None if protocol is None else AppProtocol(protocol),
        ingress_port=specified.get("ingress_port"),
        idle_timeout_seconds=specified.get("idle"),
        per_request_timeout_seconds=specified.get("request"),
        authority=_authority(specified.get("tls")),
        test_header=TrafficHeader(*specified["test_header"]) if "test_header" in specified else TrafficHeader(),
    )


def _authority(name: str | None) -> CertificateAuthorityArn | None:
    if name is None:
        return None
    return CertificateAuthorityArn(f"arn:aws:acm-pca:us-east-1:123456789012:certificate-authority/{name}")


def _certificates(world: World, service: ServiceArn, offers: Iterable[Offer]) -> None:
    for offer in offers:
        if offer.authority is not None:
            serial_text = f"{offer.discovery_name} by {offer.authority.rpartition('/')[2]}"
            server_certificate = ServerCertificate(
                service=service,
                discovery_service=offer.discovery_service,
                authority=offer.authority,
                name=f"{offer.discovery_name}.shop",
                chain=f"certificate of {serial_text}",
                private=Secret(f"key of {serial_text}"),
                roots=(f"root above {serial_text}",),
                serial="01",
                issued_at=LONG_AGO,
                not_after=LONG_AGO,
                renew_at=LONG_AGO,
            )
            world.apply(Put(server_certificate))


def with_certificates(world: World) -> World:
    """The world with certificates that a proxy can read."""
    authority = asyncio.run(an_authority())
    for server_certificate in tuple(world.server_certificates):
        signs = authority.signs(server_certificate.name)
        world.apply(Put(replace(server_certificate, chain=signs.chain, private=signs.private, roots=(authority.root,))))
    return world


def _service(world: World, name: str, specified: dict[str, Any], seen: dict[str, SeenName]) -> None:
    arn = ServiceArn(f"arn:aws:ecs:us-east-1:123456789012:service/default/{name}")
    offers = tuple(_offer(n, o) for n, o in _offers(specified))
    log = specified.get("log")
    access_log = (
        None if log is None else AccessLogConfiguration(AccessLogFormat(log["format"]), log.get("query", "DISABLED"))
    )
    view = ConnectView(NAMESPACE, tuple(seen[n] for n in specified.get("sees", ())), offers, access_log)
    definition = _definition(world, name, offers)
    pools: dict[str, float] = specified.get("pools", {"": 100})
    deployments = tuple(
        Deployment(
            DeploymentId(f"ecs-svc/{name}{pool}"),
            DeploymentStatus.PRIMARY,
            definition,
            LONG_AGO,
            LONG_AGO,
            network_configuration=_network(specified.get("zones")),
            view=_within(view, specified, pool),
            pool=Pool(pool),
        )
        for pool in pools
    )
    shares = tuple(TrafficShare(Pool(pool), round(percent * 10)) for pool, percent in pools.items())
    traffic = ServiceTraffic(shares if "pools" in specified else (), specified.get("test"))
    tags = specified.get("tags", {})
    world.apply(
        Put(Service(arn, name, CLUSTER, LONG_AGO, "test", deployments, desired_count=1, tags=tags, traffic=traffic))
    )
    for offer in offers:
        if not dict(_offers(specified))[offer.discovery_name].get("gone"):
            discovery_service = DiscoveryService(
                offer.discovery_service,
                DiscoveryServiceId(f"srv-{offer.discovery_name}"),
                offer.discovery_name,
                NAMESPACE,
                LONG_AGO,
                owner=arn,
                protocol=offer.protocol,
            )
            world.apply(Put(discovery_service))
    _certificates(world, arn, offers)
    before = specified.get("before", {"tasks": 0, "tls": None})
    older = replace(view, offers=tuple(replace(o, authority=_authority(before["tls"])) for o in offers))
    if before["tasks"]:
        _certificates(world, arn, older.offers)
    for number in range(before["tasks"]):
        _task(world, f"{name}-before-{number}", arn, replace(deployments[0], view=older), registered=True)
    tasks = specified.get("tasks", 1)
    for deployment in deployments:
        for number, registered in enumerate([True] * tasks if isinstance(tasks, int) else tasks):
            _task(world, f"{name}-{number}{deployment.pool}", arn, deployment, registered=registered)


def _within(view: ConnectView, given: dict[str, Any], pool: str) -> ConnectView:
    """The view of a pool that may not offer everything."""
    absent = {name for name, offered in _offers(given) if pool in offered.get("not_in", ())}
    return replace(view, offers=tuple(o for o in view.offers if o.discovery_name not in absent))


def _network(zones: str | None) -> NetworkConfiguration | None:
    if zones is None:
        return None
    subnets = tuple(s.id for s in default_vpc(SCOPE).subnets if s.zone[-1] in zones)
    return NetworkConfiguration(AwsVpcConfiguration(subnets))


def _definition(world: World, name: str, offers: tuple[Offer, ...]) -> TaskDefinitionArn:
    arn = TaskDefinitionArn(f"arn:aws:ecs:us-east-1:123456789012:task-definition/{name}:1")
    ports = tuple(PortMapping(o.container_port, name=o.discovery_name, app_protocol=o.protocol) for o in offers)
    app = ContainerDefinition("app", "moyai.local/host", port_mappings=ports)
    world.apply(Put(TaskDefinition(arn, name, 1, LONG_AGO, "test", (app,))))
    return arn


def _task(world: World, name: str, service: ServiceArn, deployment: Deployment, *, registered: bool) -> None:
    view = deployment.view
    assert view is not None
    number = len(world.tasks) + 1
    zone, address = f"us-east-1{'abc'[number % 3]}", f"172.31.0.{number}"
    arn = TaskArn(f"arn:aws:ecs:us-east-1:123456789012:task/default/{name}")
    interface = NetworkInterface(
        NetworkInterfaceId(f"eni-{name}"), "", VpcId("vpc-1"), SubnetId("subnet-1"), address, "", ""
    )
    task = Task(
        arn,
        TaskId(name),
        CLUSTER,
        world.services[service].primary.task_definition,
        LONG_AGO,
        "",
        zone,
        interface,
        (),
        last_status=TaskStatus.RUNNING if registered else TaskStatus.ACTIVATING,
        service=service,
        pool=deployment.pool,
        view=view,
    )
    world.apply(Put(task))
    for offer in view.offers if registered else ():
        attributes = {INSTANCE_IPV4: address, INSTANCE_PORT: str(offer.reachable_port), ZONE: zone}
        instance = DiscoveryInstance(offer.discovery_service, InstanceId(name), attributes, LONG_AGO, task=arn)
        world.apply(Put(instance))
