"""The front proxy of a VPC: the one Envoy that serves all of its load balancers.

Promise: its sandbox, its workload and its proxy follow from the VPC alone, so that the planner, the mesh and the feed
name the same Envoy without a record of it.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from moyai.kernel.ids import ProxyId, TaskId, VpcId, WorkloadId

FRONT_NAME: Final = "elb-front"
"""The name of the proxy in its sandbox."""

_PREFIX: Final = "front/"
_ID_DIGITS = 32


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
