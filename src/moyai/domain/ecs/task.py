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
from moyai.domain.ecs.load_balancer import TaskTarget
from moyai.domain.ecs.registry import ServiceRegistry
from moyai.domain.ecs.task_definition import EphemeralStorage, NetworkMode
from moyai.domain.record import ArnRecord
from moyai.domain.sandbox.pull import PullProgress
from moyai.domain.sandbox.state import Health
from moyai.kernel.clock import Instant
from moyai.kernel.ids import (
    CapacityProviderName,
    ClusterArn,
    ContainerArn,
    ContainerInstanceArn,
    DaemonArn,
    DaemonRevisionArn,
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
    """The last known status of a task."""

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
"""The possible next states of each. ACTIVATING and DEACTIVATING are for registered tasks only."""

AFTER_DRAIN = frozenset({TaskStatus.STOPPING, TaskStatus.DEPROVISIONING, TaskStatus.STOPPED})
"""States of a task that receives no traffic any more and sends none."""


class DesiredStatus(StrEnum):
    """The desired status of a task."""

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
    """The states of a container in the API."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    STOPPED = "STOPPED"


class NetworkBinding(msgspec.Struct, frozen=True):
    """The mapping of a container's port, or of ``count`` consecutive ports, to ports of its instance."""

    container_port: int
    host_port: int
    protocol: str = "tcp"
    count: int | None = None
    """The number of ports; None = one that wasn't requested as a range."""
    bind_ip: str = "0.0.0.0"  # noqa: S104 (what ECS shows; the instance has addresses in its VPC only)

    @property
    def host_ports(self) -> range:
        """The occupied ports of the instance."""
        return range(self.host_port, self.host_port + (self.count or 1))

    def host_port_of(self, container_port: int) -> int | None:
        """The instance's port for a port of the container; None if it is not in this mapping."""
        offset = container_port - self.container_port
        return self.host_port + offset if 0 <= offset < (self.count or 1) else None


class Container(msgspec.Struct, frozen=True):
    """A container of a task as last observed. ``is_proxy``: it is the proxy, which is Service Connect's, and not in the
    task definition, or App Mesh's, which is.
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
    """Fixed when the task is created; with the network modes bridge and host only."""
    gpu_ids: tuple[str, ...] = ()
    """The GPUs of its instance that only it uses."""
    image_digest: str | None = None
    """The digest of its image, once it is resolved."""
    restart_count: int = 0
    """The number of restarts by its restart policy."""
    pull: PullProgress | None = None
    """The progress of the download of its image; None when there is none."""


class ContainerOverride(msgspec.Struct, frozen=True):
    """RunTask's overrides of one container."""

    name: str = ""
    command: tuple[str, ...] | None = None
    environment: tuple[KeyValuePair, ...] | None = None
    environment_files: tuple[EnvironmentFile, ...] | None = None
    """Replaces the definition's files, unless it is empty."""
    cpu: int | None = None
    memory: int | None = None
    memory_reservation: int | None = None


class TaskOverride(msgspec.Struct, frozen=True):
    """RunTask's overrides of the task definition."""

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
    """A task: what it was created from, its status, and its last observed state."""

    arn: TaskArn
    id: TaskId
    cluster: ClusterArn
    task_definition: TaskDefinitionArn
    created_at: Instant
    group: str
    availability_zone: str
    interface: NetworkInterface
    """The interface at which others call the task: its own with awsvpc, else its container instance's."""
    containers: tuple[Container, ...]
    last_status: TaskStatus = TaskStatus.PROVISIONING
    desired_status: DesiredStatus = DesiredStatus.RUNNING
    health_status: Health = Health.UNKNOWN
    version: int = 1
    protected_until: Instant | None = None
    """The time until which neither a scale-in nor a deployment stops it."""
    service: ServiceArn | None = None
    deployment: DeploymentId | None = None
    pool: Pool = Pool("")
    """The pool of its deployment."""
    view: ConnectView | None = None
    """The deployment's Service Connect configuration; None if the task has no such proxy."""
    identity: Identity | None = None
    """The identity of its App Mesh proxy; None if there is none."""
    shares_proxy: bool = False
    """Whether its Service Connect proxy is the host's, which serves other tasks too; decided when it is launched."""
    proxy_leaves_at: Instant | None = None
    """Since when a shared proxy is to remove the task."""
    connect_attachment: str | None = None
    """The UUID of the ServiceConnect attachment, if there is a proxy."""
    service_registries: tuple[ServiceRegistry, ...] = ()
    """The deployment's service registries."""
    targets: tuple[TaskTarget, ...] = ()
    """The deployment's target groups."""
    target_health: Health = Health.UNKNOWN
    """The health of its registered targets as load balancers last saw it; UNKNOWN without any."""
    daemon: DaemonArn | None = None
    daemon_revision: DaemonRevisionArn | None = None
    started_by: str | None = None
    client_token: str | None = None
    launch_type: str = "FARGATE"
    network_mode: NetworkMode = NetworkMode.AWSVPC
    container_instance: ContainerInstanceArn | None = None
    """The instance on which it was placed; None on Fargate."""
    bridge_address: str | None = None
    """The address inside the container instance, not reachable from outside; only with the network mode bridge."""
    capacity_provider: CapacityProviderName | None = None
    """The capacity provider of the strategy that started it, if there was one."""
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
    """When all containers ran and registration began, from which the wait for health is bounded."""
    started_at: Instant | None = None
    listening_at: Instant | None = None
    """Since when it listens at all expected ports; for tasks that replace another deployment's only."""
    ready_at: Instant | None = None
    """From when it may receive traffic and counts as healthy."""
    stopping_at: Instant | None = None
    deactivating_at: Instant | None = None
    """When its endpoints were withdrawn, from which the wait for proxies to acknowledge is bounded."""
    records_expire_at: Instant | None = None
    """Until when DNS caches may have a record of it; set when it is withdrawn, if there were records."""
    execution_stopped_at: Instant | None = None
    stopped_at: Instant | None = None
    tags: Mapping[str, str] = {}

    @property
    def own_interface(self) -> NetworkInterface | None:
        """The task's own interface; None if it shares its container instance's."""
        return self.interface if self.network_mode is NetworkMode.AWSVPC else None

    def is_protected(self, now: Instant) -> bool:
        """Whether the task is protected from scale-in and deployments."""
        return self.protected_until is not None and now < self.protected_until

    @property
    def proxy(self) -> Container | None:
        """The container that is the proxy; None without a proxy."""
        return next((c for c in self.containers if c.is_proxy), None)

    @property
    def connect_proxy(self) -> Container | None:
        """The proxy, if it is Service Connect's."""
        return None if self.view is None else self.proxy

    @property
    def mesh_proxy(self) -> Container | None:
        """The proxy, if it is App Mesh's."""
        return self.proxy if self.view is None else None

    @property
    def stopped(self) -> bool:
        """Whether the task is STOPPED, so that only its record exists."""
        return self.last_status is TaskStatus.STOPPED


def role_of(task: Task, definition_role: str | None) -> str | None:
    """The role whose credentials the task gets; ``definition_role``: its definition's."""
    return task.overrides.task_role_arn or definition_role
