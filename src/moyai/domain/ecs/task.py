"""Tasks, and the table of their states.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

import msgspec

from moyai.domain.appmesh.identity import Identity
from moyai.domain.connect.names import ConnectView
from moyai.domain.ecs.environment import EnvironmentFile, KeyValuePair
from moyai.domain.ecs.registry import ServiceRegistry
from moyai.domain.ecs.task_definition import EphemeralStorage, NetworkMode
from moyai.domain.record import ArnRecord
from moyai.domain.sandbox.state import Health
from moyai.kernel.clock import Instant
from moyai.kernel.ids import (
    CapacityProviderName,
    ClusterArn,
    ContainerArn,
    ContainerInstanceArn,
    DeploymentId,
    NetworkInterfaceId,
    Pool,
    SecurityGroupId,
    ServiceArn,
    SubnetId,
    TaskArn,
    TaskDefinitionArn,
    TaskId,
    VpcId,
)


class TaskStatus(StrEnum):
    """Where a task is in its life."""

    PROVISIONING = "PROVISIONING"
    PENDING = "PENDING"
    ACTIVATING = "ACTIVATING"
    RUNNING = "RUNNING"
    DEACTIVATING = "DEACTIVATING"
    STOPPING = "STOPPING"
    DEPROVISIONING = "DEPROVISIONING"
    STOPPED = "STOPPED"


TASK_TRANSITIONS: Mapping[TaskStatus, frozenset[TaskStatus]] = MappingProxyType(
    {
        TaskStatus.PROVISIONING: frozenset({TaskStatus.PENDING, TaskStatus.DEPROVISIONING}),
        TaskStatus.PENDING: frozenset({TaskStatus.ACTIVATING, TaskStatus.RUNNING, TaskStatus.STOPPING}),
        TaskStatus.ACTIVATING: frozenset({TaskStatus.RUNNING, TaskStatus.DEACTIVATING, TaskStatus.STOPPING}),
        TaskStatus.RUNNING: frozenset({TaskStatus.DEACTIVATING, TaskStatus.STOPPING}),
        TaskStatus.DEACTIVATING: frozenset({TaskStatus.STOPPING}),
        TaskStatus.STOPPING: frozenset({TaskStatus.DEPROVISIONING}),
        TaskStatus.DEPROVISIONING: frozenset({TaskStatus.STOPPED}),
        TaskStatus.STOPPED: frozenset(),
    }
)
"""From each state, the states that may follow. ACTIVATING and DEACTIVATING only for registered tasks."""

AFTER_DRAIN = frozenset({TaskStatus.STOPPING, TaskStatus.DEPROVISIONING, TaskStatus.STOPPED})
"""States of a task that receives no traffic any more and sends none."""


class DesiredStatus(StrEnum):
    """What a task is wanted to be; there are only two."""

    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


class StopCode(StrEnum):
    """Why a task stopped."""

    TASK_FAILED_TO_START = "TaskFailedToStart"
    ESSENTIAL_CONTAINER_EXITED = "EssentialContainerExited"
    USER_INITIATED = "UserInitiated"
    SERVICE_SCHEDULER_INITIATED = "ServiceSchedulerInitiated"
    TERMINATION_NOTICE = "TerminationNotice"


class ContainerStatus(StrEnum):
    """A container's own states in the API."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


class NetworkBinding(msgspec.Struct, frozen=True):
    """A port of a container, or ``count`` of them one after the other, that answers at a port of its instance."""

    container_port: int
    host_port: int
    protocol: str = "tcp"
    count: int | None = None
    """How many; None = one that wasn't asked for as a range."""
    bind_ip: str = "0.0.0.0"  # noqa: S104 (what ECS shows; the instance has addresses in its VPC only)

    @property
    def host_ports(self) -> range:
        """The instance's ports that are taken."""
        return range(self.host_port, self.host_port + (self.count or 1))

    def host_port_of(self, container_port: int) -> int | None:
        """Where a port of the container answers, if it is one of these."""
        offset = container_port - self.container_port
        return self.host_port + offset if 0 <= offset < (self.count or 1) else None


class Container(msgspec.Struct, frozen=True):
    """A container of a task as last observed. The proxy is one of them, marked by ``is_proxy``: Service Connect's,
    which nobody defined, or App Mesh's, which the task definition has.
    """

    arn: ContainerArn
    name: str
    is_proxy: bool = False
    last_status: ContainerStatus = ContainerStatus.PENDING
    health_status: Health = Health.UNKNOWN
    exit_code: int | None = None
    reason: str | None = None
    runtime_id: str | None = None
    started_at: Instant | None = None
    finished_at: Instant | None = None
    network_bindings: tuple[NetworkBinding, ...] = ()
    """Decided when the task is made; only with the network modes bridge and host."""
    gpu_ids: tuple[str, ...] = ()
    """Its instance's GPUs that are its alone."""
    image_digest: str | None = None
    """Which image of its name it runs, once that is settled."""
    restart_count: int = 0
    """How often its restart policy had it started again."""


