"""Load balancers and their nodes.

Promise: a load balancer has one node in each of its subnets, with a network interface of its own, which is complete
when the node is created. ``state`` is what was observed of the proxy that serves its listeners.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancer.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from moyai.domain.ecs.task import NetworkInterface
from moyai.domain.record import ArnRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import AllocationId, LoadBalancerArn, SecurityGroupId, SubnetId, VpcId


class LoadBalancerType(StrEnum):
    """``application`` understands HTTP; ``network`` forwards connections."""

    APPLICATION = "application"
    NETWORK = "network"


class Scheme(StrEnum):
    """The clients that reach a load balancer: this machine as well, or only its VPC and the VPCs peered with it."""

    INTERNET_FACING = "internet-facing"
    INTERNAL = "internal"


IPV4: Final = "ipv4"
DUAL_STACK: Final = "dualstack"
"""The address types of load balancers; with this one, nodes have an IPv6 address as well."""


class LoadBalancerState(StrEnum):
    """PROVISIONING until every node has acknowledged its listeners for the first time; FAILED while a node can't be
    made.
    """

    PROVISIONING = "provisioning"
    ACTIVE = "active"
    ACTIVE_IMPAIRED = "active_impaired"
    FAILED = "failed"


class LoadBalancerNode(msgspec.Struct, frozen=True):
    """The address of a load balancer in one subnet."""

    subnet: SubnetId
    zone: str
    interface: NetworkInterface
    allocation: AllocationId | None = None
    """The caller's elastic address, where the interface has one as its public address."""


class LoadBalancer(ArnRecord, frozen=True, tag="load_balancer"):
    """A load balancer of one account and region."""

    arn: LoadBalancerArn
    name: str
    type: LoadBalancerType
    scheme: Scheme
    vpc: VpcId
    nodes: tuple[LoadBalancerNode, ...]
    """In the order of their zones."""
    dns_name: str
    created_at: Instant
    security_groups: tuple[SecurityGroupId, ...] = ()
    ip_address_type: str = IPV4
    state: LoadBalancerState = LoadBalancerState.PROVISIONING
    state_reason: str = ""
    attributes: Mapping[str, str] = {}
    """The values that were set, by AWS's keys; the others have their defaults (``attributes.py``)."""
    tags: Mapping[str, str] = {}

    @property
    def dimension(self) -> str:
        """The value of the dimension ``LoadBalancer``: ``app/<name>/<id>``, the end of the ARN."""
        return self.arn.partition(":loadbalancer/")[2]
