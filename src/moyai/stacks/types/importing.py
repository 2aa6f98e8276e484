"""The import of resources that exist into a stack.

Promise: an import reads a resource and changes nothing of it but its tags, in an update of its own.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jmespath

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Properties
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import AwsCallFailed, Procedure, ResourceFailed
from moyai.stacks.types.resource_type import StackResourceType


def is_importable(kind: StackResourceType | None) -> bool:
    """Whether resources of a type can be imported: those that can be read, and that properties identify."""
    return kind is not None and kind.read is not None and bool(kind.schema.identifiers)


def imported_id(kind: StackResourceType, identifiers: Mapping[str, str], properties: Mapping[str, Any]) -> str:
    """The physical id of the resource that identifiers name: the row makes it of them and of the template's properties,
    or it is the identifier that the service has drawn.
    """
    known = {name: value for name, value in properties.items() if isinstance(value, str | int | bool)}
    composed = jmespath.search(kind.identifier, {**known, **identifiers})
    if isinstance(composed, str):
        return composed
    drawn = [name for name in kind.schema.identifiers if name in kind.schema.read_only]
    return identifiers[next(iter(drawn), kind.schema.identifiers[0])]


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
