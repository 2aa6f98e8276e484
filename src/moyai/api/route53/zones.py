"""Hosted zones: create, read, count, comment, delete.

Promise: a repeated request with the same caller reference is refused, as AWS does it; the error names no zone. A zone
begins with its NS and SOA record sets and is deleted with them.
Source: https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html, API_DeleteHostedZone.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.api.route53.limits import MAX_ZONES
from moyai.api.route53.lookup import change_of, change_view, changeable_zone, next_version, zone_id, zone_of, zone_view
from moyai.api.route53.vpcs import VpcReference, check_conflicts, own_vpc, vpc_view
from moyai.domain.queries.hosted_zones import hosted_zones_of
from moyai.domain.route53.errors import (
    HostedZoneAlreadyExists,
    HostedZoneNotEmpty,
    InvalidDomainName,
    InvalidRoute53Input,
    TooManyHostedZones,
)
from moyai.domain.route53.names import DomainNameProblem, lies_within, normalized_name
from moyai.domain.route53.zone import HostedZone, ResourceRecordSet, apex_records
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import HostedZoneId

_APEX_RECORDS: Final = 2
_RESERVED: Final = ("amazonaws.com.", "localhost.")
"""Domains of AWS's and moyai's own names."""
_LOCATION: Final = "https://route53.amazonaws.com/2013-04-01/hostedzone"


class HostedZoneConfig(msgspec.Struct, frozen=True):
    """The optional settings of a new zone."""

    comment: str | None = None
    private_zone: bool = False
    hosted_zone_tier: str = "STANDARD"


class CreateHostedZoneRequest(msgspec.Struct, frozen=True):
    name: str
    caller_reference: str
    vpc: VpcReference | None = None
    hosted_zone_config: HostedZoneConfig = HostedZoneConfig()


class HostedZoneRequest(msgspec.Struct, frozen=True):
    id: str


class GetHostedZoneCountRequest(msgspec.Struct, frozen=True):
    """GetHostedZoneCount has no input."""


class UpdateHostedZoneCommentRequest(msgspec.Struct, frozen=True):
    id: str
    comment: str | None = None


def create_hosted_zone(ctx: Context, request: CreateHostedZoneRequest) -> dict[str, object]:
    """Create a zone: private with a VPC, otherwise public."""
    world, account, config = ctx.store.world, ctx.scope.account, request.hosted_zone_config
    if config.private_zone and request.vpc is None:
        raise InvalidRoute53Input("When you're creating a private hosted zone, you must specify a VPC.")
    if config.hosted_zone_tier != HostedZoneConfig().hosted_zone_tier:
        raise InvalidRoute53Input(f"moyai has no hosted zones of the tier {config.hosted_zone_tier}. Leave it out.")
    if world.hosted_zones.by("reference", f"{account}/{request.caller_reference}"):
        raise HostedZoneAlreadyExists("A hosted zone has already been created with the specified caller reference.")
    if world.hosted_zones.count("account", account) >= MAX_ZONES:
        raise TooManyHostedZones(f"Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more than {MAX_ZONES}.")
    zone = HostedZone(
        id=HostedZoneId(zone_id(ctx.ids)),
        account=account,
        name=_zone_name(request.name, public=request.vpc is None),
        caller_reference=request.caller_reference,
        created_at=ctx.now,
        private=request.vpc is not None,
        comment=config.comment,
        vpcs=() if request.vpc is None else (own_vpc(ctx, request.vpc),),
    )
    check_conflicts(world, zone, zone.vpcs)
    change, records = change_of(ctx, zone)
    ctx.store.apply([Put(zone), *map(Put, apex_records(zone)), *records])
    return {
        "hosted_zone": zone_view(ctx.store.world, zone),
        "change_info": change_view(change),
        "delegation_set": {"name_servers": zone.name_servers},
        "vpc": next(map(vpc_view, zone.vpcs), None),
        "location": f"{_LOCATION}/{zone.id}",
    }


def get_hosted_zone(ctx: Context, request: HostedZoneRequest) -> dict[str, object]:
    """A zone, with the VPCs of a private one and the name servers of a public one."""
    zone = zone_of(ctx, request.id)
    view: dict[str, object] = {"hosted_zone": zone_view(ctx.store.world, zone)}
    if zone.private:
        return {**view, "_vpcs": [vpc_view(vpc) for vpc in zone.vpcs]}
    return {**view, "delegation_set": {"name_servers": zone.name_servers}}


def get_hosted_zone_count(ctx: Context, request: GetHostedZoneCountRequest) -> dict[str, object]:
    """The number of zones of the account."""
    del request
    return {"hosted_zone_count": len(hosted_zones_of(ctx.store.world, ctx.scope.account))}


def update_hosted_zone_comment(ctx: Context, request: UpdateHostedZoneCommentRequest) -> dict[str, object]:
    """Replace the comment of a zone, or remove it."""
    zone = replace(changeable_zone(ctx, request.id), comment=request.comment or None)
    ctx.store.apply([Put(zone)])
    return {"hosted_zone": zone_view(ctx.store.world, zone)}


def delete_hosted_zone(ctx: Context, request: HostedZoneRequest) -> dict[str, object]:
    """Delete a zone that has no record sets beside its NS and SOA record sets."""
    zone, world = next_version(changeable_zone(ctx, request.id)), ctx.store.world
    if world.record_sets.count("zone", zone.id) > _APEX_RECORDS:
        raise HostedZoneNotEmpty(
            "The specified hosted zone contains non-required resource record sets and so cannot be deleted."
        )
    change, records = change_of(ctx, zone)
    record_sets: Iterable[ResourceRecordSet] = world.record_sets.by("zone", zone.id)
    ctx.store.apply([Delete(HostedZone, zone.id), *(Delete(ResourceRecordSet, r.key) for r in record_sets), *records])
    return {"change_info": change_view(change)}


def _zone_name(text: str, *, public: bool) -> str:
    try:
        name = normalized_name(text)
    except DomainNameProblem as problem:
        raise InvalidDomainName(str(problem)) from problem
    if public and name.count(".") == 1:
        raise InvalidDomainName(f"{name} is a top-level domain, for which there is no public hosted zone.")
    if public and any(lies_within(name, reserved) for reserved in _RESERVED):
        raise InvalidDomainName(f"{name} is reserved, so no public hosted zone can have it.")
    return name
