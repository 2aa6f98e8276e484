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
    """A resource type. All paths are JMESPath expressions.

    ``identifier``: the path of the physical id in the answer to the creation, or in the properties. ``by_id``: the
    members that name the resource in ``update`` and ``delete``. ``drawn``: the property that gets a drawn name when the
    template sets none. ``rename``: members of the input by property. ``arrange``: the input from the properties, where
    renaming does not do. ``attributes``: paths in what is read, by the names of Fn::GetAtt; a property or attribute
    that is absent here is the member of the same name. ``missing``: the error codes that say that the resource does not
    exist. ``replaces``: properties whose change replaces the resource, beside the schema's.
    """

    name: str
    service: str
    create: str
    identifier: str
    delete: str | None
    by_id: Input
    drawn: str | None = None
    unique_within: frozenset[str] | None = frozenset()
    """The properties within which names are unique: ``drawn``, or the physical id. None: names are not unique."""
    longest_name: int = 255
    lower_case: bool = False
    name_end: Callable[[Properties], str] = lambda _: ""
    """The suffix of drawn names."""
    rename: Mapping[str, str] = MappingProxyType({})
    arrange: Callable[[dict[str, Any]], dict[str, Any]] = dict
    arranged: frozenset[str] = frozenset()
    """The properties that ``arrange`` takes, whose names are not in the operation's model."""
    update_only: frozenset[str] = frozenset()
    """The properties that say how to update; a creation leaves them out."""
    defaults: Callable[[Properties], Properties] = lambda _: EMPTY
    """The properties that a creation sets where the template leaves them out."""
    idempotency_member: str | None = None
    """The member of the input of ``create`` that makes its repetition harmless."""
    placed: Callable[[ResourceContext], Properties] = lambda _: EMPTY
    """Members of the input of ``create`` that are no properties."""
    finish: tuple[tuple[str, Input], ...] = ()
    """The operations that end each creation, with their inputs."""
    tagging: Tagging | None = None
    follow: Mapping[str, Follow] = MappingProxyType({})
    children: Mapping[str, Children] = MappingProxyType({})
    repeated: Read | None = None
    """How a resource is found whose creation was done before an interruption; what it returns is like the creation's
    answer. Without it, the properties have the physical id.
    """
    taken: Callable[[ResourceContext], Read] | None = None
    """How another resource is found of which ``create`` would make its own. The template's name is read's id."""
    undo: bool = False  # whether ``delete`` takes the input of ``create``, before a creation is repeated
    read: Read | None = None
    stable: Stable | None = None
    gone: Stable | None = None
    """As ``stable``, for a deletion; without it, the answer of the call is enough."""
    final_snapshot: str | None = None
    """The member of the input of ``delete`` that names the snapshot of what is deleted; ``by_id`` says that there is
    none.
    """
    attributes: Mapping[str, str] = MappingProxyType({})
    lookups: Mapping[str, Read] = MappingProxyType({})
    """Attributes that other operations tell."""
    derive: Callable[[PhysicalResource], Properties] = _nothing
    """Attributes that no operation tells."""
    notations: Mapping[str, Callable[[str], object]] = MappingProxyType({})
    """The values of texts by property, for those that the service shows in another notation than they were set."""
    contribution: Contribution | None = None
    update: str | None = None
    update_whole: bool = True  # whether ``update`` takes all properties that can change, not only those that did
    cleared: Mapping[str, Any] = MappingProxyType({})
    """The values with which ``update`` takes properties away that the template has no more."""
    update_by: Input | None = None
    """As ``by_id``, but only for ``update``."""
    update_wrapper: str | None = None
    """The member of the input of ``update`` that holds the properties."""
    missing: frozenset[str] = frozenset()
    replaces: frozenset[str] = frozenset()
    moves: bool = False  # whether an update may end the resource under its id, and go on under another
    always_updates: bool = False  # whether every update of the stack concerns the resource
    has_any_attribute: bool = False
    """Whether Fn::GetAtt of an attribute that is not known is the resource's name with that of the attribute."""
    ticket: str | None = None
    """For a service whose answers are operations to wait for: the path of the id in the finished operation."""

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
        """The properties whose change needs another resource."""
        schema = self.schema
        fixed = schema.create_only | self.replaces | (schema.properties - schema.updated - self.own_calls)
        return changed_properties(before, after) & fixed

    def replacement_refusal(self, before: Properties, after: Properties) -> str | None:
        """Why a resource can't be replaced, if it can't: its successor needs the name that it has until then."""
        name = after.get(self.drawn) if self.drawn and self.unique_within is not None else None
        if name is None or changed_properties(before, after) & {self.drawn, *(self.unique_within or ())}:
            return None
        return (
            "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
            f"Rename {name} and update the stack again."
        )

    def is_same(self, former: PhysicalResource, present: PhysicalResource) -> bool:
        """Whether a replacement has created the very resource that existed before."""
        moved = changed_properties(former.properties, present.properties) & (self.unique_within or frozenset())
        return former.id == present.id and not moved
