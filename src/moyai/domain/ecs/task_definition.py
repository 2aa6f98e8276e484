"""Task definitions: immutable revisions of a family.

The structs have exactly the members that moyai uses or stores; other members are refused by name at registration.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from moyai.domain.ecs.container_settings import (
    HostEntry,
    LinuxParameters,
    MountPoint,
    RestartPolicy,
    SystemControl,
    VolumeFrom,
)
from moyai.domain.ecs.environment import ContainerSecret, EnvironmentFile, KeyValuePair
from moyai.domain.ecs.family import DAEMON_TASK_DEFINITION
from moyai.domain.ecs.firelens import AWSFIRELENS, FirelensConfiguration
from moyai.domain.ecs.placement import PlacementConstraint
from moyai.domain.ecs.proxy_configuration import ProxyConfiguration
from moyai.domain.ecs.volume import Volume
from moyai.domain.record import ArnRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import TaskDefinitionArn

_MOST_DIGITS = 5
"""The greatest number of digits of a port."""


class NetworkMode(StrEnum):
    """The network mode of a task's containers."""

    AWSVPC = "awsvpc"
    BRIDGE = "bridge"
    HOST = "host"
    NONE = "none"


class PidMode(StrEnum):
    """The PID namespace of a task's containers: whose processes they see; unset means that each sees its own."""

    HOST = "host"
    TASK = "task"


class IpcMode(StrEnum):
    """With whom a task's containers share IPC; unset means the same as ``none``."""

    HOST = "host"
    TASK = "task"
    NONE = "none"


class AppProtocol(StrEnum):
    """The protocol of a port, for the proxy. Unset on a port mapping means TCP."""

    HTTP = "http"
    HTTP2 = "http2"
    GRPC = "grpc"


class PortMapping(msgspec.Struct, frozen=True):
    """A port that a container listens on; ``name`` makes it usable in Service Connect."""

    container_port: int = 0
    """1-65535; 0 means that it is absent, which is possible with a range only."""
    host_port: int | None = None
    """0: one is chosen when a task is started."""
    protocol: str = "tcp"
    name: str | None = None
    app_protocol: AppProtocol | None = None
    container_port_range: str | None = None
    """``first-last``, instead of ``container_port``."""

    @property
    def ports(self) -> range:
        """All ports of the container in this mapping."""
        if self.container_port_range is None:
            return range(self.container_port, self.container_port + 1)
        return port_range(self.container_port_range)


def port_range(text: str) -> range:
    """The ports of ``first-last``; none for other text."""
    first, _, last = text.partition("-")
    if not all(end.isascii() and end.isdecimal() and len(end) <= _MOST_DIGITS for end in (first, last)):
        return range(0)
    return range(int(first), int(last) + 1)


class DependencyCondition(StrEnum):
    """The state of another container that a container waits for before it starts."""

    START = "START"
    COMPLETE = "COMPLETE"
    SUCCESS = "SUCCESS"
    HEALTHY = "HEALTHY"


class ContainerDependency(msgspec.Struct, frozen=True):
    """The dependency on another container."""

    container_name: str
    condition: DependencyCondition


class ContainerHealthCheck(msgspec.Struct, frozen=True):
    """A container's health check; seconds. None = ECS's default (30/5/3/off)."""

    command: tuple[str, ...]
    interval: int | None = None
    timeout: int | None = None
    retries: int | None = None
    start_period: int | None = None


class UlimitDefinition(msgspec.Struct, frozen=True):
    """A resource limit (ulimit) of a container."""

    name: str
    soft_limit: int
    hard_limit: int


class ResourceRequirement(msgspec.Struct, frozen=True):
    """A number of GPUs that only the container uses."""

    value: str
    type: str


class LogConfiguration(msgspec.Struct, frozen=True):
    """The log driver of a container (``domain/logs/driver``); ``moyai logs`` shows its output in any case."""

    log_driver: str
    options: Mapping[str, str] = {}


class ContainerLogConfiguration(LogConfiguration, frozen=True):
    """The log configuration of a container definition; only ``awsfirelens`` has options that are secrets."""

    secret_options: tuple[ContainerSecret, ...] | None = None


class VersionConsistency(StrEnum):
    """Whether all tasks of a service revision run the image that the first one resolved; unset means enabled."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class RepositoryCredentials(msgspec.Struct, frozen=True):
    """The name or ARN of the secret with the user name and password for a container's image."""

    credentials_parameter: str


