"""The members of a virtual node that is discovered by Cloud Map.

Promise: members are the instances that are not UNHEALTHY and have every requested attribute, at the port of the node's
listener, whatever port they were registered with. Instances that Service Connect registered, which may be among them
while a service migrates, are called at their own port, and only if their pool has a weight in the service's traffic.
Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_AwsCloudMapServiceDiscovery.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Final, NamedTuple

from moyai.domain.appmesh.discovery import CloudMapServiceDiscovery
from moyai.domain.appmesh.virtual_node import VirtualNode
from moyai.domain.cloudmap.namespace import NamespaceType
from moyai.domain.cloudmap.service import INSTANCE_PORT, ZONE, DiscoveryInstance, DiscoveryService
from moyai.domain.keys import named_key, scope_of
from moyai.domain.sandbox.state import Health
from moyai.domain.world import World
from moyai.mesh.app_mesh.shard import ShardBuilder
from moyai.mesh.ir import Member
from moyai.mesh.service_connect.projections import connect_services
from moyai.mesh.service_connect.tls import issuer_of
from moyai.mesh.service_connect.traffic_split import PoolMember, members_of, traffic_split

_BY_PRECEDENCE: Final = tuple(NamespaceType)
_MAX_PORT: Final = 65535


def find_discovery_service(
    world: World, node: VirtualNode, discovery: CloudMapServiceDiscovery
) -> DiscoveryService | None:
    """The Cloud Map service, in the account and region of the virtual node. Where several namespaces have the name, the
    HTTP one has precedence, then the private, then the public one.
    """
    namespaces = world.namespaces.each("name", named_key(scope_of(node.arn), discovery.namespace_name))
    for namespace in sorted(namespaces, key=lambda n: _BY_PRECEDENCE.index(n.type)):
        for service in world.discovery_services.each("name", f"{namespace.arn}/{discovery.service_name}"):
            return service
    return None


class InstanceFilter(NamedTuple):
    """Which instances are members, and where they are called. ``addresses``: the attributes with an address, the
    preferred one first; ``port``: the port of the node's listener.
    """

    attributes: Mapping[str, str]
    addresses: tuple[str, ...]
    port: int


class NodeMember(NamedTuple):
    """A member of a virtual node. ``is_connected``: Service Connect registered it."""

    member: Member
    is_connected: bool = False


def node_members(shard: ShardBuilder, service: DiscoveryService, selector: InstanceFilter) -> tuple[NodeMember, ...]:
    """The members among a service's instances. An instance without an address is reported."""
    members: set[NodeMember] = set()
    for pool_member in _instances(shard.world, service):
        instance, offer = pool_member.instance, pool_member.offer
        if instance.health is Health.UNHEALTHY or not selector.attributes.items() <= instance.attributes.items():
            continue
        address = _address(instance, selector.addresses)
        port = selector.port if offer is None else _port(instance) or offer.reachable_port
        if address:
            member = Member(instance.attributes.get(ZONE, ""), address, port, issuer_of(offer))
            members.add(NodeMember(member, offer is not None))
        else:
            shard.report(service.arn, f"instance {instance.id} is left out: it has no address that can be called")
    return tuple(sorted(members))


def _instances(world: World, service: DiscoveryService) -> Iterable[PoolMember]:
    """All instances; for a service of Service Connect, those of the pools of tasks that have traffic."""
    if service.owner is None:
        return map(PoolMember, world.discovery_instances.each("service", service.arn))
    pools = traffic_split(connect_services(world).get(service.owner), service, "").production
    return (member for pool in pools if pool.weight for member in members_of(world, service, pool))


def _address(instance: DiscoveryInstance, attributes: tuple[str, ...]) -> str:
    """The instance's address in its shortest notation; empty if it has none."""
    for attribute in attributes:
        try:
            return str(ip_address(instance.attributes.get(attribute, "")))
        except ValueError:
            continue
    return ""


def _port(instance: DiscoveryInstance) -> int:
    """The instance's own port; 0 if it has none that can be called."""
    text = instance.attributes.get(INSTANCE_PORT, "")
    port = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(_MAX_PORT)) else 0
    return port if port <= _MAX_PORT else 0
