"""Imports existing resources into a stack.

Promise: an import only reads the resource; a separate update afterwards gives it the stack's tags.
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
    """Whether resources of a type can be imported: it has a reading operation, and properties that identify them."""
    return kind is not None and kind.read is not None and bool(kind.schema.identifiers)


def imported_id(kind: StackResourceType, identifiers: Mapping[str, str], properties: Mapping[str, Any]) -> str:
    """The physical id of the resource with these identifiers: the row's path composes it from the identifiers and the
    template's ``properties``, or it is the identifier that the service has generated.

    Raises StackFault for an identifier that the template contradicts, and for a property that is a part of the id and
    not a plain value.
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
    generated_names = (name for name in kind.schema.identifiers if name in kind.schema.read_only)
    return identifiers[next(generated_names, kind.schema.identifiers[0])]


def identity_properties(kind: StackResourceType) -> frozenset[str]:
    """The properties within which the physical id of a resource is unique, if the id is a name; else none."""
    return (kind.unique_within or frozenset()) if kind.identifier == kind.name_property else frozenset()


def _is_made_of_parts(kind: StackResourceType) -> bool:
    return kind.identifier.startswith("join(")


def _check_parts(kind: StackResourceType, values: Mapping[str, Any], properties: Mapping[str, Any]) -> None:
    """Raise StackFault when a part of the physical id is absent, or a function of another resource."""
    parts = list(dict.fromkeys(_fields(jmespath.compile(kind.identifier).parsed)))
    unknown = [name for name in parts if name in properties and name not in values]
    try:
        jmespath.search(kind.identifier, values)
    except jmespath.exceptions.JMESPathTypeError:
        unknown = unknown or [name for name in parts if name not in values]
    if unknown:
        raise StackFault(
            f"moyai composes the physical id of {kind.name} from the properties {', '.join(parts)}. Write the value of "
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
    """Read the resource to import. Raises ResourceFailed when it does not exist."""
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
    """The properties except the tags, which an imported resource may not have yet."""
    tags = None if kind.tagging is None else kind.tagging.name
    return {name: value for name, value in properties.items() if name != tags}
