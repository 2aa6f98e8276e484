"""The front proxy of a VPC: the one Envoy that serves all of its load balancers.

Promise: its sandbox, its workload, its addresses and its clusters follow from the records, so that the planner, the
mesh and the feed name the same Envoy without a record of it.
"""

from __future__ import annotations

from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network
from typing import Final

from moyai.kernel.ids import ProxyId, TargetGroupArn, TaskId, VpcId, WorkloadId

FRONT_NAME: Final = "elb-front"
"""The name of the proxy in its sandbox."""
HEALTH_EVENTS: Final = "/dev/stdout"
"""The file, in the proxy's root, to which the health checks of its clusters write their events: each failure, which no
process reads while the control plane is away. The proxy's monitor bounds its output.
"""

_PREFIX: Final = "front/"
_ID_DIGITS = 32
_PROXIED_RANGE: Final = IPv4Network("240.83.0.0/16")
"""Part of a range that no network uses (RFC 1112, section 4), so no VPC can have it."""


def front_workload(vpc: VpcId) -> WorkloadId:
    """The workload of the VPC's front proxy, and the name of its shard: ``front/<VPC's id>``."""
    return WorkloadId(f"{_PREFIX}{vpc}")


def front_proxy(vpc: VpcId) -> ProxyId:
    """The one proxy of the workload: ``front/<VPC's id>``."""
    return ProxyId(f"{_PREFIX}{vpc}")


def front_sandbox(vpc: VpcId) -> TaskId:
    """The sandbox of the VPC's front proxy."""
    return TaskId(sha256(front_workload(vpc).encode()).hexdigest()[:_ID_DIGITS])


def vpc_of_front(name: str) -> VpcId | None:
    """The VPC whose front proxy, or its workload, has this name; None for another name."""
    return VpcId(name.removeprefix(_PREFIX)) if name.startswith(_PREFIX) else None


def proxied_address(node: str) -> str:
    """The address at which the node with this address expects a PROXY header before each connection, at the same ports.

    Only the VPC's router reaches the address, so no task can pretend to be another client. The ranges of VPCs have at
    most 16 bits, so that two nodes of one VPC never have the same.
    """
    return str(_PROXIED_RANGE[int(IPv4Address(node)) % _PROXIED_RANGE.num_addresses])


def group_cluster(group: TargetGroupArn, zone: str = "") -> str:
    """The cluster of a target group's endpoints, or of those in one ``zone``, in Envoy."""
    return f"{group}@{zone}" if zone else group


def group_of_cluster(cluster: str) -> TargetGroupArn:
    """The target group whose endpoints, or some of them, a cluster has."""
    return TargetGroupArn(cluster.partition("@")[0])
