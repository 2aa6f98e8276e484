"""What keeps a task definition from FARGATE, in AWS's words where they are known.

Promise: asked for FARGATE, the first obstacle is an error; otherwise the definition is one for EC2, as its
``compatibilities`` say.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
"""

from __future__ import annotations

from collections.abc import Iterator

from moyai.domain.ecs.container_settings import LinuxParameters
from moyai.domain.ecs.task_definition import ContainerDefinition, NetworkMode, PidMode, TaskDefinition

_LONGEST_STOP = 120
_START_TIMEOUT = range(2, 121)


def obstacles(definition: TaskDefinition) -> Iterator[str]:
    """Each by the error that names it."""
    if definition.network_mode is not NetworkMode.AWSVPC:
        yield "Fargate only supports network mode ‘awsvpc’."  # noqa: RUF001  AWS's own quotes
    if definition.pid_mode is PidMode.HOST:
        yield _without("pidMode=host")
    if definition.ipc_mode is not None:
        yield _without("ipcMode")
    if any(volume.source_path is not None for volume in definition.volumes):
        yield _without("host.sourcePath")
    if any(volume.docker_volume_configuration is not None for volume in definition.volumes):
        yield _without("dockerVolumeConfiguration")
    if definition.placement_constraints:
        yield _without("placementConstraints")
    for container in definition.container_definitions:
        yield from _of_container(container)


def _of_container(container: ContainerDefinition) -> Iterator[str]:
    if container.privileged:
        yield "Fargate requires that the 'privileged' setting be 'false'."
    if container.resource_requirements:
        yield _without("resourceRequirements")
    if container.docker_security_options:
        yield _without("dockerSecurityOptions")
    if container.linux_parameters is not None:
        yield from _of_parameters(container.linux_parameters)
    if container.stop_timeout is not None and container.stop_timeout > _LONGEST_STOP:
        yield "Tasks using the Fargate launch type must have a container stop timeout of less than 120 seconds."
    if container.start_timeout is not None and container.start_timeout not in _START_TIMEOUT:
        yield "Tasks using the Fargate launch type must have a container start timeout of 2 to 120 seconds."


def _of_parameters(asked: LinuxParameters) -> Iterator[str]:
    members = (
        ("sharedMemorySize", asked.shared_memory_size),
        ("maxSwap", asked.max_swap),
        ("swappiness", asked.swappiness),
    )
    for member, value in members:
        if value is not None:
            yield _without(member)
    added = set() if asked.capabilities is None else set(asked.capabilities.add or ())
    if added - {"SYS_PTRACE"}:
        yield _without(f"adding the capabilities {', '.join(sorted(added - {'SYS_PTRACE'}))}")


def _without(thing: str) -> str:
    return f"Fargate compatible task definitions do not support {thing}"
