"""Functions with which rows describe the inputs of operations."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Input, Properties


def ids(member: str) -> Input:
    """An input with the physical id as ``member``."""
    return lambda resource: {member: resource.id}


def id_list(member: str) -> Input:
    """An input with the physical id as the only element of ``member``."""
    return lambda resource: {member: [resource.id]}


def prop(member: str, name: str, wrap: Callable[[Any], Any] = lambda value: value) -> Input:
    """An input with the property ``name`` as ``member``."""
    return lambda resource: {member: wrap(resource.properties[name])}


def both(*inputs: Input) -> Input:
    """An input with the members of several inputs."""

    def members(resource: PhysicalResource) -> Properties:
        return {name: value for each in inputs for name, value in each(resource).items()}

    return members


def always(value: Any) -> Callable[[PhysicalResource, Any], Any]:  # noqa: ANN401 (a property's default)
    """A default that is always the same value."""
    return lambda _, __: value


def as_json(document: Any) -> str:  # noqa: ANN401 (a policy, as an object or a text)
    """The JSON text of a document, which may be a text already."""
    return document if isinstance(document, str) else json.dumps(document)
