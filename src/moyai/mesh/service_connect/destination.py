"""The destination of a called service: its endpoints, and how callers treat them."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address

from msgspec.structs import replace

from moyai.domain.cloudmap.service import INSTANCE_IPV4, INSTANCE_PORT, ZONE, DiscoveryService
from moyai.domain.connect.outside import external_endpoint
from moyai.domain.connect.tuning import Tuning
from moyai.domain.sandbox.state import Health
from moyai.domain.world import World
from moyai.mesh.ir import (
    Destination,
    Diagnostic,
    EndpointGroup,
    EndpointGroupSource,
    LoadBalancingPolicy,
    Member,
    Protocol,
)
from moyai.mesh.service_connect.policies import (
    CONNECT_TIMEOUT,
    app_connection_idle,
    inbound_stat_name,
    service_protocol,
    tuned_outlier,
)
from moyai.mesh.service_connect.tls import issuer_of, trusts_of
from moyai.mesh.service_connect.traffic_split import CalledService, PoolMember, PoolTarget, members_of
from moyai.mesh.service_connect.zones import zone_aware_from

_MAX_PORT = 65535


def destination_of(world: World, callee: CalledService, name: str) -> Destination:
    """How callers treat the endpoints of a discovery service."""
    service, tuning = callee.service, callee.tuning
    protocol = service_protocol(service)
    balancing = _balancing(protocol, tuning)
    is_hashed = balancing is LoadBalancingPolicy.CONSISTENT_HASH
    return Destination(
        name=name,
        source=EndpointGroupSource(name),
        protocol=protocol,
        connect_timeout=tuning.connect_timeout or CONNECT_TIMEOUT,
        outlier=tuned_outlier(tuning),
        stat_name=f"egress.{service.name}",
        zone_aware_from=0 if is_hashed else zone_aware_from(world, callee),
        load_balancing=balancing,
        trusts=trusts_of(world, service),
        app_connection_idle=app_connection_idle(protocol),
    )


def _balancing(protocol: Protocol, tuning: Tuning) -> LoadBalancingPolicy:
    """The load balancing policy; TCP has no requests to hash."""
    policy = (
        LoadBalancingPolicy.ROUND_ROBIN
        if tuning.load_balancing is None
        else LoadBalancingPolicy(tuning.load_balancing.policy)
    )
    hashed = policy is LoadBalancingPolicy.CONSISTENT_HASH
    return LoadBalancingPolicy.ROUND_ROBIN if hashed and protocol is Protocol.TCP else policy


def group_of(
    world: World, service: DiscoveryService, target: PoolTarget, diagnostics: list[Diagnostic]
) -> EndpointGroup:
    """The healthy instances of a target, or all of them if none is healthy, as DiscoverInstances has it. Instances
    without an address or a port are left out and reported in ``diagnostics``.
    """
    members = []
    default_port = _default_port(service, target)
    instances = tuple(members_of(world, service, target))
    healthy = [pool_member for pool_member in instances if pool_member.instance.health is not Health.UNHEALTHY]
    for pool_member in healthy or instances:
        member = _member(pool_member, default_port)
        if member is None:
            message = f"instance {pool_member.instance.id} is left out: it needs {INSTANCE_IPV4} and {INSTANCE_PORT}"
            diagnostics.append(Diagnostic(service.arn, message))
        else:
            members.append(member)
    return EndpointGroup(target.destination, tuple(sorted(set(members))))


def _default_port(service: DiscoveryService, target: PoolTarget) -> int | None:
    """The port of instances without a recorded port, such as those of serviceRegistries with A records; None if
    unknown.
    """
    participant = external_endpoint(service.attributes)
    if participant is not None:
        return participant.instance_port
    return target.offer.reachable_port if service.adopted and target.offer is not None else None


def _member(pool_member: PoolMember, default_port: int | None) -> Member | None:
    attributes = pool_member.instance.attributes
    try:
        address = str(IPv4Address(attributes.get(INSTANCE_IPV4, "")))
        port = int(attributes.get(INSTANCE_PORT, "") or default_port or "")
    except (AddressValueError, ValueError):
        return None
    if not 0 < port <= _MAX_PORT:
        return None
    offer, task = pool_member.offer, pool_member.task
    member = Member(attributes.get(ZONE, ""), address, port, issuer_of(offer))
    if offer is None or task is None:
        return member
    stat_name = inbound_stat_name(offer.discovery_name)
    return replace(member, workload=task.arn, workload_port=offer.reachable_port, stat_name=stat_name)
