"""AWS::DynamoDB::GlobalTable, the type of CDK's TableV2: a table with replicas, here only that in the stack's region.

Promise: the table is created and changed like a table of AWS::DynamoDB::Table. Refuses, when the resource is created:
replicas in other regions, strong consistency between regions, and settings for the scaling of capacity.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-globaltable.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Properties
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import Procedure, ResourceFailed
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.serverless import table_row

_REPLICAS: Final = "Replicas"
_CONSISTENCY: Final = "MultiRegionConsistency"
_EVENTUAL: Final = "EVENTUAL"
"""The default consistency between regions."""
_REPLICA_MEMBERS: Final = frozenset(
    {"DeletionProtectionEnabled", "PointInTimeRecoverySpecification", "ResourcePolicy", "TableClass", "Tags"}
)
"""The members of a replica that are properties of a table."""


class GlobalTableType(StackResourceType, frozen=True):
    """The type of global tables, whose procedures are those of tables."""

    def create_steps(
        self, properties: Properties, context: ResourceContext, existing: str | None = None
    ) -> Procedure[PhysicalResource]:
        """Create the table."""
        table = yield from table_row().create_steps(_as_table(properties, context), context, existing)
        return (yield from self.describe(PhysicalResource(table.id, properties)))

    def update_steps(
        self,
        resource: PhysicalResource,
        after: Properties,
        context: ResourceContext,
        attempted: Properties | None = None,
    ) -> Procedure[PhysicalResource]:
        """Change the table."""
        before = PhysicalResource(
            resource.id, _as_table(resource.properties, context), resource.ref, resource.attributes
        )
        attempted_table = None if attempted is None else _as_table(attempted, context)
        yield from table_row().update_steps(before, _as_table(after, context), context, attempted_table)
        return (yield from self.describe(PhysicalResource(resource.id, after)))


def global_table_rows() -> Iterator[StackResourceType]:
    """The row of global tables: the row of tables, except for what depends on the properties."""
    table = msgspec.structs.asdict(table_row())
    own = {
        "name": "AWS::DynamoDB::GlobalTable",
        "arrange": dict,
        "arranged": frozenset({_REPLICAS, _CONSISTENCY}),
        "tagging": None,
        "follow": {name: follow for name, follow in table["follow"].items() if name not in _REPLICA_MEMBERS},
        "stable": None,
    }
    yield GlobalTableType(**{**table, **own})


def _as_table(properties: Properties, context: ResourceContext) -> dict[str, Any]:
    """The properties of the table for a global table. Raises ResourceFailed for settings that moyai does not have."""
    region = context.stack.scope.region
    match properties.get(_REPLICAS):
        case [Mapping() as replica] if replica.get("Region") == region:
            pass
        case _:
            raise ResourceFailed(f"moyai has no replicas in other regions: {_REPLICAS} must have {region} alone.")
    unsupported = sorted(replica.keys() - _REPLICA_MEMBERS - {"Region"})
    if unsupported:
        raise ResourceFailed(f"moyai does not support these members of {_REPLICAS}: {', '.join(unsupported)}.")
    consistency = properties.get(_CONSISTENCY, _EVENTUAL)
    if consistency != _EVENTUAL:
        raise ResourceFailed(f"moyai has no replicas in other regions: {_CONSISTENCY} must be {_EVENTUAL}.")
    shared = {name: value for name, value in properties.items() if name not in {_REPLICAS, _CONSISTENCY}}
    return {**shared, **{name: value for name, value in replica.items() if name != "Region"}}
