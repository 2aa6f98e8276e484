"""The networks of an account and region, as moto gets them: VPCs, subnets and security groups under moyai's ids.

Services whose resources are in subnets look these up among moto's own, which would not be moyai's. Written and read on
the two sides of the embedded server's socket.
"""

from __future__ import annotations

from typing import Final

import msgspec

from moyai.domain.queries.vpc import all_in_scope
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.vpc import Subnet, Vpc
from moyai.domain.world import World
from moyai.kernel.scope import Scope

IN_NETWORKS: Final = frozenset(
    {
        *("autoscaling", "batch", "dms", "ds", "eks", "elasticache", "elasticmapreduce", "es", "fsx", "glue", "kafka"),
        *("lambda", "memorydb", "mq", "rds", "redshift", "workspaces"),
    }
)
"""Signing names of services whose resources may be in subnets."""


class NetworkVpc(msgspec.Struct, frozen=True):
    """A VPC."""

    id: str
    cidr: str
    is_default: bool


class NetworkSubnet(msgspec.Struct, frozen=True):
    """A subnet of a VPC, in a zone by its name."""

    id: str
    vpc: str
    cidr: str
    zone: str


class NetworkGroup(msgspec.Struct, frozen=True):
    """A security group of a VPC. Its rules have no effect on what moto answers."""

    id: str
    vpc: str
    name: str
    description: str


class Networks(msgspec.Struct, frozen=True):
    """All networks of an account and region."""

    scope: Scope
    vpcs: tuple[NetworkVpc, ...]
    subnets: tuple[NetworkSubnet, ...]
    groups: tuple[NetworkGroup, ...]


def networks_of(world: World, scope: Scope) -> Networks:
    """The networks of a scope as they are now."""
    vpcs, subnets = all_in_scope(world, Vpc, scope), all_in_scope(world, Subnet, scope)
    groups = all_in_scope(world, SecurityGroup, scope)
    return Networks(
        scope,
        tuple(NetworkVpc(vpc.id, vpc.cidr, vpc.is_default) for vpc in vpcs),
        tuple(NetworkSubnet(subnet.id, subnet.vpc, subnet.cidr, subnet.zone) for subnet in subnets),
        tuple(NetworkGroup(group.id, group.vpc, group.name, group.description) for group in groups),
    )
