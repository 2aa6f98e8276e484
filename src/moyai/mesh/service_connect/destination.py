"""Who answers for a discovery service, and how callers treat them."""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address

from moyai.domain.cloudmap.service import INSTANCE_IPV4, INSTANCE_PORT, ZONE, DiscoveryInstance, DiscoveryService
from moyai.domain.world import World
from moyai.mesh.ir import Destination, Diagnostic, EndpointGroup, Member
from moyai.mesh.service_connect.policies import CONNECT_TIMEOUT, OUTLIER, protocol_of
from moyai.mesh.service_connect.zones import zone_aware_from

_MAX_PORT = 65535


def destination_of(world: World, service: DiscoveryService, name: str) -> Destination:
    """How callers treat the endpoints of a discovery service."""
    return Destination(
        name=name,
        group=name,
        protocol=protocol_of(service.protocol),
        connect_timeout=CONNECT_TIMEOUT,
        outlier=OUTLIER,
        stat_name=f"egress.{service.name}",
        zone_aware_from=zone_aware_from(world, service),
    )


def group_of(world: World, service: DiscoveryService, name: str, diagnostics: list[Diagnostic]) -> EndpointGroup:
    """Every registered instance that has an address and a port; the others are reported in ``diagnostics``."""
    members = []
    for instance in world.discovery_instances.by("service", service.arn):
        member = _member(instance)
        if member is None:
            message = f"instance {instance.id} is left out: it needs {INSTANCE_IPV4} and {INSTANCE_PORT}"
            diagnostics.append(Diagnostic(service.arn, message))
        else:
            members.append(member)
    return EndpointGroup(name, tuple(sorted(set(members))))


def _member(instance: DiscoveryInstance) -> Member | None:
    attributes = instance.attributes
    try:
        address = str(IPv4Address(attributes.get(INSTANCE_IPV4, "")))
        port = int(attributes.get(INSTANCE_PORT, ""))
    except (AddressValueError, ValueError):
        return None
    return Member(attributes.get(ZONE, ""), address, port) if 0 < port <= _MAX_PORT else None
