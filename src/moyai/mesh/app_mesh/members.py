"""Who answers for a virtual node that is found in Cloud Map.

Promise: instances that are not known to be ill and have every attribute that is asked for, at the port of the node's
listener, whatever port they were registered with. Those that Service Connect registered, which may stand beside others
while a service moves, are reached at their own port, and only where their service has any traffic for them.
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
from moyai.mesh.app_mesh.part import Part
from moyai.mesh.ir import Member
from moyai.mesh.service_connect.branches import BranchMember, branches_of, members_of
from moyai.mesh.service_connect.projections import connect_services
from moyai.mesh.service_connect.tls import issuer_of

_MEANT_FIRST: Final = tuple(NamespaceType)
_MAX_PORT: Final = 65535


def found_in(world: World, node: VirtualNode, asked: CloudMapServiceDiscovery) -> DiscoveryService | None:
    """The service of Cloud Map, in the account and region of the virtual node; of several types of namespaces that have
    one the HTTP one is meant, then the private, then the public one.
    """
    named = world.namespaces.each("name", named_key(scope_of(node.arn), asked.namespace_name))
    for namespace in sorted(named, key=lambda n: _MEANT_FIRST.index(n.type)):
        for service in world.discovery_services.each("name", f"{namespace.arn}/{asked.service_name}"):
            return service
    return None


class Asked(NamedTuple):
    """Which instances are wanted, and where. ``addresses``: the attributes that have one, the better first; ``port``:
    of the node's listener.
    """

    attributes: Mapping[str, str]
    addresses: tuple[str, ...]
    port: int


class Answering(NamedTuple):
    """A member of a virtual node, and whether Service Connect registered it."""

    member: Member
    is_connected: bool = False


def members(part: Part, service: DiscoveryService, asked: Asked) -> tuple[Answering, ...]:
    """Its instances. What has no address or port is reported."""
    found: set[Answering] = set()
    for one in _members(part.world, service):
        instance, offer = one.instance, one.offer
        if instance.health is Health.UNHEALTHY or not asked.attributes.items() <= instance.attributes.items():
            continue
        address = _address(instance, asked.addresses)
        port = asked.port if offer is None else _port(instance) or offer.reachable_port
        if address:
            member = Member(instance.attributes.get(ZONE, ""), address, port, issuer_of(offer))
            found.add(Answering(member, offer is not None))
        else:
            part.report(service.arn, f"instance {instance.id} is left out: it has no address that can be called")
    return tuple(sorted(found))


def _members(world: World, service: DiscoveryService) -> Iterable[BranchMember]:
    """All of them; of a service of Service Connect, those of the pools of tasks that have traffic."""
    if service.owner is None:
        return map(BranchMember, world.discovery_instances.each("service", service.arn))
    branches = branches_of(connect_services(world).get(service.owner), service, "").production
    return (member for branch in branches if branch.weight for member in members_of(world, service, branch))


def _address(instance: DiscoveryInstance, attributes: tuple[str, ...]) -> str:
    """As it is written shortest; empty where there is none."""
    for attribute in attributes:
        try:
            return str(ip_address(instance.attributes.get(attribute, "")))
        except ValueError:
            continue
    return ""


def _port(instance: DiscoveryInstance) -> int:
    """Its own; 0 where it has none that can be called."""
    written = instance.attributes.get(INSTANCE_PORT, "")
    port = int(written) if written.isascii() and written.isdecimal() and len(written) <= len(str(_MAX_PORT)) else 0
    return port if port <= _MAX_PORT else 0
