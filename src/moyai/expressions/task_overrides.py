"""The overrides of RunTask as JSON, which schedules and rules record long before they are used.

Promise: what has no problem here is accepted by RunTask, as far as it does not depend on the task definition.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from botocore import xform_name

from moyai.domain.ecs.task import TaskOverride

_OBJECT: Final = msgspec.json.Decoder(dict[str, Any])
_KNOWN: Final = frozenset({*TaskOverride.__struct_fields__, "inference_accelerator_overrides"})


def overrides_problem(text: str) -> str | None:
    """Why the text is no JSON object of overrides; None where it is one."""
    try:
        members = _in_snake_case(_OBJECT.decode(text))
        overrides = msgspec.convert(members, TaskOverride)
    except (msgspec.MsgspecError, RecursionError) as error:
        return f"Input is no JSON object of task overrides: {error}"
    unknown = sorted(members.keys() - _KNOWN)
    if unknown:
        return f"Input is no JSON object of task overrides: RunTask has no override {unknown[0][:100]}."
    if any(not container.name for container in overrides.container_overrides):
        return "Input is no JSON object of task overrides: each of containerOverrides has the name of a container."
    return None


def _in_snake_case(value: Any) -> Any:  # noqa: ANN401  (JSON)
    """The value with the members' names as the domain has them."""
    if isinstance(value, dict):
        return {xform_name(name, _xform_cache={}): _in_snake_case(member) for name, member in value.items()}
    return [_in_snake_case(element) for element in value] if isinstance(value, list) else value
