"""The row of a resource type: its operations, and how its properties become their inputs.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-template-resource-type-ref.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import (
    EMPTY,
    Children,
    Contribution,
    Follow,
    Input,
    Properties,
    Read,
    Stable,
    changed_properties,
)
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.schema import NO_SCHEMA, Schema, schemas
from moyai.stacks.types.tags import Tagging


def _nothing(resource: PhysicalResource) -> Properties:
    del resource
    return EMPTY


class ResourceTypeRow(msgspec.Struct, frozen=True):
    """The operations of a resource type. All paths are JMESPath expressions.

    ``identifier``: the path of the physical id in the answer to the creation, or in the properties. ``by_id``: the
    members that name the resource in the inputs of ``update`` and ``delete``. ``name_property``: the property that gets
    a generated name when the template sets none. ``rename``: the input's members by property. ``arrange``: the input
    from the properties, where renaming is not enough. ``attributes``: paths in the description, by the attributes of
    Fn::GetAtt; other properties and attributes are the members of the same name. ``missing``: the error codes for a
    resource that does not exist. ``replaces``: properties whose change replaces the resource, in addition to those of
    the schema.
    """

    name: str
    service: str
    create: str
    identifier: str
    delete: str | None
    by_id: Input
    name_property: str | None = None
    unique_within: frozenset[str] | None = frozenset()
    """The properties within which ``name_property``, or the physical id, is unique. None: names are not unique."""
    longest_name: int = 255
    lower_case: bool = False
    name_end: Callable[[Properties], str] = lambda _: ""
    """The suffix of generated names."""
    rename: Mapping[str, str] = MappingProxyType({})
    arrange: Callable[[dict[str, Any]], dict[str, Any]] = dict
    arranged: frozenset[str] = frozenset()
    """The properties that ``arrange`` handles, although the operation's model has no members of these names."""
    update_only: frozenset[str] = frozenset()
    """The properties that only an update's input has."""
    defaults: Callable[[Properties], Properties] = lambda _: EMPTY
    """The properties that a creation sets when the template does not."""
    idempotency_member: str | None = None
    """The member of the input of ``create`` that makes its repetition harmless."""
    context_members: Callable[[ResourceContext], Properties] = lambda _: EMPTY
    """Members of the input of ``create`` that follow from the context, not from properties."""
    finish: tuple[tuple[str, Input], ...] = ()
    """The operations that complete each creation, with their inputs."""
    tagging: Tagging | None = None
    follow: Mapping[str, Follow] = MappingProxyType({})
    children: Mapping[str, Children] = MappingProxyType({})
    read_repeated: Read | None = None
    """Finds a resource that was created before an interruption; the result has the form of the creation's answer.
    Without it, the physical id is in the properties.
    """
    read_existing: Callable[[ResourceContext], Read] | None = None
    """Finds another resource that ``create`` would overwrite; the name in the template is the physical id for it."""
    undo: bool = False
    """Whether a repeated creation begins with ``delete``, which takes the input of ``create``."""
    read: Read | None = None
    stable: Stable | None = None
    gone: Stable | None = None
    """As ``stable``, for a deletion; without it, the deletion ends with the answer to the call."""
    final_snapshot: str | None = None
    """The member of the input of ``delete`` that names a final snapshot. ``by_id`` asks for a deletion without one."""
    attributes: Mapping[str, str] = MappingProxyType({})
    lookups: Mapping[str, Read] = MappingProxyType({})
    """Attributes that are read with other operations."""
    derive: Callable[[PhysicalResource], Properties] = _nothing
    """Attributes that follow from the resource, without an operation."""
    notations: Mapping[str, Callable[[str], object]] = MappingProxyType({})
    """By property, a function that reads its text: for properties that the service may show in another notation."""
    contribution: Contribution | None = None
    update: str | None = None
    update_whole: bool = True
    """Whether the input of ``update`` has all properties that can change, or only those that have changed."""
    cleared: Mapping[str, Any] = MappingProxyType({})
    """The values with which ``update`` removes properties that the template has no longer."""
    update_by: Input | None = None
    """As ``by_id``, but only for ``update``."""
    update_wrapper: str | None = None
    """The member of the input of ``update`` that holds the properties."""
    missing: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()
    moves: bool = False
    """Whether an update may give the resource another physical id, after which the former one does not exist."""
    always_updates: bool = False
    """Whether every update of the stack updates the resource, even with the same properties."""
    has_any_attribute: bool = False
    """Whether Fn::GetAtt of an unknown attribute results in ``<ref>.<attribute>``."""
    operation_target: str | None = None
    """For a service whose calls begin asynchronous operations: the path of the resource's id in a finished one."""

    @property
    def schema(self) -> Schema:
        """The schema of the type that AWS publishes."""
        return schemas().get(self.name, NO_SCHEMA)

    def has_attribute(self, name: str) -> bool:
        """Whether Fn::GetAtt may name an attribute: a property of the schema, a member of one, or one of the row's."""
        own = {*self.schema.properties, *self.schema.read_only, *self.attributes, *self.lookups}
        is_known = name in own or name.partition(".")[0] in own
        return is_known or self.schema.is_open or self.derive is not _nothing

    @property
    def own_calls(self) -> frozenset[str]:
        """The properties that are not in the input of ``create`` or ``update``."""
        return frozenset({*self.follow, *self.children, *({self.tagging.name} if self.tagging else ())})

    def must_replace(self, before: Properties, after: Properties) -> frozenset[str]:
        """The changed properties that can be changed only by replacing the resource."""
        schema = self.schema
        fixed = schema.create_only | self.replaces | (schema.properties - schema.updated - self.own_calls)
        return changed_properties(before, after) & fixed

    def replacement_refusal(self, before: Properties, after: Properties) -> str | None:
        """Why the resource can't be replaced, in AWS's words, if it can't: its successor would have the same name."""
        name = after.get(self.name_property) if self.name_property and self.unique_within is not None else None
        if name is None or changed_properties(before, after) & {self.name_property, *(self.unique_within or ())}:
            return None
        return (
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
            f"Rename {name} and update the stack again."
        )

    def is_same(self, former: PhysicalResource, present: PhysicalResource) -> bool:
        """Whether a replacement has created a resource with the same identity as the former one."""
        moved = changed_properties(former.properties, present.properties) & (self.unique_within or frozenset())
        return former.id == present.id and not moved
