"""The networks of an account and region in the form that is sent to the embedded server: VPCs, subnets, security groups
and launch templates with moyai's ids.

Services whose resources are in subnets look these up in moto's tables, which therefore need moyai's networks. The
control plane writes this form, and moto's process reads it.
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
"""The signing names of services whose resources may be in subnets."""
LAUNCHES: Final = frozenset({"autoscaling", "batch", "eks"})
"""The signing names of those services that look up launch templates."""


class NetworkVpc(msgspec.Struct, frozen=True):
    """A VPC with its primary IPv4 range."""

    id: str
    cidr: str
    is_default: bool


class NetworkSubnet(msgspec.Struct, frozen=True):
    """A subnet of a VPC. ``zone``: the name of its zone."""

    id: str
    vpc: str
    cidr: str
    zone: str


class NetworkGroup(msgspec.Struct, frozen=True):
    """A security group of a VPC, without its rules, on which moto's answers do not depend."""

    id: str
    vpc: str
    name: str
    description: str


class NetworkTemplate(msgspec.Struct, frozen=True):
    """A launch template, from which Auto Scaling groups launch instances into subnets. ``versions``: the image and the
    instance type of each version, by its number.
    """

    id: str
    name: str
    default: int
    versions: Mapping[int, tuple[str, str]]


class Networks(msgspec.Struct, frozen=True):
    """All networks of an account and region, and its launch templates."""

    scope: Scope
    vpcs: tuple[NetworkVpc, ...]
    subnets: tuple[NetworkSubnet, ...]
    groups: tuple[NetworkGroup, ...]
    templates: tuple[NetworkTemplate, ...] = ()


READER: Final = msgspec.json.Decoder(Networks)
