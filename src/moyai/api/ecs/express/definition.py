"""The task definition of an Express service: registered from the settings of a request, or the caller's own.

Promise: the container that gets the requests is named ``Main`` and has one TCP port with a name.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExpressGatewayContainer.html
"""

from __future__ import annotations

from typing import Final, NamedTuple

from moyai.api.ecs.express.requests import AwsLogsRequest, ContainerRequest, ExpressSettingsRequest
from moyai.api.ecs.lookup import active_definition
from moyai.api.ecs.task_definitions.registration import RegisterTaskDefinitionRequest, new_definition
from moyai.api.operation import Context
from moyai.api.tagging import Tag
from moyai.domain.ecs.cluster import Cluster
from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.express import MAIN
from moyai.domain.ecs.ingress import MANAGED_TAGS
from moyai.domain.ecs.task_definition import (
    ContainerDefinition,
    ContainerLogConfiguration,
    NetworkMode,
    PortMapping,
    RepositoryCredentials,
    RuntimePlatform,
    TaskDefinition,
)
from moyai.plan.task.launch import FARGATE

DEFAULT_PORT: Final = 80
_PORT_NAME: Final = "main"
_LARGEST_PORT: Final = 65535
_GROUP, _REGION, _PREFIX = "awslogs-group", "awslogs-region", "awslogs-stream-prefix"
_SET_BY_DEFINITION: Final = (
    "primary_container",
    "execution_role_arn",
    "task_role_arn",
    "cpu",
    "memory",
    "cpu_architecture",
)


class _Inherited(NamedTuple):
    """The members of a task definition that a request may leave open."""

    cpu: str | None = "256"
    memory: str | None = "512"
    cpu_architecture: str = "X86_64"
    task_role_arn: str | None = None
    execution_role_arn: str | None = None

    @classmethod
    def of(cls, former: TaskDefinition) -> _Inherited:
        architecture = cpu_architecture_of(former) or cls().cpu_architecture
        return cls(former.cpu, former.memory, architecture, former.task_role_arn, former.execution_role_arn)


def own_definition(ctx: Context, request: ExpressSettingsRequest, identifier: str) -> TaskDefinition:
    """The caller's task definition. Raises InvalidParameter and ClientException."""
    for member in _SET_BY_DEFINITION:
        if getattr(request, member) is not None:
            head, *rest = member.split("_")
            name = head + "".join(word.capitalize() for word in rest)
            raise InvalidParameter(f"{name} cannot be specified together with taskDefinitionArn, which sets it.")
    definition = active_definition(ctx, identifier)
    main_port(definition)
    if FARGATE not in definition.compatibilities:
        raise InvalidParameter(f"The task definition {definition.arn} is not compatible with FARGATE.")
    return definition


def managed_definition(
    ctx: Context,
    cluster: Cluster,
    service: str,
    request: ExpressSettingsRequest,
    logs: AwsLogsRequest,
    former: TaskDefinition | None = None,
) -> TaskDefinition:
    """The next revision of the service's family; what the request leaves open is as in the ``former`` one, or has its
    default. Raises InvalidParameter and ClientException.
    """
    container = request.primary_container
    if container is not None:
        main = _container(ctx, container, container.aws_logs_configuration or logs)
    elif former is None:
        raise InvalidParameter("primaryContainer or taskDefinitionArn must be specified.")
    else:
        main = main_container(former)
    inherited = _Inherited() if former is None else _Inherited.of(former)
    platform = RuntimePlatform(request.cpu_architecture or inherited.cpu_architecture, "LINUX")
    registration = RegisterTaskDefinitionRequest(
        family=f"{cluster.name}-{service}"[:255],
        container_definitions=(main,),
        network_mode=NetworkMode.AWSVPC,
        requires_compatibilities=(FARGATE,),
        cpu=request.cpu or inherited.cpu,
        memory=request.memory or inherited.memory,
        task_role_arn=request.task_role_arn or inherited.task_role_arn,
        execution_role_arn=request.execution_role_arn or inherited.execution_role_arn,
        runtime_platform=platform,
        tags=tuple(Tag(key, value) for key, value in MANAGED_TAGS.items()),
    )
    return new_definition(ctx, registration)


def main_container(definition: TaskDefinition) -> ContainerDefinition:
    """The container that gets the requests. Raises InvalidParameter."""
    main = next((c for c in definition.container_definitions if c.name == MAIN), None)
    if main is None:
        raise InvalidParameter(f"The task definition {definition.arn} has no container named {MAIN}.")
    return main


def main_port(definition: TaskDefinition) -> int:
    """The port that gets the requests. Raises InvalidParameter."""
    mappings = main_container(definition).port_mappings
    if len(mappings) != 1 or mappings[0].protocol != "tcp" or not (mappings[0].name and mappings[0].container_port):
        raise InvalidParameter(
            f"The container {MAIN} of the task definition {definition.arn} must have exactly one port mapping: of TCP,"
            " with a containerPort and a name."
        )
    return mappings[0].container_port


def logs_of(container: ContainerDefinition) -> AwsLogsRequest | None:
    """The log group and the stream prefix of a container with the log driver awslogs."""
    configuration = container.log_configuration
    if configuration is None or _GROUP not in configuration.options:
        return None
    return AwsLogsRequest(configuration.options[_GROUP], configuration.options.get(_PREFIX, ""))


def cpu_architecture_of(definition: TaskDefinition | None) -> str | None:
    """The CPU architecture that the definition names."""
    platform = None if definition is None else definition.runtime_platform
    return None if platform is None else platform.cpu_architecture


def _container(ctx: Context, container: ContainerRequest, logs: AwsLogsRequest) -> ContainerDefinition:
    port = DEFAULT_PORT if container.container_port is None else container.container_port
    if not 1 <= port <= _LARGEST_PORT:
        raise InvalidParameter(f"primaryContainer.containerPort must be between 1 and {_LARGEST_PORT}.")
    if not container.image.strip():
        raise InvalidParameter("primaryContainer.image must not be blank.")
    options = {_GROUP: logs.log_group, _REGION: str(ctx.scope.region), _PREFIX: logs.log_stream_prefix}
    credentials = container.repository_credentials
    parameter = None if credentials is None else credentials.credentials_parameter
    return ContainerDefinition(
        name=MAIN,
        image=container.image,
        repository_credentials=None if parameter is None else RepositoryCredentials(parameter),
        port_mappings=(PortMapping(port, name=_PORT_NAME),),
        command=container.command,
        environment=container.environment,
        secrets=container.secrets,
        log_configuration=ContainerLogConfiguration("awslogs", options),
    )
