"""Task definitions: register, describe, list. ``deletion`` deregisters and deletes them.

Promise: a revision is stored as it was registered, with AWS's defaults, and never changes; its number is never reused.
The runtime implements a revision's members, except those that are only stored and shown: roles, tags, dockerLabels,
memoryReservation, runtimePlatform.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.launch.options import LAUNCH_TYPES
from moyai.api.ecs.lookup import find_definition, tag_rules
from moyai.api.ecs.paging import PageQuery, paginate
from moyai.api.ecs.task_definitions.fargate_rules import obstacles
from moyai.api.ecs.task_definitions.rules import check_definition
from moyai.api.ecs.task_definitions.task_size import task_size
from moyai.api.ecs.unsupported import unsupported_value
from moyai.api.operation import Context, operation
from moyai.api.tagging import Tag, checked_tags, tag_list
from moyai.domain.ecs.errors import ClientException
from moyai.domain.ecs.family import TaskDefinitionFamily
from moyai.domain.ecs.placement import PlacementConstraint
from moyai.domain.ecs.proxy_configuration import ProxyConfiguration
from moyai.domain.ecs.task_definition import (
    ContainerDefinition,
    ContainerHealthCheck,
    EphemeralStorage,
    IpcMode,
    NetworkMode,
    PidMode,
    PortMapping,
    RuntimePlatform,
    TaskDefinition,
    TaskDefinitionStatus,
)
from moyai.domain.ecs.volume import Volume
from moyai.domain.keys import family_key, scope_key
from moyai.domain.world import Put
from moyai.kernel.ids import TaskDefinitionArn
from moyai.plan.placement.constraints import required_attributes
from moyai.plan.task.launch import FARGATE

_MAX_BYTES = 65536


class RegisterTaskDefinitionRequest(msgspec.Struct, frozen=True):
    family: str
    container_definitions: tuple[ContainerDefinition, ...]
    network_mode: NetworkMode | None = None
    pid_mode: PidMode | None = None
    ipc_mode: IpcMode | None = None
    requires_compatibilities: tuple[str, ...] | None = None
    cpu: str | None = None
    memory: str | None = None
    task_role_arn: str | None = None
    execution_role_arn: str | None = None
    runtime_platform: RuntimePlatform | None = None
    proxy_configuration: ProxyConfiguration | None = None
    volumes: tuple[Volume, ...] = ()
    ephemeral_storage: EphemeralStorage | None = None
    placement_constraints: tuple[PlacementConstraint, ...] = ()
    tags: tuple[Tag, ...] | None = None


class DescribeTaskDefinitionRequest(msgspec.Struct, frozen=True):
    task_definition: str
    include: frozenset[str] = frozenset()


class ListTaskDefinitionsRequest(msgspec.Struct, frozen=True):
    family_prefix: str | None = None
    status: str = "ACTIVE"
    sort: str = "ASC"
    next_token: str | None = None
    max_results: int | None = None


class ListTaskDefinitionFamiliesRequest(msgspec.Struct, frozen=True):
    family_prefix: str = ""
    status: str = "ALL"
    next_token: str | None = None
    max_results: int | None = None


@operation(input_fault=ClientException)
def register_task_definition(ctx: Context, request: RegisterTaskDefinitionRequest) -> dict[str, object]:
    """Register the next revision of a family."""
    definition = new_definition(ctx, request)
    ctx.store.apply(put_definition(definition))
    return {"task_definition": definition_view(definition), "tags": tag_list(definition.tags)}


def new_definition(ctx: Context, registration: RegisterTaskDefinitionRequest) -> TaskDefinition:
    """The next revision of a family. Raises ClientException."""
    if registration.tags == ():
        raise ClientException("Tags can not be empty.")
    tags = checked_tags(tag_rules("task-definition", ClientException), registration.tags or ())
    check_length(registration)
    for_fargate = FARGATE in _checked_launch_types(registration)
    size_of_task = task_size(registration.cpu, registration.memory, for_fargate=for_fargate)
    family = family_key(ctx.scope, registration.family)
    last = ctx.store.world.families.get(family)
    revision = 1 if last is None else last.last_revision + 1
    mode = registration.network_mode or NetworkMode.BRIDGE
    definition = TaskDefinition(
        arn=TaskDefinitionArn(f"{family}:{revision}"),
        family=registration.family,
        revision=revision,
        registered_at=ctx.now,
        registered_by=ctx.principal,
        container_definitions=tuple(with_defaults(c, mode) for c in registration.container_definitions),
        network_mode=mode,
        pid_mode=registration.pid_mode,
        ipc_mode=registration.ipc_mode,
        cpu=size_of_task.cpu,
        memory=size_of_task.memory,
        requires_compatibilities=registration.requires_compatibilities,
        task_role_arn=registration.task_role_arn,
        execution_role_arn=registration.execution_role_arn,
        runtime_platform=registration.runtime_platform,
        proxy_configuration=registration.proxy_configuration,
        volumes=registration.volumes,
        ephemeral_storage=registration.ephemeral_storage,
        placement_constraints=registration.placement_constraints,
        tags=tags,
    )
    check_definition(definition, for_fargate=for_fargate)
    return replace(definition, compatibilities=_compatibilities(definition, fits=size_of_task.fits_fargate))


def put_definition(definition: TaskDefinition) -> tuple[Put, ...]:
    """The changes that store a new revision."""
    return Put(definition), Put(TaskDefinitionFamily(definition.family_key, definition.revision))


def check_length(request: msgspec.Struct) -> None:
    """Raise ClientException for a definition that is longer than AWS allows."""
    size = len(msgspec.json.encode(request))
    if size > _MAX_BYTES:
        raise ClientException(f"Actual length: '{size}'. Max allowed length is '{_MAX_BYTES}' bytes.")


def _checked_launch_types(request: RegisterTaskDefinitionRequest) -> tuple[str, ...]:
    """The launch types that the definition has to be compatible with. Raises ClientException."""
    compatibilities = request.requires_compatibilities or ()
    for launch_type in compatibilities:
        if launch_type not in LAUNCH_TYPES:
            reason = f"the launch types are {', '.join(LAUNCH_TYPES)}"
            raise unsupported_value("requiresCompatibilities", launch_type, reason, ClientException)
    return compatibilities


def describe_task_definition(ctx: Context, request: DescribeTaskDefinitionRequest) -> dict[str, object]:
    """Describe a revision, or the newest ACTIVE one of a family."""
    definition = find_definition(ctx.store.world, ctx.scope, request.task_definition)
    if definition is None:
        raise ClientException("Unable to describe task definition.")
    tags = tag_list(definition.tags) if "TAGS" in request.include else []
    return {"task_definition": definition_view(definition), "tags": tags}


def list_task_definitions(ctx: Context, request: ListTaskDefinitionsRequest) -> dict[str, object]:
    """The ARNs of revisions by family and number. As on AWS, ``familyPrefix`` is the name of a family."""
    world = ctx.store.world
    if request.family_prefix is None:
        definitions: Iterable[TaskDefinition] = world.task_definitions.by("scope", scope_key(ctx.scope))
    else:
        definitions = world.task_definitions.by("family", family_key(ctx.scope, request.family_prefix))
    arns = (d.arn for d in definitions if d.status == request.status and not d.is_daemon)
    listing = ("ListTaskDefinitions", request.family_prefix, request.status, request.sort)
    query = PageQuery(listing, request.next_token, request.max_results)
    page = paginate(arns, query, family_and_number, descending=request.sort == "DESC")
    return {"task_definition_arns": page.keys, "next_token": page.next_token}


def list_task_definition_families(ctx: Context, request: ListTaskDefinitionFamiliesRequest) -> dict[str, object]:
    """The names of families. A family is INACTIVE when none of its revisions is ACTIVE."""
    all_definitions = ctx.store.world.task_definitions.by("scope", scope_key(ctx.scope))
    definitions = [d for d in all_definitions if not d.is_daemon]
    families = {d.family for d in definitions if d.family.startswith(request.family_prefix)}
    active = {d.family for d in definitions if d.status is TaskDefinitionStatus.ACTIVE}
    if request.status == "ACTIVE":
        families &= active
    elif request.status == "INACTIVE":
        families -= active
    listing = ("ListTaskDefinitionFamilies", request.family_prefix, request.status)
    page = paginate(families, PageQuery(listing, request.next_token, request.max_results))
    return {"families": page.keys, "next_token": page.next_token}


def definition_view(definition: TaskDefinition) -> dict[str, object]:
    """A task definition as the API shows it."""
    return {
        "task_definition_arn": definition.arn,
        "family": definition.family,
        "revision": definition.revision,
        "status": definition.status,
        "container_definitions": [_container_view(c) for c in definition.container_definitions],
        "network_mode": definition.network_mode,
        "pid_mode": definition.pid_mode,
        "ipc_mode": definition.ipc_mode,
        "cpu": definition.cpu,
        "memory": definition.memory,
        "requires_compatibilities": definition.requires_compatibilities,
        "compatibilities": definition.compatibilities,
        "task_role_arn": definition.task_role_arn,
        "execution_role_arn": definition.execution_role_arn,
        "runtime_platform": definition.runtime_platform,
        "proxy_configuration": definition.proxy_configuration,
        "volumes": definition.volumes,
        "ephemeral_storage": definition.ephemeral_storage,
        "placement_constraints": definition.placement_constraints,
        "requires_attributes": [{"name": name} for name in required_attributes(definition)],
        "registered_at": definition.registered_at,
        "registered_by": definition.registered_by,
        "deregistered_at": definition.deregistered_at,
        "delete_requested_at": definition.delete_requested_at,
    }


def _container_view(container: ContainerDefinition) -> dict[str, object]:
    ports = [_port_view(port) for port in container.port_mappings]
    return {**msgspec.structs.asdict(container), "port_mappings": ports}


def _port_view(port: PortMapping) -> dict[str, object]:
    """The mapping; the mapping of a range has no single ports."""
    view = msgspec.structs.asdict(port)
    return view if port.container_port_range is None else {**view, "container_port": None, "host_port": None}


def with_defaults(container: ContainerDefinition, mode: NetworkMode) -> ContainerDefinition:
    """The container definition with AWS's defaults."""
    ports = tuple(_with_port_defaults(port, mode) for port in container.port_mappings)
    check = container.health_check
    if check is not None:
        check = ContainerHealthCheck(
            command=check.command,
            interval=30 if check.interval is None else check.interval,
            timeout=5 if check.timeout is None else check.timeout,
            retries=3 if check.retries is None else check.retries,
            start_period=check.start_period,
        )
    return replace(container, port_mappings=ports, health_check=check)


def _with_port_defaults(port: PortMapping, mode: NetworkMode) -> PortMapping:
    """The mapping with its port on the host. Any protocol but tcp and udp, such as http, is tcp, as on AWS."""
    default = port.container_port if mode in {NetworkMode.AWSVPC, NetworkMode.HOST} else 0
    protocol = port.protocol if port.protocol in {"tcp", "udp"} else "tcp"
    return replace(port, host_port=default if port.host_port is None else port.host_port, protocol=protocol)


def _compatibilities(definition: TaskDefinition, *, fits: bool) -> tuple[str, ...]:
    if definition.network_mode is not NetworkMode.AWSVPC:
        return ("EXTERNAL", "EC2")
    return ("EC2", "FARGATE") if fits and not any(obstacles(definition)) else ("EC2",)


def family_and_number(arn: str) -> tuple[str, int]:
    """The family's key and the revision number in a task definition's ARN, by which revisions are ordered."""
    family, _, number = arn.rpartition(":")
    return family, int(number) if number.isascii() and number.isdecimal() else 0
