"""Resources with tags, of all services, by their ARNs.

Promise: every record with an ARN or an EC2 id and with tags is found; nothing here names the services. Resources of
another account or region are left out; one without a region, such as a dashboard or a hosted zone, is found in
us-east-1. A peering connection belongs to its requester, with the requester's tags.
Source: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/overview.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from moyai.domain.keys import scope_key
from moyai.domain.queries.vpc import EC2_TYPES, all_in_scope
from moyai.domain.record import ArnRecord, StoredRecord
from moyai.domain.vpc.gateway import NatGateway
from moyai.domain.world import TABLES, World
from moyai.kernel.arn import arn
from moyai.kernel.ids import AccountId, Region
from moyai.kernel.scope import Scope

_PEERING: Final = "vpc-peering-connection"
_REGION_OF_GLOBAL_RESOURCES: Final = "us-east-1"
"""The region whose API lists resources that have none."""
_NOWHERE: Final = Scope(AccountId(""), Region(""))
"""The scope in the ARN of a hosted zone."""


class TaggedResource(NamedTuple):
    """A resource with its tags, and the record that has them."""

    arn: str
    tags: Mapping[str, str]
    record: StoredRecord


def tagged_resources(world: World, scope: Scope) -> Iterator[TaggedResource]:
    """All resources of the scope that can have tags."""
    yield from _with_arns(world, scope)
    for global_scope in _without_region(scope):
        yield from _with_arns(world, global_scope)
        for zone in world.hosted_zones.by("account", scope.account):
            yield TaggedResource(arn("route53", _NOWHERE, f"hostedzone/{zone.id}"), zone.tags, zone)
    for kind, word in EC2_TYPES.items():
        for resource in all_in_scope(world, kind, scope):
            if not (isinstance(resource, NatGateway) and resource.deleted_at is not None):
                yield TaggedResource(arn("ec2", scope, f"{word}/{resource.id}"), resource.tags, resource)
    for peering in world.vpc_peerings.each("scope", scope_key(scope)):
        if peering.open and peering.requester.scope == scope:
            yield TaggedResource(arn("ec2", scope, f"{_PEERING}/{peering.id}"), peering.tags, peering)


def _without_region(scope: Scope) -> tuple[Scope, ...]:
    """The scope of what the account has in no region, where the API of this region lists it."""
    return (Scope(scope.account, _NOWHERE.region),) if scope.region == _REGION_OF_GLOBAL_RESOURCES else ()


def _with_arns(world: World, scope: Scope) -> Iterator[TaggedResource]:
    for record_type in TABLES:
        if issubclass(record_type, ArnRecord) and "tags" in record_type.__struct_fields__:
            table: Any = world.table(record_type)
            for record in table.each("scope", scope_key(scope)):
                yield TaggedResource(record.arn, record.tags, record)
