"""Container instances, on which tasks with the launch types EC2 and EXTERNAL are placed.

In moyai a container instance is a sandbox on the runtime's machine: it has a network interface in a subnet, and tasks
with the network modes bridge and host are called at that interface's address.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerInstance.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from moyai.domain.ecs.task import NetworkInterface
from moyai.domain.own_tags import CAPACITY_PROVIDER
from moyai.domain.record import ArnRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import CapacityProviderName, ClusterArn, ContainerInstanceArn, DaemonArn, TaskId


class ContainerInstanceStatus(StrEnum):
    """DRAINING accepts no new tasks and its services' tasks are replaced elsewhere; INACTIVE was deregistered."""

    ACTIVE = "ACTIVE"
    DRAINING = "DRAINING"
    INACTIVE = "INACTIVE"


class Attribute(msgspec.Struct, frozen=True):
    """A name, with or without a value, for placement constraints."""

    name: str = ""
    value: str | None = None


class Resources(msgspec.Struct, frozen=True):
    """The registered resources of a container instance: CPU units, MiB, reserved ports, and GPU ids."""

    cpu: int
    memory: int
    ports: tuple[int, ...] = (22, 2375, 2376, 51678, 51679)
    ports_udp: tuple[int, ...] = ()
    gpus: tuple[str, ...] = ()


class VersionInfo(msgspec.Struct, frozen=True):
    """The versions of the agent and of Docker on a container instance."""

    agent_version: str | None = None
    agent_hash: str | None = None
    docker_version: str | None = None


class ContainerInstance(ArnRecord, frozen=True, tag="container_instance"):
    """A container instance. Its remaining resources are computed from its tasks, and not stored."""

    arn: ContainerInstanceArn
    id: TaskId
    """The last part of its ARN, and the id of its sandbox."""
    cluster: ClusterArn
    ec2_instance_id: str
    """``i-…``, or ``mi-…`` where ``launch_type`` is EXTERNAL."""
    registered_at: Instant
    availability_zone: str
    interface: NetworkInterface
    resources: Resources
    launch_type: str = "EC2"
    status: ContainerInstanceStatus = ContainerInstanceStatus.ACTIVE
    drained_for: DaemonArn | None = None
    """The critical daemon because of which it is DRAINING until the daemon runs there again."""
    agent_connected: bool = False
    """Whether its sandbox was last seen to exist."""
    attributes: tuple[Attribute, ...] = ()
    version: int = 1
    version_info: VersionInfo = VersionInfo()
    inactive_at: Instant | None = None
    tags: Mapping[str, str] = {}

    @property
    def provider(self) -> CapacityProviderName | None:
        """The capacity provider that the instance belongs to, by its tag."""
        name = self.tags.get(CAPACITY_PROVIDER)
        return None if name is None else CapacityProviderName(name)

    @property
    def gone(self) -> bool:
        """Whether the instance is deregistered, so that only its record exists."""
        return self.status is ContainerInstanceStatus.INACTIVE
