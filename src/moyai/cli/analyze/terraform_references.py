"""Finds the task definition that a service of a Terraform plan refers to.

Promise: a reference to a resource of the service's own module is followed, as in ``aws_ecs_task_definition.web.arn``.
One through a variable, a local value or a module's output is not, nor an expression with several task definitions.
Source: https://developer.hashicorp.com/terraform/internals/json-format#configuration-representation
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_INDEX: Final = r'(\[(?:\d+|"(?:[^"\\]|\\.)*")\])?'
_MODULE: Final = re.compile(rf"module\.([\w-]+){_INDEX}\.")
_RESOURCE: Final = re.compile(rf"(\w+\.[\w-]+){_INDEX}")
_DEFINITION: Final = re.compile(rf"(aws_ecs_task_definition\.[\w-]+){_INDEX}")
_OWN_INDEX: Final = frozenset({"count.index", "each.key", "each.value"})


def referenced_definition(plan: Mapping[str, Any], service: str) -> str:
    """The address of the task definition that the service with this address refers to; nothing if it is not known."""
    module, start = _object(_object(plan.get("configuration")).get("root_module")), 0
    while step := _MODULE.match(service, start):
        module, start = _object(_object(_object(module.get("module_calls")).get(step[1])).get("module")), step.end()
    own = _RESOURCE.fullmatch(service, start)
    references = [] if own is None else list(_references(module, own[1]))
    definitions = [match for match in map(_DEFINITION.match, references) if match]
    if own is None or len({match[1] for match in definitions}) != 1:
        return ""
    indexes = {match[2] for match in definitions if match[2]}
    if len(indexes) > 1:
        return ""
    index = next(iter(indexes), own[2] if _OWN_INDEX.intersection(references) else None)
    return f"{service[:start]}{definitions[0][1]}{index or ''}"


def _references(module: Mapping[str, Any], address: str) -> Iterator[str]:
    """What the expression of a service's task definition refers to, each reference also without its last parts."""
    resources = module.get("resources")
    for resource in resources if isinstance(resources, list) else ():
        if isinstance(resource, dict) and resource.get("address") == address:
            expression = _object(_object(resource.get("expressions")).get("task_definition"))
            references = expression.get("references")
            yield from (each for each in (references if isinstance(references, list) else ()) if isinstance(each, str))


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
