"""Daemon task definitions: register, describe, list, delete.

Promise: a revision is stored as it was registered, and never changes; its number is never reused. It is a task
definition that only daemons can use. Its containers are in the network of their container instance, where AWS gives
daemons a network of their own.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/managed-daemons-task-definitions.html
"""

from __future__ import annotations

from enum import StrEnum

import msgspec
from msgspec.structs import asdict, replace

from moyai.api.ecs.lookup import find_definition, tag_rules
from moyai.api.ecs.paging import PageQuery, paginate
from moyai.api.ecs.task_definitions.registration import check_length, put_definition, with_defaults
from moyai.api.ecs.task_definitions.rules import definition_rules
from moyai.api.ecs.task_definitions.task_definitions import family_and_number
from moyai.api.ecs.task_definitions.task_size import task_size
from moyai.api.operation import Context, PageRequest, operation
from moyai.api.rules import enforce
from moyai.api.tagging import Tag, checked_tags
from moyai.domain.ecs.container_settings import (
    KernelCapabilities,
    LinuxParameters,
    MountPoint,
    RestartPolicy,
    SystemControl,
    Tmpfs,
)
from moyai.domain.ecs.environment import ContainerSecret, EnvironmentFile, KeyValuePair
from moyai.domain.ecs.errors import ClientException
from moyai.domain.ecs.family import DAEMON_TASK_DEFINITION
from moyai.domain.ecs.firelens import FirelensConfiguration
from moyai.domain.ecs.task_definition import (
    ContainerDefinition,
    ContainerDependency,
    ContainerHealthCheck,
    ContainerLogConfiguration,
    IpcMode,
    NetworkMode,
    PidMode,
    RepositoryCredentials,
    TaskDefinition,
    TaskDefinitionStatus,
    UlimitDefinition,
)
from moyai.domain.ecs.volume import HostVolume, Volume
from moyai.domain.keys import family_key, scope_key
from moyai.domain.world import Put
from moyai.kernel.ids import TaskDefinitionArn

_ABSENT = "The specified daemon task definition does not exist. Specify a valid family, revision or ARN and try again."
_LAST_REGISTERED = "LAST_REGISTERED"
_ALL = "ALL"


class DaemonNamespaceMode(StrEnum):
    """Whether a daemon's containers share a namespace of the container instance."""

    NONE = "none"
    SHARED = "shared"


class DaemonLinuxParameters(msgspec.Struct, frozen=True):
    """Linux settings of a daemon's container."""

    capabilities: KernelCapabilities | None = None
    init_process_enabled: bool | None = None
    tmpfs: tuple[Tmpfs, ...] | None = None


class DaemonContainer(msgspec.Struct, frozen=True):
    """A container definition without the members that daemons do not have."""

    name: str = ""
    image: str = ""
    repository_credentials: RepositoryCredentials | None = None
    cpu: int = 0
    memory: int | None = None
    memory_reservation: int | None = None
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
    readonly_root_filesystem: bool | None = None
    log_configuration: ContainerLogConfiguration | None = None
    firelens_configuration: FirelensConfiguration | None = None
    mount_points: tuple[MountPoint, ...] = ()
    system_controls: tuple[SystemControl, ...] = ()
    linux_parameters: DaemonLinuxParameters | None = None
    privileged: bool | None = None
    interactive: bool | None = None
    pseudo_terminal: bool | None = None

    def definition(self) -> ContainerDefinition:
        """The container definition that the runtime uses."""
        members = {name: getattr(self, name) for name in self.__struct_fields__}
        linux = self.linux_parameters
        return ContainerDefinition(
            **members | {"linux_parameters": None if linux is None else LinuxParameters(**asdict(linux))}
        )


class DaemonVolume(msgspec.Struct, frozen=True):
    """A directory of the container instance."""

    name: str = ""
    host: HostVolume | None = None


class RegisterDaemonTaskDefinitionRequest(msgspec.Struct, frozen=True):
    family: str
    container_definitions: tuple[DaemonContainer, ...]
    pid_mode: DaemonNamespaceMode | None = None
    ipc_mode: DaemonNamespaceMode | None = None
    cpu: str | None = None
    memory: str | None = None
    task_role_arn: str | None = None
    execution_role_arn: str | None = None
    volumes: tuple[DaemonVolume, ...] = ()
    tags: tuple[Tag, ...] | None = None


class DescribeDaemonTaskDefinitionRequest(msgspec.Struct, frozen=True):
    daemon_task_definition: str


class DeleteDaemonTaskDefinitionRequest(msgspec.Struct, frozen=True):
    daemon_task_definition: str


class ListDaemonTaskDefinitionsRequest(PageRequest, frozen=True):
    family_prefix: str | None = None
    family: str | None = None
    revision: str | None = None
    status: str = "ACTIVE"
    sort: str = "ASC"


