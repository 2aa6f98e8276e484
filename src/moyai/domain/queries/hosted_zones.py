"""Hosted zones by id, account and VPC: Route 53's own, and those that Cloud Map manages for its namespaces.

Promise: a namespace's zone is not stored; it is what the namespace says. Route 53 shows it and does not change it.
Source: https://docs.aws.amazon.com/cloud-map/latest/dg/services-route53.html
"""

from __future__ import annotations

from typing import Final

from moyai.domain.cloudmap.namespace import Namespace, NamespaceType
from moyai.domain.keys import scope_of
from moyai.domain.route53.names import DomainNameProblem, normalized_name
from moyai.domain.route53.zone import HostedZone, LinkedService, ZoneVpc
from moyai.domain.world import World
from moyai.kernel.ids import HostedZoneId, VpcId

_CLOUD_MAP: Final = "servicediscovery.amazonaws.com"


def hosted_zone_with(world: World, identity: str) -> HostedZone | None:
    """The zone with this id, of any account."""
    zone_record = world.hosted_zones.get(identity)
    if zone_record is not None:
        return zone_record
    return next((zone for n in world.namespaces.by("hosted_zone", identity) if (zone := managed_zone(n))), None)


def hosted_zones_of(world: World, account: str) -> list[HostedZone]:
    """The zones of an account, by id."""
    managed = (managed_zone(namespace) for namespace in world.namespaces.each("zone_account", account))
    zones = [*world.hosted_zones.each("account", account), *(zone for zone in managed if zone is not None)]
    return sorted(zones, key=lambda zone: zone.id)


def hosted_zones_in(world: World, vpc: ZoneVpc) -> list[HostedZone]:
    """The private zones that are answered in a VPC, by id."""
    managed = (managed_zone(namespace) for namespace in world.namespaces.each("vpc", vpc.id))
    zones = [*world.hosted_zones.each("vpc", vpc.id), *(zone for zone in managed if zone is not None)]
    return sorted((zone for zone in zones if vpc in zone.vpcs), key=lambda zone: zone.id)


def managed_zone(namespace: Namespace) -> HostedZone | None:
    """The zone of a namespace; None where it has none."""
    name = _name(namespace)
    if namespace.hosted_zone_id is None or name is None:
        return None
    scope = scope_of(namespace.arn)
    vpcs = () if namespace.vpc is None else (ZoneVpc(scope.region, VpcId(namespace.vpc)),)
    return HostedZone(
        id=HostedZoneId(namespace.hosted_zone_id),
        account=scope.account,
        name=name,
        caller_reference=namespace.id,
        created_at=namespace.created_at,
        private=namespace.type is NamespaceType.DNS_PRIVATE,
        comment=f"Created by AWS Cloud Map namespace with ARN {namespace.arn}",
        vpcs=vpcs,
        linked=LinkedService(_CLOUD_MAP, namespace.arn),
    )


def _name(namespace: Namespace) -> str | None:
    try:
        return normalized_name(namespace.name)
    except DomainNameProblem:
        return None
