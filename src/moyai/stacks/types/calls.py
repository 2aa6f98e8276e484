"""The parts of a row that describe a resource type's calls: for reading, for single properties, for lists.

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
"""Members of an operation's input, from the resource with the properties that it is to have."""
EMPTY: Final[Properties] = MappingProxyType({})


class Read(msgspec.Struct, frozen=True):
    """The operation that describes a resource. ``path``: the JMESPath of the description in the answer, in which
    ``$id`` stands for the physical id, and ``$Name`` for the property of that name.
    """

    operation: str
    input: Input
    path: str = "@"

    def find(self, answer: Mapping[str, Any], resource: PhysicalResource) -> Any:  # noqa: ANN401 (a part of an answer)
        """The description of the resource in an answer; None when the answer has none."""
        path = Template(self.path).safe_substitute(resource.properties, id=resource.id)
        return jmespath.search(path, answer)


class Contribution(msgspec.Struct, frozen=True):
    """The values that a resource adds to lists among the attributes of another one, its owner, which was described
    before the resource existed.

    ``owner``: the property with the owner's physical id. ``values``: the path of the value in the resource's own
    attributes, by the owner's attribute that gets it.
    """

    owner: str
    values: Mapping[str, str]


class Stable(msgspec.Struct, frozen=True):
    """The states in which an operation on a resource has ended: the values at ``path`` in its description that mean
    success, ``done``, or failure, ``failed``. ``reason``: the path of the text that explains a failure.
    """

    path: str
    done: frozenset[object]
    failed: frozenset[object] = frozenset()
    reason: str = "''"


class Follow(msgspec.Struct, frozen=True):
    """An operation that sets one property, after the creation and in updates.

    ``reset``: the operation that gives the property its default again; its input is ``reset_by``, or the row's
    ``by_id``. ``default``: the value that is set where there is no such operation, from the resource and the former
    value. ``when_false``: the operation for a property that is false. ``complete``: where the operation does not change
    what its input lacks, the value that an update sends, from the resource and the values that may apply until then.
    ``at_creation`` is False for a property that the creation's input has as well.
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
        """The call that sets the property ``name``, which the resource has."""
        is_false = resource.properties[name] in (False, "false")
        operation = self.when_false if is_false and self.when_false else self.operation
        return Call(service, operation, self.input(resource))


class Children(msgspec.Struct, frozen=True):
    """A property that is a list, with operations that add and remove one element each.

    ``input``: the input of ``add``, from the resource and the element; ``remove_input``: that of ``remove``, where it
    is another. ``initial``: the elements that a new resource has by itself. ``at_creation`` is False for a list that
    the creation's input has as well. ``blocks_deletion``: the resource can be deleted only without elements.
    """

    add: str
    remove: str
    input: Callable[[PhysicalResource, Any], Properties]
    initial: Sequence[Any] = ()
    present: frozenset[str] = frozenset()
    """The error codes of ``add`` for an element that the list already has."""
    absent: frozenset[str] = frozenset()
    """The error codes of ``remove`` for an element that the list does not have."""
    remove_input: Callable[[PhysicalResource, Any], Properties] | None = None
    at_creation: bool = True
    blocks_deletion: bool = False

    def change(
        self, service: str, resource: PhysicalResource, former: Sequence[Sequence[Any]], after: Sequence[Any]
    ) -> Procedure[None]:
        """Remove and add elements until the list is ``after``. ``former``: the lists that the resource may have now; an
        element in all of them is there.
        """
        remove_input = self.remove_input or self.input
        applying = {json.dumps(each, sort_keys=True, default=dict): each for elements in former for each in elements}
        for element in applying.values():
            if element not in after:
                yield from _unless(self.absent, Call(service, self.remove, remove_input(resource, element)))
        for element in after:
            if not all(element in elements for elements in former):
                yield from _unless(self.present, Call(service, self.add, self.input(resource, element)))


def _unless(codes: frozenset[str], call: Call) -> Procedure[None]:
    """Make the call; an error with one of the codes means that its effect is there already."""
    try:
        yield call
    except AwsCallFailed as fault:
        if fault.code not in codes:
            raise


def changed_properties(before: Properties, after: Properties) -> frozenset[str]:
    """The names of the properties that differ."""
    return frozenset(name for name in {*before, *after} if before.get(name) != after.get(name))