class ContainerDefinition(msgspec.Struct, frozen=True):
    """One container of a task."""

    name: str = ""
    image: str = ""
    repository_credentials: RepositoryCredentials | None = None
    version_consistency: VersionConsistency | None = None
    cpu: int = 0
    memory: int | None = None
    memory_reservation: int | None = None
    port_mappings: tuple[PortMapping, ...] = ()
    links: tuple[str, ...] | None = None
    """``container`` or ``container:alias``; only with the network mode bridge."""
    essential: bool = True
    entry_point: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    environment: tuple[KeyValuePair, ...] = ()
    environment_files: tuple[EnvironmentFile, ...] | None = None
    secrets: tuple[ContainerSecret, ...] | None = None
    working_directory: str | None = None
    user: str | None = None
    depends_on: tuple[ContainerDependency, ...] | None = None
    health_check: ContainerHealthCheck | None = None
    start_timeout: int | None = None
    stop_timeout: int | None = None
    restart_policy: RestartPolicy | None = None
    ulimits: tuple[UlimitDefinition, ...] | None = None
    resource_requirements: tuple[ResourceRequirement, ...] | None = None
    readonly_root_filesystem: bool | None = None
    docker_labels: Mapping[str, str] | None = None
    log_configuration: ContainerLogConfiguration | None = None
    firelens_configuration: FirelensConfiguration | None = None
    mount_points: tuple[MountPoint, ...] = ()
    volumes_from: tuple[VolumeFrom, ...] = ()
    system_controls: tuple[SystemControl, ...] = ()
    linux_parameters: LinuxParameters | None = None
    privileged: bool | None = None
    docker_security_options: tuple[str, ...] | None = None
    hostname: str | None = None
    extra_hosts: tuple[HostEntry, ...] | None = None
    dns_servers: tuple[str, ...] | None = None
    dns_search_domains: tuple[str, ...] | None = None
    disable_networking: bool | None = None
    interactive: bool | None = None
    """Whether standard input stays open, without data."""
    pseudo_terminal: bool | None = None

    @property
    def gpus(self) -> int:
        """The number of GPUs that only the container uses."""
        return sum(int(one.value) for one in self.resource_requirements or ())

    @property
    def uses_log_router(self) -> bool:
        """Whether its output goes to the task's log router."""
        return self.log_configuration is not None and self.log_configuration.log_driver == AWSFIRELENS


class RuntimePlatform(msgspec.Struct, frozen=True):
    """CPU architecture and operating system."""

    cpu_architecture: str | None = None
    operating_system_family: str | None = None


class EphemeralStorage(msgspec.Struct, frozen=True):
    """The size of a task's own disk in GiB."""

    size_in_gi_b: int


class TaskDefinitionStatus(StrEnum):
    """An INACTIVE revision still works for the services that use it; so does one in DELETE_IN_PROGRESS, which is
    deleted when it is no longer used. Only a daemon task definition is shown as DELETED.
    """

    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    DELETE_IN_PROGRESS = "DELETE_IN_PROGRESS"
    DELETED = "DELETED"


class TaskDefinition(ArnRecord, frozen=True, tag="task_definition"):
    """One revision, of a task definition or of a daemon task definition, which its ARN distinguishes. ``cpu`` and
    ``memory`` are decimal strings of units and MiB, as AWS returns them.
    """

    arn: TaskDefinitionArn
    family: str
    revision: int
    registered_at: Instant
    registered_by: str
    container_definitions: tuple[ContainerDefinition, ...]
    status: TaskDefinitionStatus = TaskDefinitionStatus.ACTIVE
    network_mode: NetworkMode = NetworkMode.BRIDGE
    pid_mode: PidMode | None = None
    ipc_mode: IpcMode | None = None
    cpu: str | None = None
    memory: str | None = None
    requires_compatibilities: tuple[str, ...] | None = None
    compatibilities: tuple[str, ...] = ()
    task_role_arn: str | None = None
    execution_role_arn: str | None = None
    runtime_platform: RuntimePlatform | None = None
    proxy_configuration: ProxyConfiguration | None = None
    volumes: tuple[Volume, ...] = ()
    ephemeral_storage: EphemeralStorage | None = None
    placement_constraints: tuple[PlacementConstraint, ...] = ()
    deregistered_at: Instant | None = None
    delete_requested_at: Instant | None = None
    tags: Mapping[str, str] = {}

    @property
    def family_key(self) -> str:
        """The key of its family: its ARN without the revision."""
        return self.arn.rpartition(":")[0]

    @property
    def is_daemon(self) -> bool:
        """Whether it is a daemon task definition, which only daemons can use."""
        return f":{DAEMON_TASK_DEFINITION}/" in self.arn

    def container(self, name: str) -> ContainerDefinition | None:
        """The container definition with this name."""
        return next((c for c in self.container_definitions if c.name == name), None)

    @property
    def log_router(self) -> ContainerDefinition | None:
        """The container with a ``firelensConfiguration``."""
        return next((c for c in self.container_definitions if c.firelens_configuration is not None), None)

    def port(self, port_name: str) -> PortMapping | None:
        """The port mapping with this name, in any container."""
        mappings = (m for c in self.container_definitions for m in c.port_mappings)
        return next((m for m in mappings if m.name == port_name), None)
