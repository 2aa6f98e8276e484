"""The registration of a task definition: its request, the rules of that, and the revision that it makes.

Promise: the rules need nothing but the request, so ``moyai analyze`` names what RegisterTaskDefinition would refuse.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.ecs.launch.options import LAUNCH_TYPES
from moyai.api.ecs.lookup import tag_rules
from moyai.api.ecs.task_definitions.fargate_rules import obstacles
from moyai.api.ecs.task_definitions.rules import definition_rules
from moyai.api.ecs.task_definitions.task_size import LARGEST, TaskSize, task_size
from moyai.api.ecs.unsupported import unsupported_value
from moyai.api.operation import Context
from moyai.api.rules import Rule, enforce
from moyai.api.tagging import Tag, checked_tags
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
)
from moyai.domain.ecs.volume import Volume
from moyai.domain.keys import family_key
from moyai.domain.world import Put
from moyai.kernel.clock import Instant
from moyai.kernel.ids import TaskDefinitionArn
from moyai.kernel.scope import Scope
from moyai.plan.task.launch import FARGATE

_MAX_BYTES: Final = 65536


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


def new_definition(ctx: Context, registration: RegisterTaskDefinitionRequest) -> TaskDefinition:
    """The next revision of a family. Raises ClientException."""
    enforce(registration_rules(registration, ctx.scope))
    draft = draft_definition(registration, ctx.scope)
    last = ctx.store.world.families.get(draft.family_key)
    revision = 1 if last is None else last.last_revision + 1
    return replace(
        draft,
        arn=TaskDefinitionArn(f"{draft.family_key}:{revision}"),
        revision=revision,
        registered_at=ctx.now,
        registered_by=ctx.principal,
        tags=_tags(registration),
    )


def registration_rules(registration: RegisterTaskDefinitionRequest, scope: Scope) -> Iterator[Rule]:
    """All rules of a registration."""
    for_fargate = FARGATE in (registration.requires_compatibilities or ())
    yield partial(_tags, registration)
    yield partial(check_length, registration)
    yield partial(_check_launch_types, registration)
    yield partial(task_size, registration.cpu, registration.memory, for_fargate=for_fargate)
    yield from definition_rules(draft_definition(registration, scope), for_fargate=for_fargate)


def draft_definition(registration: RegisterTaskDefinitionRequest, scope: Scope) -> TaskDefinition:
    """The revision without what only the world knows: its number, time and principal."""
    size = _size(registration)
    mode = registration.network_mode or NetworkMode.BRIDGE
    definition = TaskDefinition(
        arn=TaskDefinitionArn(f"{family_key(scope, registration.family)}:0"),
        family=registration.family,
        revision=0,
        registered_at=Instant(0),
        registered_by="",
        container_definitions=tuple(with_defaults(c, mode) for c in registration.container_definitions),
        network_mode=mode,
        pid_mode=registration.pid_mode,
        ipc_mode=registration.ipc_mode,
        cpu=size.cpu,
        memory=size.memory,
        requires_compatibilities=registration.requires_compatibilities,
        task_role_arn=registration.task_role_arn,
        execution_role_arn=registration.execution_role_arn,
        runtime_platform=registration.runtime_platform,
        proxy_configuration=registration.proxy_configuration,
        volumes=registration.volumes,
        ephemeral_storage=registration.ephemeral_storage,
        placement_constraints=registration.placement_constraints,
    )
    return replace(definition, compatibilities=_compatibilities(definition, fits=size.fits_fargate))


def _tags(registration: RegisterTaskDefinitionRequest) -> dict[str, str]:
    if registration.tags == ():
        raise ClientException("Tags can not be empty.")
    return checked_tags(tag_rules("task-definition", ClientException), registration.tags or ())


def _size(registration: RegisterTaskDefinitionRequest) -> TaskSize:
    """The task's size; for one that breaks its rule the largest, which every container fits into."""
    try:
        return task_size(registration.cpu, registration.memory, for_fargate=False)
    except ClientException:
        return LARGEST


def put_definition(definition: TaskDefinition) -> tuple[Put, ...]:
    """The changes that store a new revision."""
    return Put(definition), Put(TaskDefinitionFamily(definition.family_key, definition.revision))


def check_length(request: msgspec.Struct) -> None:
    """Raise ClientException for a definition that is longer than AWS allows."""
    size = len(msgspec.json.encode(request))
    if size > _MAX_BYTES:
        raise ClientException(f"Actual length: '{size}'. Max allowed length is '{_MAX_BYTES}' bytes.")


def _check_launch_types(registration: RegisterTaskDefinitionRequest) -> None:
    for launch_type in registration.requires_compatibilities or ():
        if launch_type not in LAUNCH_TYPES:
            reason = f"the launch types are {', '.join(LAUNCH_TYPES)}"
            raise unsupported_value("requiresCompatibilities", launch_type, reason, ClientException)


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
