"""Which container instances a task may be placed on, by their attributes and by placement constraints.

An agent registers its capabilities as attributes of its instance, and a task definition needs some of them. The
constraint ``memberOf`` is a query in the cluster query language.

Sources: the attributes that the open-source container agent registers,
https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html (requiresAttributes),
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from moyai.domain.ecs.firelens import AWSFIRELENS, BUFFER_OPTION, FirelensType
from moyai.domain.ecs.placement import MEMBER_OF, PlacementConstraint
from moyai.domain.ecs.task_definition import ContainerDefinition, NetworkMode, TaskDefinition
from moyai.expressions.cluster_query.evaluate import InstanceFacts, PatternTooSlow, satisfies
from moyai.expressions.cluster_query.parse import parse_cluster_query

_API = "com.amazonaws.ecs.capability.docker-remote-api."
_DRIVER = "com.amazonaws.ecs.capability.logging-driver."
_TASK_ROLE = "com.amazonaws.ecs.capability.task-iam-role"
_TASK_ROLE_ON_HOST = "com.amazonaws.ecs.capability.task-iam-role-network-host"
_ENI = "ecs.capability.task-eni"
_EXECUTION_LOGS = "ecs.capability.execution-role-awslogs"
_HEALTH = "ecs.capability.container-health-check"
_SHARING = "ecs.capability.pid-ipc-namespace-sharing"
_ORDER = "ecs.capability.container-ordering"
_APPMESH = "ecs.capability.aws-appmesh"
_EFS, _EFS_AUTHORIZATION = "ecs.capability.efs", "ecs.capability.efsAuth"
_ROUTER = "ecs.capability.firelens."
_ROUTER_FILE = "ecs.capability.firelens.options.config.file"
_ROUTER_BUFFER = "ecs.capability.logging-driver.awsfirelens.log-driver-buffer-limit"
_DRIVERS = frozenset({AWSFIRELENS, "awslogs", "json-file"})
_parse_query = lru_cache(maxsize=256)(parse_cluster_query)

CAPABILITIES: Final = tuple(
    sorted(
        {
            *(f"{_API}1.{minor}" for minor in range(17, 45)),
            *(f"{_DRIVER}{driver}" for driver in _DRIVERS),
            *(f"{_ROUTER}{kind}" for kind in FirelensType),
            _ROUTER_FILE,
            _ROUTER_BUFFER,
            _APPMESH,
            _EFS,
            _EFS_AUTHORIZATION,
            _TASK_ROLE,
            _TASK_ROLE_ON_HOST,
            _ENI,
            _EXECUTION_LOGS,
            _HEALTH,
            _ORDER,
            _SHARING,
        }
    )
)
"""The attributes without a value that every container instance has here."""


def required_attributes(definition: TaskDefinition) -> tuple[str, ...]:
    """The attributes without a value that an instance needs to run the task definition."""
    attributes = {f"{_API}1.18"}
    if definition.network_mode is NetworkMode.AWSVPC:
        attributes.add(_ENI)
    if definition.pid_mode is not None or definition.ipc_mode is not None:
        attributes.add(_SHARING)
    if definition.task_role_arn is not None:
        attributes.add(_TASK_ROLE_ON_HOST if definition.network_mode is NetworkMode.HOST else _TASK_ROLE)
    if definition.proxy_configuration is not None:
        attributes.add(_APPMESH)
    for volume in definition.volumes:
        if volume.efs_volume_configuration is not None:
            is_plain = volume.efs_volume_configuration.authorization_config is None
            attributes |= {_EFS} if is_plain else {_EFS, _EFS_AUTHORIZATION}
    for container in definition.container_definitions:
        attributes |= _attributes_of_container(container, has_execution_role=definition.execution_role_arn is not None)
    return tuple(sorted(attributes))


def _attributes_of_container(container: ContainerDefinition, *, has_execution_role: bool) -> set[str]:
    attributes = set()
    log = container.log_configuration
    if log is not None:
        attributes.add(f"{_DRIVER}{log.log_driver}")
        if log.log_driver == AWSFIRELENS and BUFFER_OPTION in log.options:
            attributes.add(_ROUTER_BUFFER)
        if has_execution_role and log.log_driver == "awslogs":
            attributes.add(_EXECUTION_LOGS)
    if container.firelens_configuration is not None:
        attributes.add(f"{_ROUTER}{container.firelens_configuration.type}")
        if container.firelens_configuration.included_file is not None:
            attributes.add(_ROUTER_FILE)
    if container.health_check is not None:
        attributes |= {_HEALTH, f"{_API}1.24"}
    if container.depends_on:
        attributes.add(_ORDER)
    if container.memory_reservation is not None:
        attributes.add(f"{_API}1.21")
    return attributes


def is_member(facts: InstanceFacts, constraints: Iterable[PlacementConstraint]) -> bool:
    """Whether every ``memberOf`` among the constraints holds. A pattern that takes too long holds nowhere."""
    queries = (_parse_query(c.expression or "") for c in constraints if c.type == MEMBER_OF)
    try:
        return all(satisfies(facts, query) for query in queries)
    except PatternTooSlow:
        return False
