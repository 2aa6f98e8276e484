"""How a row describes the calls of a resource type: for reading, for single properties, for lists.

Source: https://jmespath.org/specification.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from string import Template
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import jmespath
import msgspec

from moyai.domain.cloudformation.stack import PhysicalResource

Properties: TypeAlias = "Mapping[str, Any]"
Input: TypeAlias = Callable[[PhysicalResource], Properties]
"""Members of an input, from the resource with the properties that it is to have."""
EMPTY: Final[Properties] = MappingProxyType({})


class Read(msgspec.Struct, frozen=True):
    """How a resource is read. ``path``: where the answer has it, in JMESPath; ``$id`` in it is the physical id,
    ``$Name`` the property of that name.
    """

    operation: str
    input: Input
    path: str = "@"

    def find(self, answer: Mapping[str, Any], resource: PhysicalResource) -> Any:  # noqa: ANN401 (a part of an answer)
        """The resource in an answer; None when it is not there."""
        path = Template(self.path).safe_substitute(resource.properties, id=resource.id)
        return jmespath.search(path, answer)


class Stable(msgspec.Struct, frozen=True):
    """When a resource is done: the value at a path of what is read is one of these. ``reason``: the path of the text
    that explains a failure.
    """

    path: str
    done: frozenset[object]
    failed: frozenset[object] = frozenset()
    reason: str = "''"


class Follow(msgspec.Struct, frozen=True):
    """A call of its own for one property. ``reset``: the call after which the property has its default again.

    ``at_creation`` is False for a property that the creation takes, too.
    """

    operation: str
    input: Input
    reset: str | None = None
    at_creation: bool = True


class Children(msgspec.Struct, frozen=True):
    """A list whose elements are added and removed one by one. ``initial``: what a new resource has by itself."""

    add: str
    remove: str
    input: Callable[[PhysicalResource, Any], Properties]
    initial: Sequence[Any] = ()
    present: frozenset[str] = frozenset()
    """The error codes that say that an element is there already."""
    absent: frozenset[str] = frozenset()
    """The error codes that say that an element is not there."""


def changed_properties(before: Properties, after: Properties) -> frozenset[str]:
    """The names of properties that are not equal."""
    return frozenset(name for name in {*before, *after} if before.get(name) != after.get(name))
