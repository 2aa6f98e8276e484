"""The network of a front proxy, which has the nodes of a VPC's load balancers."""

from __future__ import annotations

import msgspec

from moyai.kernel.ids import VpcId


class SubnetAddress(msgspec.Struct, frozen=True, order=True):
    """An address of a network interface, and the range of its subnet."""

    address: str
    subnet_cidr: str


class NodesNetwork(msgspec.Struct, frozen=True, tag="nodes"):
    """The network namespace of a VPC's front proxy, which has the addresses of all nodes of the VPC's load balancers.

    Sockets may be bound to addresses that it does not have yet.
    """

    vpc: VpcId
    vpc_cidr: str
    mac: str
    host_name: str
    addresses: tuple[SubnetAddress, ...]
    """At least one."""
