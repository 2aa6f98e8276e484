"""The networks of an account and region, as moto gets them: VPCs, subnets, security groups and launch templates
under moyai's ids.

Services whose resources are in subnets look these up among moto's own, which would not be moyai's. Written and read on
the two sides of the embedded server's socket.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from moyai.kernel.scope import Scope

IN_NETWORKS: Final = frozenset(
    {
        *("autoscaling", "batch", "dms", "ds", "eks", "elasticache", "elasticmapreduce", "es", "fsx", "glue", "kafka"),
        *("lambda", "memorydb", "mq", "rds", "redshift", "workspaces"),
    }
)
"""Signing names of services whose resources may be in subnets."""
LAUNCHES: Final = frozenset({"autoscaling", "batch", "eks"})
"""Those of them that look up launch templates."""


class NetworkVpc(msgspec.Struct, frozen=True):
    """A VPC with its first range."""

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


class NetworkTemplate(msgspec.Struct, frozen=True):
    """A launch template, of which Auto Scaling groups launch instances into subnets. ``versions``: the image and the
    instance type of each, by its number.
    """

    id: str
    name: str
    default: int
    versions: Mapping[int, tuple[str, str]]


class Networks(msgspec.Struct, frozen=True):
    """All networks of an account and region, and what is launched into them."""

    scope: Scope
    vpcs: tuple[NetworkVpc, ...]
    subnets: tuple[NetworkSubnet, ...]
    groups: tuple[NetworkGroup, ...]
    templates: tuple[NetworkTemplate, ...] = ()


READER: Final = msgspec.json.Decoder(Networks)
