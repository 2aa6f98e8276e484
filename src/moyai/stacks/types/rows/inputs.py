"""Members of inputs, as rows name them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Input, Properties


def ids(member: str) -> Input:
    """The physical id as this member."""
    return lambda resource: {member: resource.id}


def id_list(member: str) -> Input:
    """The physical id as the only element of this member."""
    return lambda resource: {member: [resource.id]}


def prop(member: str, name: str, wrap: Callable[[Any], Any] = lambda value: value) -> Input:
    """One property of the resource as this member."""
    return lambda resource: {member: wrap(resource.properties[name])}


def both(*inputs: Input) -> Input:
    """The members of several inputs together."""

    def members(resource: PhysicalResource) -> Properties:
        return {name: value for each in inputs for name, value in each(resource).items()}

    return members


def always(value: Any) -> Callable[[PhysicalResource, Any], Any]:  # noqa: ANN401 (a property's default)
    """A default that depends on nothing."""
    return lambda _, __: value


def as_json(document: Any) -> str:  # noqa: ANN401 (a policy, as an object or a text)
    """A document as a text."""
    return document if isinstance(document, str) else json.dumps(document)
