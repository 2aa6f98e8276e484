"""Rules of task definitions, with AWS's messages where they are known.

Promise: the rules check the revision as it would be stored, so nothing is registered partly. All raise ClientException.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

from moyai.api.ecs.launch.placement_rules import MAX_CONSTRAINTS, check_constraints
from moyai.api.ecs.lookup import NAME
from moyai.api.ecs.task_definitions.container_rules import container_rules
from moyai.api.ecs.task_definitions.fargate_rules import obstacles
from moyai.api.ecs.task_definitions.firelens_rules import check_firelens
from moyai.api.ecs.task_definitions.linux_rules import check_linux
from moyai.api.ecs.task_definitions.port_rules import check_links, check_ports_of_task
from moyai.api.ecs.task_definitions.proxy_rules import check_proxy
from moyai.api.ecs.task_definitions.volume_rules import check_volumes
from moyai.api.ecs.unsupported import unsupported_value
from moyai.api.rules import Rule
from moyai.domain.ecs.errors import ClientException
from moyai.domain.ecs.placement import MEMBER_OF
from moyai.domain.ecs.task_definition import (
    ContainerDefinition,
    ContainerDependency,
    DependencyCondition,
    NetworkMode,
    TaskDefinition,
)
from moyai.domain.logs.driver import AWSLOGS, PREFIX

_MAX_CONTAINERS = 10
_GPUS = re.compile(r"[1-9][0-9]?")
_ECR_IMAGE = re.compile(r"[0-9]{12}\.dkr\.ecr[.-].*")


def definition_rules(definition: TaskDefinition, *, for_fargate: bool) -> Iterator[Rule]:
    """All rules of a revision."""
    containers = definition.container_definitions
    yield partial(_check_family, definition)
    yield partial(_check_system, definition)
    yield partial(_check_number, containers)
    for container in containers:
        yield from container_rules(container, definition)
        yield partial(check_linux, container, definition)
    yield partial(_check_together, containers)
    yield partial(check_ports_of_task, definition)
    yield partial(check_links, definition)
    for dependency in (needed for container in containers for needed in container.depends_on or ()):
        yield partial(_check_dependency, definition, dependency)
    yield partial(_check_order, containers)
    yield partial(check_firelens, definition)
    yield partial(check_volumes, definition)
    yield partial(_check_placement_constraints, definition)
    yield partial(_check_resource_requirements, definition)
    yield partial(check_proxy, definition)
    if for_fargate:
        yield from (partial(_check_fargate, container, definition) for container in containers)
        yield from (partial(_refuse, obstacle) for obstacle in obstacles(definition))
    yield partial(_check_privileges, containers)


def _refuse(message: str) -> None:
    raise ClientException(message)


def _check_family(definition: TaskDefinition) -> None:
    if not definition.family:
        raise ClientException("Family can not be blank.")
    if not NAME.fullmatch(definition.family):
        raise ClientException("Family contains invalid characters.")


def _check_system(definition: TaskDefinition) -> None:
    system = definition.runtime_platform and definition.runtime_platform.operating_system_family
    if system not in {None, "LINUX"}:
        raise unsupported_value("runtimePlatform.operatingSystemFamily", system, "tasks run on Linux", ClientException)


def _check_number(containers: tuple[ContainerDefinition, ...]) -> None:
    if not containers:
        raise ClientException("Container list cannot be empty.")
    if len(containers) > _MAX_CONTAINERS:
        raise ClientException(f"Container list cannot have more than {_MAX_CONTAINERS} containers.")


def _check_together(containers: tuple[ContainerDefinition, ...]) -> None:
    if len({c.name for c in containers}) < len(containers):
        raise ClientException("Container names must be unique within a task definition")
    if containers and not any(c.essential for c in containers):
        raise ClientException("Task definition doesn't have any essential container.")


def _check_order(containers: tuple[ContainerDefinition, ...]) -> None:
    dependencies = {c.name: {d.container_name for d in c.depends_on or ()} for c in containers}
    while free := {name for name, others in dependencies.items() if not others & dependencies.keys()}:
        dependencies = {name: others for name, others in dependencies.items() if name not in free}
    if dependencies:
        raise ClientException(f"Container dependencies form a cycle among: {', '.join(sorted(dependencies))}.")


def _check_privileges(containers: tuple[ContainerDefinition, ...]) -> None:
    if any(container.privileged for container in containers):
        raise unsupported_value("privileged", "true", "add the capabilities that the container needs", ClientException)


def _check_dependency(definition: TaskDefinition, dependency: ContainerDependency) -> None:
    needed_container = definition.container(dependency.container_name)
    if needed_container is None:
        raise ClientException(f"Cannot depend on container + '{dependency.container_name}' because it does not exist")
    if (
        dependency.condition in {DependencyCondition.SUCCESS, DependencyCondition.COMPLETE}
        and needed_container.essential
    ):
        raise ClientException(
            "A dependency container with SUCCESS or COMPLETE condition cannot be an essential container"
        )
    if dependency.condition is DependencyCondition.HEALTHY and needed_container.health_check is None:
        raise ClientException("A dependency container with HEALTHY condition must have health check configured")


def _check_fargate(container: ContainerDefinition, definition: TaskDefinition) -> None:
    if definition.execution_role_arn is None:
        _check_without_role(container)
    _check_stream_prefix(container)


def _check_stream_prefix(container: ContainerDefinition) -> None:
    log = container.log_configuration
    if log is not None and log.log_driver == AWSLOGS and PREFIX not in log.options:
        raise ClientException(
            f"Fargate requires log configuration options to include {PREFIX} to support log driver {AWSLOGS}."
        )


def _check_without_role(container: ContainerDefinition) -> None:
    """Raises for an image in ECR and for the log driver awslogs, which need an execution role on Fargate."""
    log = container.log_configuration
    if _ECR_IMAGE.fullmatch(container.image):
        raise ClientException("Fargate requires task definition to have execution role ARN to support ECR images.")
    if log is not None and log.log_driver == AWSLOGS:
        raise ClientException(
            "Fargate requires task definition to have execution role ARN to support log driver awslogs."
        )


def _check_placement_constraints(definition: TaskDefinition) -> None:
    if "EXTERNAL" in (definition.requires_compatibilities or ()) and definition.network_mode is NetworkMode.AWSVPC:
        raise ClientException("EXTERNAL does not support network mode 'awsvpc'.")
    if len(definition.placement_constraints) > MAX_CONSTRAINTS:
        raise ClientException(f"Maximum number of constraints is {MAX_CONSTRAINTS}")
    if any(constraint.type != MEMBER_OF for constraint in definition.placement_constraints):
        raise ClientException("A placement constraint of a task definition must be memberOf.")
    check_constraints(definition.placement_constraints, ClientException)


def _check_resource_requirements(definition: TaskDefinition) -> None:
    for container in definition.container_definitions:
        for requirement in container.resource_requirements or ():
            if requirement.type != "GPU":
                raise unsupported_value("resourceRequirements", requirement.type, "resources are GPUs", ClientException)
            if not _GPUS.fullmatch(requirement.value):
                raise ClientException(f"The number of GPUs of container '{container.name}' must be a positive integer.")
