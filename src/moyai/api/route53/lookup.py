"""Finds the hosted zone that a request names, and writes zones and changes as responses have them.

Promise: an id may have its prefix (``/hostedzone/``, ``/change/``), as responses write it. A zone of another account is
unknown, and one that another service manages is not changed.
Source: https://docs.aws.amazon.com/Route53/latest/APIReference/API_GetHostedZone.html
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.api.route53.managed import managed_record_sets
from moyai.domain.queries.hosted_zones import hosted_zone_with
from moyai.domain.route53.errors import InvalidRoute53Input, ManagedHostedZone, NoSuchHostedZone
from moyai.domain.route53.zone import HostedZone, HostedZoneChange
from moyai.domain.world import Change, Delete, Put, World
from moyai.kernel.ids import Ids, ZoneChangeId

MAX_CHANGES: Final = 1000
"""The number of changes of an account that are remembered."""
ID_LENGTH: Final = 20
_LONGEST_PAGE: Final = 100
_MOST_DIGITS: Final = 20
"""The digits of a number that are read, which are enough to see that it is too large."""


def bare_id(identity: str) -> str:
    """The id without the prefix that responses write before it."""
    return identity.rpartition("/")[2]


def zone_of(ctx: Context, identity: str) -> HostedZone:
    """The account's zone with this id. Raises NoSuchHostedZone."""
    zone = hosted_zone_with(ctx.store.world, bare_id(identity))
    if zone is None or zone.account != ctx.scope.account:
        raise NoSuchHostedZone(f"No hosted zone found with ID: {bare_id(identity)}")
    return zone


def changeable_zone(ctx: Context, identity: str) -> HostedZone:
    """The account's zone, unless another service manages it. Raises NoSuchHostedZone, ManagedHostedZone."""
    zone = zone_of(ctx, identity)
    if zone.linked is not None:
        raise ManagedHostedZone(
            f"The resource hostedzone/{zone.id} can only be managed through AWS Cloud Map ({zone.linked.resource})"
        )
    return zone


def page_length(text: str | None, member: str = "MaxItems", longest: int = _LONGEST_PAGE) -> int:
    """The length of a page that a request's member asks for, at most ``longest``. Raises InvalidRoute53Input."""
    if text is None:
        return longest
    digits = text[:_MOST_DIGITS]
    if not (text.isascii() and text.isdecimal()) or int(digits) < 1:
        raise InvalidRoute53Input(f"{member} is '{digits}' and has to be a number from 1.")
    return min(int(digits), longest)


def change_of(ctx: Context, zone: HostedZone, comment: str | None = None) -> tuple[HostedZoneChange, list[Change]]:
    """The record of the account's change that made this version of a zone, and the changes that store it and delete
    the oldest record beyond the maximum. The zone may be another account's.
    """
    identity = ZoneChangeId(f"C{ctx.ids.alphanumeric(ID_LENGTH).upper()}")
    account = ctx.scope.account
    change = HostedZoneChange(identity, account, zone.id, zone.version, ctx.now, comment)
    table = ctx.store.world.hosted_zone_changes
    deletions: list[Change] = []
    if table.count("account", account) >= MAX_CHANGES:
        deletions = [Delete(HostedZoneChange, next(table.each("account", account)).id)]
    return change, [Put(change), *deletions]


def next_version(zone: HostedZone) -> HostedZone:
    """The zone after one more change."""
    return replace(zone, version=zone.version + 1)


def change_view(change: HostedZoneChange, status: str = "PENDING") -> dict[str, object]:
    """A change as responses have it."""
    return {
        "id": f"/change/{change.id}",
        "status": status,
        "submitted_at": change.submitted_at,
        "comment": change.comment,
    }


def zone_view(world: World, zone: HostedZone) -> dict[str, object]:
    """A zone as responses have it."""
    linked = zone.linked
    return {
        "id": f"/hostedzone/{zone.id}",
        "name": zone.name,
        "caller_reference": zone.caller_reference,
        "config": {"comment": zone.comment, "private_zone": zone.private},
        "resource_record_set_count": record_set_count(world, zone),
        "linked_service": linked and {"service_principal": linked.principal, "description": linked.resource},
    }


def record_set_count(world: World, zone: HostedZone) -> int:
    """The number of record sets of a zone."""
    return world.record_sets.count("zone", zone.id) if zone.linked is None else len(managed_record_sets(world, zone))


def zone_id(ids: Ids) -> str:
    """A fresh id of a zone."""
    return f"Z{ids.alphanumeric(ID_LENGTH).upper()}"
