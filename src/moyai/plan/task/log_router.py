"""The log router of a task, and the containers whose output it gets.

Promise: the router has what Amazon ECS's agent gives it: its configuration, a directory for its socket at ``/var/run``,
and each secret option as a variable ``<option>_<number of the container>``. A container that uses it starts after it
and stops before it, unless the task definition orders the router itself.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_firelens.html, and
https://github.com/aws/amazon-ecs-agent/blob/master/agent/api/task/task.go
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from moyai.domain.ecs.environment import ContainerSecret
from moyai.domain.ecs.firelens import BUFFER_OPTION, ROUTER_DIRECTORY, FirelensType, buffered_events
from moyai.domain.ecs.metadata import runtime_id
from moyai.domain.ecs.task import Container, Task
from moyai.domain.ecs.task_definition import (
    ContainerDefinition,
    ContainerDependency,
    ContainerLogConfiguration,
    DependencyCondition,
    NetworkMode,
    TaskDefinition,
)
from moyai.domain.sandbox.spec import LogForwarding, VolumeMount
from moyai.plan.task.context import TaskContext
from moyai.plan.task.router_config import PORT, SOCKET, RoutedContainer, RouterConfig, router_config

SOCKET_VOLUME: Final = "firelens.socket"
"""The task's volume with the router's socket. No volume of a task definition has this name."""
_PATHS: Mapping[FirelensType, str] = MappingProxyType(
    {FirelensType.FLUENTD: "/fluentd/etc/fluent.conf", FirelensType.FLUENTBIT: "/fluent-bit/etc/fluent-bit.conf"}
)
_VARIABLES: Mapping[FirelensType, str] = MappingProxyType(
    {FirelensType.FLUENTD: "\"#{ENV['%s']}\"", FirelensType.FLUENTBIT: "${%s}"}
)
"""How a configuration refers to an environment variable."""


def router_dependency(
    definition: TaskDefinition, container_definition: ContainerDefinition
) -> tuple[ContainerDependency, ...]:
    """The dependency of a container that uses the log router on it. Empty where the definition has the dependency, or
    the router itself depends on other containers, which might make a cycle.
    """
    router = definition.log_router
    if router is None or router.depends_on or router is container_definition:
        return ()
    if not container_definition.uses_log_router:
        return ()
    if any(dependency.container_name == router.name for dependency in container_definition.depends_on or ()):
        return ()
    return (ContainerDependency(router.name, DependencyCondition.START),)


def router_files(context: TaskContext, container_definition: ContainerDefinition) -> Mapping[str, str]:
    """The generated files of the log router by their paths; none for other containers. Raises MissingPlugin."""
    configuration = container_definition.firelens_configuration
    if configuration is None:
        return {}
    kind, definition = configuration.type, context.definition
    config = RouterConfig(
        type=kind,
        network_mode=definition.network_mode,
        memory=container_definition.memory_reservation or container_definition.memory or 0,
        fields=_task_fields(context) if configuration.adds_metadata else {},
        included_file=configuration.included_file,
        containers=[
            RoutedContainer(routed.name, _output_options(kind, number, log))
            for number, routed, log in _routed_containers(definition)
        ],
    )
    return {_PATHS[kind]: router_config(config)}


def router_volumes(container_definition: ContainerDefinition) -> tuple[VolumeMount, ...]:
    """The volume with the log router's socket, if the container is the log router."""
    if container_definition.firelens_configuration is None:
        return ()
    return (VolumeMount(ROUTER_DIRECTORY, SOCKET_VOLUME, public=True),)


def router_secrets(definition: TaskDefinition, container_definition: ContainerDefinition) -> Iterator[ContainerSecret]:
    """The secret log options of all containers, as variables of the log router."""
    if container_definition.firelens_configuration is None:
        return
    for number, _, log in _routed_containers(definition):
        for secret in log.secret_options or ():
            yield replace(secret, name=f"{secret.name}_{number}")


def router_variables(task: Task, container_definition: ContainerDefinition) -> Mapping[str, str]:
    """Variables that FireLens adds to a container: the user that Fluentd runs as, and the router's address for
    containers that send records themselves.
    """
    configuration = container_definition.firelens_configuration
    variables = {"FLUENT_UID": "0"} if configuration and configuration.type is FirelensType.FLUENTD else {}
    if not container_definition.uses_log_router or task.network_mode not in {NetworkMode.AWSVPC, NetworkMode.BRIDGE}:
        return variables
    host = task.bridge_address if task.network_mode is NetworkMode.BRIDGE else None
    return variables | {"FLUENT_HOST": host or "127.0.0.1", "FLUENT_PORT": str(PORT)}


def log_forwarding(task: Task, definition: TaskDefinition, container: Container) -> LogForwarding | None:
    """The log router to which a container's output is forwarded; None if it is not forwarded."""
    router, container_definition = definition.log_router, definition.container(container.name)
    if router is None or container_definition is None or not container_definition.uses_log_router:
        return None
    log = container_definition.log_configuration
    return LogForwarding(
        container=router.name,
        volume=SOCKET_VOLUME,
        socket=SOCKET,
        tag=f"{container.name}-firelens-{task.id}",
        fields={"container_id": runtime_id(container.arn), "container_name": f"/{container.name}"},
        max_events=buffered_events({} if log is None else log.options),
    )


def _routed_containers(
    definition: TaskDefinition,
) -> Iterator[tuple[int, ContainerDefinition, ContainerLogConfiguration]]:
    """The containers that use the log router, with their numbers in the task definition."""
    for number, container_definition in enumerate(definition.container_definitions):
        log = container_definition.log_configuration
        if log is not None and container_definition.uses_log_router:
            yield number, container_definition, log


def _output_options(kind: FirelensType, number: int, log: ContainerLogConfiguration) -> Mapping[str, str]:
    options = {name: value for name, value in log.options.items() if name != BUFFER_OPTION}
    secrets = {s.name: _VARIABLES[kind] % f"{s.name}_{number}" for s in log.secret_options or ()}
    return options | secrets


def _task_fields(context: TaskContext) -> Mapping[str, str]:
    task = context.task
    instance = None if task.container_instance is None else context.world.container_instances[task.container_instance]
    return {
        "ecs_cluster": task.cluster.rpartition("/")[2],
        "ecs_task_arn": task.arn,
        "ecs_task_definition": task.task_definition.rpartition("/")[2],
        **({} if instance is None else {"ec2_instance_id": instance.ec2_instance_id}),
    }
