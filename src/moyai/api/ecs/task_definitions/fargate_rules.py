"""Obstacles that keep a task definition from running on FARGATE, with AWS's messages where they are known.

Promise: the first obstacle is the error of a definition that requires FARGATE; any other definition is compatible with
EC2 only, as its ``compatibilities`` say.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
"""

from __future__ import annotations

from collections.abc import Iterator

from moyai.domain.ecs.container_settings import LinuxParameters
from moyai.domain.ecs.task_definition import ContainerDefinition, NetworkMode, PidMode, TaskDefinition

_LONGEST_STOP = 120
_START_TIMEOUT = range(2, 121)


def obstacles(definition: TaskDefinition) -> Iterator[str]:
    """The obstacles, each as the message of its error."""
    if definition.network_mode is not NetworkMode.AWSVPC:
        yield "Fargate only supports network mode ‘awsvpc’."  # noqa: RUF001  AWS's own quotes
    if definition.pid_mode is PidMode.HOST:
        yield _unsupported_message("pidMode=host")
    if definition.ipc_mode is not None:
        yield _unsupported_message("ipcMode")
    if any(volume.source_path is not None for volume in definition.volumes):
        yield _unsupported_message("host.sourcePath")
    if any(volume.docker_volume_configuration is not None for volume in definition.volumes):
        yield _unsupported_message("dockerVolumeConfiguration")
    if definition.placement_constraints:
        yield _unsupported_message("placementConstraints")
    for container in definition.container_definitions:
        yield from _container_obstacles(container)


def _container_obstacles(container: ContainerDefinition) -> Iterator[str]:
    if container.privileged:
        yield "Fargate requires that the 'privileged' setting be 'false'."
    if container.resource_requirements:
        yield _unsupported_message("resourceRequirements")
    if container.docker_security_options:
        yield _unsupported_message("dockerSecurityOptions")
    if container.linux_parameters is not None:
        yield from _parameter_obstacles(container.linux_parameters)
    if container.stop_timeout is not None and container.stop_timeout > _LONGEST_STOP:
        yield "Tasks using the Fargate launch type must have a container stop timeout of less than 120 seconds."
    if container.start_timeout is not None and container.start_timeout not in _START_TIMEOUT:
        yield "Tasks using the Fargate launch type must have a container start timeout of 2 to 120 seconds."


def _parameter_obstacles(parameters: LinuxParameters) -> Iterator[str]:
    members = (
        ("sharedMemorySize", parameters.shared_memory_size),
        ("maxSwap", parameters.max_swap),
        ("swappiness", parameters.swappiness),
    )
    for member, value in members:
        if value is not None:
            yield _unsupported_message(member)
    added = set() if parameters.capabilities is None else set(parameters.capabilities.add or ())
    if added - {"SYS_PTRACE"}:
        yield _unsupported_message(f"adding the capabilities {', '.join(sorted(added - {'SYS_PTRACE'}))}")


def _unsupported_message(setting: str) -> str:
    return f"Fargate compatible task definitions do not support {setting}"
