"""Resource types that no service implements.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_CloudFormation.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.template.model import CUSTOM
from moyai.stacks.types.calls import Properties
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import Identified, Procedure
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.custom import custom_resource
from moyai.stacks.types.rows.nested import nested_stack_row
from moyai.stacks.types.rows.waiting import waiting_rows
from moyai.stacks.types.schema import Schema

_ANY_PROPERTY: Final = Schema(frozenset(), is_open=True)


class Placeholder(StackResourceType, frozen=True):
    """A type whose resources are only names."""

    def create_steps(
        self, properties: Properties, context: ResourceContext, existing: str | None = None
    ) -> Procedure[PhysicalResource]:
        """Name the resource."""
        identifier = existing or context.generate_name(self.longest_name)
        yield Identified(identifier)
        return PhysicalResource(identifier, properties, identifier)


class SkippedType(Placeholder, frozen=True):
    """A skipped type, whose resources are only names, whatever their properties are."""

    @property
    def schema(self) -> Schema:
        """A schema that allows any property."""
        return _ANY_PROPERTY


def skipped_type(name: str) -> StackResourceType:
    """The skipped type ``name``."""
    return SkippedType(name, "", "", "", None, lambda _: {}, has_any_attribute=True)


def own_rows() -> Iterator[StackResourceType]:
    """The rows of nested stacks, custom resources, wait conditions and CDK's metadata."""
    yield nested_stack_row()
    yield custom_resource(CUSTOM)
    yield from waiting_rows()
    arranged = frozenset({"Analytics", "Modules"})
    yield Placeholder("AWS::CDK::Metadata", "", "", "", None, lambda _: {}, arranged=arranged)
