"""What a task definition may ask of the container instances that its tasks go to. All are ClientException.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
"""

from __future__ import annotations

import re

from moyai.api.ecs.launch_rules import check_constraints
from moyai.api.ecs.refusal import unsupported
from moyai.domain.ecs.errors import ClientException
from moyai.domain.ecs.placement import MEMBER_OF
from moyai.domain.ecs.task_definition import NetworkMode, TaskDefinition

_MAX_CONSTRAINTS = 10
_GPUS = re.compile(r"[1-9][0-9]?")


def check_placed(definition: TaskDefinition) -> None:
    """Raises ClientException."""
    if "EXTERNAL" in (definition.requires_compatibilities or ()) and definition.network_mode is NetworkMode.AWSVPC:
        raise ClientException("EXTERNAL does not support network mode 'awsvpc'.")
    if len(definition.placement_constraints) > _MAX_CONSTRAINTS:
        raise ClientException(f"Maximum number of constraints is {_MAX_CONSTRAINTS}")
    if any(one.type != MEMBER_OF for one in definition.placement_constraints):
        raise ClientException("A placement constraint of a task definition is memberOf.")
    check_constraints(definition.placement_constraints, ClientException)
    for container in definition.container_definitions:
        for one in container.resource_requirements or ():
            if one.type != "GPU":
                raise unsupported("resourceRequirements", one.type, "resources are GPUs", ClientException)
            if not _GPUS.fullmatch(one.value):
                raise ClientException(f"The number of GPUs of container '{container.name}' must be a positive integer.")
