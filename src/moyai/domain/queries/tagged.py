"""Resources with tags, of all services, by their ARNs.

Promise: every record with an ARN or an EC2 id and with tags is found; nothing here names the services. Those of another
account or region are not looked at. A peering connection is its requester's, with the requester's tags.
Source: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/overview.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from moyai.domain.keys import scope_key
from moyai.domain.queries.vpc import EC2_TYPES, all_in_scope
from moyai.domain.record import ArnRecord, StoredRecord
from moyai.domain.vpc.gateway import NatGateway
from moyai.domain.world import TABLES, World
from moyai.kernel.arn import arn
from moyai.kernel.scope import Scope

_PEERING = "vpc-peering-connection"


class TaggedResource(NamedTuple):
    """A resource with its tags, and the record that has them."""

    arn: str
    tags: Mapping[str, str]
    record: StoredRecord


def tagged_resources(world: World, scope: Scope) -> Iterator[TaggedResource]:
    """All resources of the scope that can have tags."""
    for record_type in TABLES:
        if issubclass(record_type, ArnRecord) and "tags" in record_type.__struct_fields__:
            for record in _of_scope(world, record_type, scope):
                yield TaggedResource(record.arn, record.tags, record)
    for kind, word in EC2_TYPES.items():
        for resource in all_in_scope(world, kind, scope):
            if not (isinstance(resource, NatGateway) and resource.deleted_at is not None):
                yield TaggedResource(arn("ec2", scope, f"{word}/{resource.id}"), resource.tags, resource)
    for peering in world.vpc_peerings.each("scope", scope_key(scope)):
        if peering.open and peering.requester.scope == scope:
            yield TaggedResource(arn("ec2", scope, f"{_PEERING}/{peering.id}"), peering.tags, peering)


def _of_scope(world: World, record_type: type[Any], scope: Scope) -> Iterator[Any]:
    return world.table(record_type).each("scope", scope_key(scope))