@operation(input_fault=ClientException)
def register_daemon_task_definition(ctx: Context, request: RegisterDaemonTaskDefinitionRequest) -> dict[str, object]:
    """Register the next revision of a family."""
    tags = checked_tags(tag_rules(DAEMON_TASK_DEFINITION, ClientException), request.tags or ())
    check_length(request)
    size = task_size(request.cpu, request.memory, for_fargate=False)
    family = family_key(ctx.scope, request.family, DAEMON_TASK_DEFINITION)
    last = ctx.store.world.families.get(family)
    revision = 1 if last is None else last.last_revision + 1
    containers = (container.definition() for container in request.container_definitions)
    definition = TaskDefinition(
        arn=TaskDefinitionArn(f"{family}:{revision}"),
        family=request.family,
        revision=revision,
        registered_at=ctx.now,
        registered_by=ctx.principal,
        container_definitions=tuple(with_defaults(c, NetworkMode.HOST) for c in containers),
        network_mode=NetworkMode.HOST,
        pid_mode=PidMode.HOST if request.pid_mode is DaemonNamespaceMode.SHARED else None,
        ipc_mode=IpcMode.HOST if request.ipc_mode is DaemonNamespaceMode.SHARED else None,
        cpu=size.cpu,
        memory=size.memory,
        compatibilities=("EC2",),
        task_role_arn=request.task_role_arn,
        execution_role_arn=request.execution_role_arn,
        volumes=tuple(Volume(volume.name, volume.host) for volume in request.volumes),
        tags=tags,
    )
    enforce(definition_rules(definition, for_fargate=False))
    ctx.store.apply(put_definition(definition))
    return {"daemon_task_definition_arn": definition.arn}


def describe_daemon_task_definition(ctx: Context, request: DescribeDaemonTaskDefinitionRequest) -> dict[str, object]:
    """Describe a revision, or the newest ACTIVE one of a family."""
    definition = find_definition(ctx.store.world, ctx.scope, request.daemon_task_definition, DAEMON_TASK_DEFINITION)
    if definition is None:
        raise ClientException(_ABSENT)
    return {"daemon_task_definition": _view(definition)}


def list_daemon_task_definitions(ctx: Context, request: ListDaemonTaskDefinitionsRequest) -> dict[str, object]:
    """Revisions by family and number."""
    definitions = {
        definition.arn: definition
        for definition in ctx.store.world.task_definitions.by("scope", scope_key(ctx.scope))
        if definition.is_daemon
        and request.status in {_ALL, definition.status}
        and request.family in {None, definition.family}
        and definition.family.startswith(request.family_prefix or "")
    }
    keys: list[str] = list(definitions)
    if request.revision == _LAST_REGISTERED:
        last = {d.family: d.arn for d in sorted(definitions.values(), key=lambda d: d.revision)}
        keys = list(last.values())
    filters = (request.family_prefix, request.family, request.revision, request.status, request.sort)
    query = PageQuery(("ListDaemonTaskDefinitions", *filters), request.next_token, request.max_results)
    page = paginate(keys, query, family_and_number, descending=request.sort == "DESC")
    return {
        "daemon_task_definitions": [_summary(definitions[TaskDefinitionArn(key)]) for key in page.keys],
        "next_token": page.next_token,
    }


def delete_daemon_task_definition(ctx: Context, request: DeleteDaemonTaskDefinitionRequest) -> dict[str, object]:
    """Mark an ACTIVE revision for deletion. Daemons that use it go on using it."""
    if ":" not in request.daemon_task_definition.rpartition("/")[2]:
        raise ClientException("Revision is missing.")
    definition = find_definition(ctx.store.world, ctx.scope, request.daemon_task_definition, DAEMON_TASK_DEFINITION)
    if definition is None:
        raise ClientException(_ABSENT)
    if definition.status is not TaskDefinitionStatus.ACTIVE:
        raise ClientException(f"The specified daemon task definition is {definition.status}, not ACTIVE.")
    deleted = replace(definition, status=TaskDefinitionStatus.DELETE_IN_PROGRESS, delete_requested_at=ctx.now)
    ctx.store.apply([Put(deleted)])
    return {"daemon_task_definition_arn": definition.arn}


def _view(definition: TaskDefinition) -> dict[str, object]:
    return {
        "daemon_task_definition_arn": definition.arn,
        "family": definition.family,
        "revision": definition.revision,
        "task_role_arn": definition.task_role_arn,
        "execution_role_arn": definition.execution_role_arn,
        "container_definitions": [_container_view(c) for c in definition.container_definitions],
        "volumes": [{"name": volume.name, "host": volume.host} for volume in definition.volumes],
        "cpu": definition.cpu,
        "memory": definition.memory,
        "status": definition.status,
        "registered_at": definition.registered_at,
        "delete_requested_at": definition.delete_requested_at,
        "registered_by": definition.registered_by,
        "pid_mode": DaemonNamespaceMode.SHARED if definition.pid_mode else DaemonNamespaceMode.NONE,
        "ipc_mode": DaemonNamespaceMode.SHARED if definition.ipc_mode else DaemonNamespaceMode.NONE,
    }


def _container_view(container: ContainerDefinition) -> dict[str, object]:
    view: dict[str, object] = {name: getattr(container, name) for name in DaemonContainer.__struct_fields__}
    linux = container.linux_parameters
    if linux is not None:
        view["linux_parameters"] = {name: getattr(linux, name) for name in DaemonLinuxParameters.__struct_fields__}
    return view


def _summary(definition: TaskDefinition) -> dict[str, object]:
    return {
        "arn": definition.arn,
        "registered_at": definition.registered_at,
        "registered_by": definition.registered_by,
        "delete_requested_at": definition.delete_requested_at,
        "status": definition.status,
    }
