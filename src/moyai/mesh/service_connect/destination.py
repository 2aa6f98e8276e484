"""Who answers for a discovery service, and how callers treat them."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address

from moyai.domain.cloudmap.service import INSTANCE_IPV4, INSTANCE_PORT, ZONE, DiscoveryService
from moyai.domain.connect.outside import outside_of
from moyai.domain.connect.tuning import Tuning
from moyai.domain.sandbox.state import Health
from moyai.domain.world import World
from moyai.mesh.ir import Destination, Diagnostic, EndpointGroup, Grouped, LoadBalancing, Member, Protocol
from moyai.mesh.service_connect.branches import Branch, BranchMember, members_of
from moyai.mesh.service_connect.called import Called
from moyai.mesh.service_connect.policies import CONNECT_TIMEOUT, spoken_by, tuned_outlier
from moyai.mesh.service_connect.tls import issuer_of, trusts_of
from moyai.mesh.service_connect.zones import zone_aware_from

_MAX_PORT = 65535


def destination_of(world: World, called: Called, name: str) -> Destination:
    """How callers treat the endpoints of a discovery service."""
    service, tuning = called.service, called.tuning
    protocol = spoken_by(service)
    balancing = _balancing(protocol, tuning)
    hashed = balancing is LoadBalancing.CONSISTENT_HASH
    return Destination(
        name=name,
        source=Grouped(name),
        protocol=protocol,
        connect_timeout=tuning.connect_timeout or CONNECT_TIMEOUT,
        outlier=tuned_outlier(tuning),
        stat_name=f"egress.{service.name}",
        zone_aware_from=0 if hashed else zone_aware_from(world, called),
        load_balancing=balancing,
        trusts=trusts_of(world, service),
    )


def _balancing(protocol: Protocol, tuning: Tuning) -> LoadBalancing:
    """TCP has nothing to take a hash of."""
    policy = LoadBalancing.ROUND_ROBIN if tuning.load_balancing is None else LoadBalancing(tuning.load_balancing.policy)
    hashed = policy is LoadBalancing.CONSISTENT_HASH
    return LoadBalancing.ROUND_ROBIN if hashed and protocol is Protocol.TCP else policy


def group_of(world: World, service: DiscoveryService, branch: Branch, diagnostics: list[Diagnostic]) -> EndpointGroup:
    """Every healthy instance of the branch, or every one where none is healthy, as DiscoverInstances has it. What has
    no address or port is left out and reported in ``diagnostics``.
    """
    members = []
    default_port = _default_port(service, branch)
    found = tuple(members_of(world, service, branch))
    healthy = [one for one in found if one.instance.health is not Health.UNHEALTHY]
    for one in healthy or found:
        member = _member(one, default_port)
        if member is None:
            message = f"instance {one.instance.id} is left out: it needs {INSTANCE_IPV4} and {INSTANCE_PORT}"
            diagnostics.append(Diagnostic(service.arn, message))
        else:
            members.append(member)
    return EndpointGroup(branch.destination, tuple(sorted(set(members))))


def _default_port(service: DiscoveryService, branch: Branch) -> int | None:
    """Where instances answer that tell no port, as those of serviceRegistries with A records; None = they don't."""
    outside = outside_of(service.attributes)
    if outside is not None:
        return outside.instance_port
    return branch.offer.reachable_port if service.adopted and branch.offer is not None else None


def _member(one: BranchMember, default_port: int | None) -> Member | None:
    attributes = one.instance.attributes
    try:
        address = str(IPv4Address(attributes.get(INSTANCE_IPV4, "")))
        port = int(attributes.get(INSTANCE_PORT, "") or default_port or "")
    except (AddressValueError, ValueError):
        return None
    if not 0 < port <= _MAX_PORT:
        return None
    return Member(attributes.get(ZONE, ""), address, port, issuer_of(one.offer))
