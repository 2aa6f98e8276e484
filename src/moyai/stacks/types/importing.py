"""The import of resources that exist into a stack.

Promise: an import reads a resource and changes nothing of it but its tags, in an update of its own.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import jmespath

from moyai.domain.cloudformation.errors import StackFault
from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.evaluation.evaluate import text_of
from moyai.stacks.types.calls import Properties
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import AwsCallFailed, Procedure, ResourceFailed
from moyai.stacks.types.resource_type import StackResourceType

_REFERENCE: Final = "{{resolve:"
"""The beginning of a dynamic reference, which is resolved later."""


def is_importable(kind: StackResourceType | None) -> bool:
    """Whether resources of a type can be imported: those that can be read, and that properties identify."""
    return kind is not None and kind.read is not None and bool(kind.schema.identifiers)


def imported_id(kind: StackResourceType, identifiers: Mapping[str, str], properties: Mapping[str, Any]) -> str:
    """The physical id of the resource that identifiers name: the row makes it of them and of the template's properties,
    or it is the identifier that the service has drawn. Raises StackFault for identifiers that the template contradicts,
    and for a property that the id is made of and that is not a plain value.
    """
    plain = {name: value for name, value in properties.items() if isinstance(value, str | int | float | bool)}
    for name, identifier in identifiers.items():
        declared = text_of(plain.get(name, identifier))
        if declared != identifier and _REFERENCE not in declared:
            raise StackFault(
                f"The resource identifier {name} of resource type {kind.name} is {identifier}, and the template has "
                "another value for this property. Give both the same value."
            )
    values = {**plain, **identifiers}
    if _is_made_of_parts(kind):
        _check_parts(kind, values, properties)
    composed = jmespath.search(kind.identifier, values)
    if isinstance(composed, str):
        return composed
    drawn = [name for name in kind.schema.identifiers if name in kind.schema.read_only]
    return identifiers[next(iter(drawn), kind.schema.identifiers[0])]


def identity_properties(kind: StackResourceType) -> frozenset[str]:
    """The properties that belong to the identity of a resource whose physical id is a name that is unique only within
    them.
    """
    return (kind.unique_within or frozenset()) if kind.identifier == kind.drawn else frozenset()


def _is_made_of_parts(kind: StackResourceType) -> bool:
    return kind.identifier.startswith("join(")


def _check_parts(kind: StackResourceType, values: Mapping[str, Any], properties: Mapping[str, Any]) -> None:
    """Raise StackFault where a part of a physical id is a function of other resources, or absent."""
    parts = list(dict.fromkeys(_fields(jmespath.compile(kind.identifier).parsed)))
    unknown = [name for name in parts if name in properties and name not in values]
    try:
        jmespath.search(kind.identifier, values)
    except jmespath.exceptions.JMESPathTypeError:
        unknown = unknown or [name for name in parts if name not in values]
    if unknown:
        raise StackFault(
            f"moyai makes the physical id of {kind.name} of the properties {', '.join(parts)}. Write the value of "
            f"{', '.join(unknown)} itself in the template of an import, not a function of another resource."
        )


def _fields(expression: Mapping[str, Any]) -> Iterator[str]:
    """The properties that a JMESPath expression names."""
    if expression["type"] == "field":
        yield expression["value"]
    for child in expression["children"]:
        yield from _fields(child)


def import_steps(
    kind: StackResourceType, identifier: str, properties: Properties, context: ResourceContext
) -> Procedure[PhysicalResource]:
    """Read a resource that is to be the stack's. Raises ResourceFailed when there is none."""
    try:
        return (yield from kind.describe(PhysicalResource(identifier, properties)))
    except AwsCallFailed as fault:
        if fault.code not in kind.missing:
            raise
    except ResourceFailed:
        pass
    raise ResourceFailed(
        f"Resource handler returned message: \"Resource of type '{kind.name}' with identifier '{identifier}' was not "
        f'found." (RequestToken: {context.token}, HandlerErrorCode: NotFound)'
    )


def without_tags(kind: StackResourceType, properties: Properties) -> Properties:
    """The properties but the tags, which an imported resource may not have yet."""
    tags = None if kind.tagging is None else kind.tagging.name
    return {name: value for name, value in properties.items() if name != tags}