class ContainerOverride(msgspec.Struct, frozen=True):
    """What RunTask changes of one container."""

    name: str = ""
    command: tuple[str, ...] | None = None
    environment: tuple[KeyValuePair, ...] | None = None
    environment_files: tuple[EnvironmentFile, ...] | None = None
    """Instead of the definition's; none of them means the definition's."""
    cpu: int | None = None
    memory: int | None = None
    memory_reservation: int | None = None


class TaskOverride(msgspec.Struct, frozen=True):
    """What RunTask changes of the task definition."""

    container_overrides: tuple[ContainerOverride, ...] = ()
    cpu: str | None = None
    memory: str | None = None
    task_role_arn: str | None = None
    execution_role_arn: str | None = None
    ephemeral_storage: EphemeralStorage | None = None


class NetworkInterface(msgspec.Struct, frozen=True):
    """The elastic network interface of a task or of a container instance, and its attachment."""

    id: NetworkInterfaceId
    attachment: str
    """The attachment's UUID."""
    vpc: VpcId
    subnet: SubnetId
    address: str
    mac: str
    private_dns_name: str
    security_groups: tuple[SecurityGroupId, ...] = ()
    public_address: str | None = None
    ipv6_address: str | None = None


class Task(ArnRecord, frozen=True, tag="task"):
    """One task: what it was made from, where it is in its life, what it was last seen doing."""

    arn: TaskArn
    id: TaskId
    cluster: ClusterArn
    task_definition: TaskDefinitionArn
    created_at: Instant
    group: str
    availability_zone: str
    interface: NetworkInterface
    """Under which others find the task: its own with awsvpc, else its container instance's."""
    containers: tuple[Container, ...]
    last_status: TaskStatus = TaskStatus.PROVISIONING
    desired_status: DesiredStatus = DesiredStatus.RUNNING
    health_status: Health = Health.UNKNOWN
    version: int = 1
    protected_until: Instant | None = None
    """Until then neither a scale-in nor a deployment stops it."""
    service: ServiceArn | None = None
    deployment: DeploymentId | None = None
    pool: Pool = Pool("")
    """The deployment's."""
    view: ConnectView | None = None
    """Service Connect as pinned by the deployment; None when the task has no proxy of it."""
    identity: Identity | None = None
    """For whom its App Mesh proxy stands; None when it has none, or that doesn't say."""
    connect_attachment: str | None = None
    """The UUID of the ServiceConnect attachment, where there is a proxy."""
    service_registries: tuple[ServiceRegistry, ...] = ()
    """Service discovery as pinned by the deployment."""
    started_by: str | None = None
    client_token: str | None = None
    launch_type: str = "FARGATE"
    network_mode: NetworkMode = NetworkMode.AWSVPC
    container_instance: ContainerInstanceArn | None = None
    """Where it was placed; None on Fargate."""
    bridge_address: str | None = None
    """Its address behind its container instance, which nobody outside of that knows; only with bridge."""
    capacity_provider: CapacityProviderName | None = None
    """By which provider of a strategy it was made, if by any."""
    platform_version: str | None = None
    cpu: str | None = None
    memory: str | None = None
    enable_execute_command: bool = False
    overrides: TaskOverride = TaskOverride()
    stop_code: StopCode | None = None
    stopped_reason: str | None = None
    connectivity_at: Instant | None = None
    pull_started_at: Instant | None = None
    pull_stopped_at: Instant | None = None
    activated_at: Instant | None = None
    """When all containers were up and registration began; what bounds the wait for health."""
    started_at: Instant | None = None
    listening_at: Instant | None = None
    """Since when it listens wherever it is expected to; only of one that is to take another deployment's place."""
    ready_at: Instant | None = None
    """From when it may receive traffic and count as healthy."""
    stopping_at: Instant | None = None
    deactivating_at: Instant | None = None
    """When its endpoints were withdrawn; what bounds the wait for others to forget them."""
    records_expire_at: Instant | None = None
    """Until when somebody may go by a DNS record of it; set when it is withdrawn, where there were records."""
    execution_stopped_at: Instant | None = None
    stopped_at: Instant | None = None
    tags: Mapping[str, str] = {}

    @property
    def own_interface(self) -> NetworkInterface | None:
        """The interface that the task alone has; None where it shares its container instance's."""
        return self.interface if self.network_mode is NetworkMode.AWSVPC else None

    def is_protected(self, now: Instant) -> bool:
        """Whether its protection holds."""
        return self.protected_until is not None and now < self.protected_until

    @property
    def proxy(self) -> Container | None:
        """The proxy's container."""
        return next((c for c in self.containers if c.is_proxy), None)

    @property
    def connect_proxy(self) -> Container | None:
        """The same, where it is Service Connect's."""
        return None if self.view is None else self.proxy

    @property
    def mesh_proxy(self) -> Container | None:
        """The same, where it is App Mesh's."""
        return self.proxy if self.view is None else None

    @property
    def stopped(self) -> bool:
        """Nothing of the task is left but the record."""
        return self.last_status is TaskStatus.STOPPED


def role_of(task: Task, defined: str | None) -> str | None:
    """The role whose keys the task gets; ``defined``: its definition's."""
    return task.overrides.task_role_arn or defined
