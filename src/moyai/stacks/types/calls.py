"""How a row describes the calls of a resource type: for reading, for single properties, for lists.

Source: https://jmespath.org/specification.html
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from string import Template
from types import MappingProxyType
from typing import Any, Final, TypeAlias

import jmespath
import msgspec

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.procedure import AwsCallFailed, Call, Procedure

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


class Contribution(msgspec.Struct, frozen=True):
    """What a resource adds to attributes of another, which was described before it existed.

    ``owner``: the property that has the other's physical id. ``values``: paths in the own attributes, by the list of
    the other's that gets the value.
    """

    owner: str
    values: Mapping[str, str]


class Stable(msgspec.Struct, frozen=True):
    """When a resource is done: the value at a path of what is read is one of these. ``reason``: the path of the text
    that explains a failure.
    """

    path: str
    done: frozenset[object]
    failed: frozenset[object] = frozenset()
    reason: str = "''"


class Follow(msgspec.Struct, frozen=True):
    """A call of its own for one property. ``reset``: the call after which the property has its default again, which
    names the resource with ``reset_by``, or as its deletion does. ``default``: the value that is set instead, where no
    such call exists, from the resource and the former value. ``when_false``: the call for a property that is false.
    ``complete``: for a call that leaves as it is what its input lacks: the value that an update sets, from the resource
    and the values that may apply until then.

    ``at_creation`` is False for a property that the creation takes, too.
    """

    operation: str
    input: Input
    reset: str | None = None
    at_creation: bool = True
    when_false: str | None = None
    default: Callable[[PhysicalResource, Any], Any] | None = None
    reset_by: Input | None = None
    complete: Callable[[PhysicalResource, Sequence[Any]], Any] | None = None

    def call(self, service: str, name: str, resource: PhysicalResource) -> Call:
        """The call for the property ``name`` of a resource, which has it."""
        is_false = resource.properties[name] in (False, "false")
        operation = self.when_false if is_false and self.when_false else self.operation
        return Call(service, operation, self.input(resource))


class Children(msgspec.Struct, frozen=True):
    """A list whose elements are added and removed one by one. ``initial``: what a new resource has by itself.

    ``removed``: the input of ``remove``, where that is not the same as the input of ``add``. ``at_creation`` is False
    for a list that the creation takes, too. ``held``: whether the resource can be deleted only without elements.
    """

    add: str
    remove: str
    input: Callable[[PhysicalResource, Any], Properties]
    initial: Sequence[Any] = ()
    present: frozenset[str] = frozenset()
    """The error codes that say that an element is there already."""
    absent: frozenset[str] = frozenset()
    """The error codes that say that an element is not there."""
    removed: Callable[[PhysicalResource, Any], Properties] | None = None
    at_creation: bool = True
    held: bool = False

    def change(
        self, service: str, resource: PhysicalResource, former: Sequence[Sequence[Any]], after: Sequence[Any]
    ) -> Procedure[None]:
        """Remove and add what differs. ``former``: the lists that may apply; what is in all of them does."""
        removed = self.removed or self.input
        applying = {json.dumps(each, sort_keys=True, default=dict): each for elements in former for each in elements}
        for element in applying.values():
            if element not in after:
                yield from _unless(self.absent, Call(service, self.remove, removed(resource, element)))
        for element in after:
            if not all(element in elements for elements in former):
                yield from _unless(self.present, Call(service, self.add, self.input(resource, element)))


def _unless(codes: frozenset[str], call: Call) -> Procedure[None]:
    """Take a call whose errors with these codes say that it is done already."""
    try:
        yield call
    except AwsCallFailed as fault:
        if fault.code not in codes:
            raise


def changed_properties(before: Properties, after: Properties) -> frozenset[str]:
    """The names of properties that are not equal."""
    return frozenset(name for name in {*before, *after} if before.get(name) != after.get(name))
