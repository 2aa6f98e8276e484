"""Record sets: list them, change them, and ask whether a change is in sync.

Promise: all changes of a batch are made or none. A change is in sync when DNS answers from it.
Source: https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html,
API_ListResourceRecordSets.html, API_GetChange.html
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

import msgspec

from moyai.api.operation import Context
from moyai.api.route53.batch import Batch
from moyai.api.route53.change_checks import ChangeRequest, record_set_of
from moyai.api.route53.lookup import (
    bare_id,
    change_of,
    change_view,
    changeable_zone,
    next_version,
    page_length,
    zone_of,
)
from moyai.api.route53.managed import managed_record_sets
from moyai.domain.route53.errors import InvalidChangeBatch, InvalidRoute53Input, NoSuchChange
from moyai.domain.route53.names import DomainNameProblem, normalized_name
from moyai.domain.route53.zone import HostedZone, ResourceRecordSet, record_set_key
from moyai.domain.world import Put, World
from moyai.ports.dns import ServedZones

_MAX_VALUES: Final = 1000
_MAX_CHARACTERS: Final = 32_000


class ChangeBatchRequest(msgspec.Struct, frozen=True):
    changes: tuple[ChangeRequest, ...]
    comment: str | None = None


class ChangeResourceRecordSetsRequest(msgspec.Struct, frozen=True):
    hosted_zone_id: str
    change_batch: ChangeBatchRequest


class ListResourceRecordSetsRequest(msgspec.Struct, frozen=True):
    hosted_zone_id: str
    start_record_name: str | None = None
    start_record_type: str | None = None
    start_record_identifier: str | None = None
    max_items: str | None = None


class GetChangeRequest(msgspec.Struct, frozen=True):
    id: str


def change_resource_record_sets(ctx: Context, request: ChangeResourceRecordSetsRequest) -> dict[str, object]:
    """Create, replace and delete record sets of a zone, all of them or none."""
    zone, changes = changeable_zone(ctx, request.hosted_zone_id), request.change_batch.changes
    _check_size(changes)
    batch = Batch(ctx.store.world, zone)
    for change in changes:
        batch.add(change.action, record_set_of(zone, change))
    stored = batch.result()
    changed_zone = next_version(zone)
    zone_change, records = change_of(ctx, changed_zone, request.change_batch.comment)
    ctx.store.apply([Put(changed_zone), *stored, *records])
    return {"change_info": change_view(zone_change)}


def list_resource_record_sets(ctx: Context, request: ListResourceRecordSetsRequest) -> dict[str, object]:
    """The record sets of a zone by name with its labels reversed, then by type and identifier, in pages."""
    zone, length = zone_of(ctx, request.hosted_zone_id), page_length(request.max_items)
    if request.start_record_type is not None and request.start_record_name is None:
        raise InvalidRoute53Input("The type of the first record set is used together with its name only.")
    if request.start_record_identifier is not None and request.start_record_type is None:
        raise InvalidRoute53Input("The identifier of the first record set is used together with its name and type.")
    record_sets = list(islice(_from(ctx.store.world, zone, _start(zone, request)), length + 1))
    following = record_sets[length] if len(record_sets) > length else None
    return {
        "resource_record_sets": [_view(record_set) for record_set in record_sets[:length]],
        "is_truncated": following is not None,
        "next_record_name": following and following.name,
        "next_record_type": following and following.type,
        "next_record_identifier": following and following.set_identifier,
        "max_items": str(length),
    }


def get_change(served: ServedZones, ctx: Context, request: GetChangeRequest) -> dict[str, object]:
    """A change, and whether DNS answers from it."""
    world = ctx.store.world
    change = world.hosted_zone_changes.get(bare_id(request.id))
    if change is None or change.account != ctx.scope.account:
        raise NoSuchChange(f"A change with the ID {bare_id(request.id)} does not exist.")
    version = served.served_version(change.zone)
    if change.zone in world.hosted_zones:
        in_sync = version is not None and version >= change.version
    else:
        in_sync = version is None
    return {"change_info": change_view(change, "INSYNC" if in_sync else "PENDING")}


def _check_size(changes: tuple[ChangeRequest, ...]) -> None:
    """Raise InvalidChangeBatch for a batch beyond AWS's limits, by which an UPSERT counts twice."""
    values = [
        (2 if change.action == "UPSERT" else 1, record.value)
        for change in changes
        for record in change.resource_record_set.resource_records
    ]
    problems: list[str] = []
    if sum(times for times, _ in values) > _MAX_VALUES or len(changes) > _MAX_VALUES:
        problems.append(f"Number of records limit of {_MAX_VALUES} exceeded.")
    if sum(times * len(value) for times, value in values) > _MAX_CHARACTERS:
        problems.append(f"Number of characters limit of {_MAX_CHARACTERS} exceeded.")
    if problems:
        raise InvalidChangeBatch(problems)


def _start(zone: HostedZone, request: ListResourceRecordSetsRequest) -> str:
    """The key of the first record set of a page, or a text just before it."""
    if request.start_record_name is None:
        return f"{zone.id} "
    try:
        name = normalized_name(request.start_record_name)
    except DomainNameProblem as problem:
        raise InvalidRoute53Input(str(problem)) from problem
    return record_set_key(zone.id, name, request.start_record_type or "", request.start_record_identifier)


def _from(world: World, zone: HostedZone, start: str) -> Iterator[ResourceRecordSet]:
    """The record sets of a zone from this key on."""
    if zone.linked is not None:
        yield from (record_set for record_set in managed_record_sets(world, zone) if record_set.key >= start)
        return
    first = world.record_sets.get(start)
    if first is not None:
        yield first
    yield from world.record_sets.after("zone", zone.id, start)


def _view(record_set: ResourceRecordSet) -> dict[str, object]:
    alias = record_set.alias
    return {
        "name": record_set.name,
        "type": record_set.type,
        "set_identifier": record_set.set_identifier,
        "weight": record_set.weight,
        "region": record_set.region,
        "multi_value_answer": record_set.multivalue or None,
        "ttl": record_set.ttl,
        "resource_records": [{"value": value} for value in record_set.values] or None,
        "alias_target": alias,
    }
