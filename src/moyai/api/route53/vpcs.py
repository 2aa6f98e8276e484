"""VPCs of private zones: associate, disassociate, authorize for another account, list.

Promise: two private zones of a VPC have different names. The account of the VPC associates it; where the zone is of
another account, that account has authorized it before.
Source: https://docs.aws.amazon.com/Route53/latest/APIReference/API_AssociateVPCWithHostedZone.html,
API_CreateVPCAssociationAuthorization.html, API_ListHostedZonesByVPC.html
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.api.route53.limits import MAX_VPCS
from moyai.api.route53.lookup import (
    bare_id,
    change_of,
    change_view,
    changeable_zone,
    next_version,
    page_length,
    zone_of,
)
from moyai.domain.paging import page
from moyai.domain.queries.hosted_zones import hosted_zone_with, hosted_zones_in
from moyai.domain.route53.errors import (
    ConflictingDomainExists,
    InvalidPaginationToken,
    InvalidRoute53Input,
    InvalidVPCId,
    LastVPCAssociation,
    LimitsExceeded,
    PublicZoneVPCAssociation,
    VPCAssociationAuthorizationNotFound,
    VPCAssociationNotFound,
    ZoneNotAuthorized,
)
from moyai.domain.route53.zone import HostedZone, ZoneVpc
from moyai.domain.world import Put, World
from moyai.kernel.ids import Region, VpcId

_LONGEST_PAGE = 50


class VpcReference(msgspec.Struct, frozen=True):
    """The VPC that a request names."""

    vpc_region: str | None = None
    vpc_id: str | None = None


class VpcAssociationRequest(msgspec.Struct, frozen=True):
    hosted_zone_id: str
    vpc: VpcReference
    comment: str | None = None


class VpcAuthorizationRequest(msgspec.Struct, frozen=True):
    hosted_zone_id: str
    vpc: VpcReference


class ListVpcAuthorizationsRequest(msgspec.Struct, frozen=True):
    hosted_zone_id: str
    next_token: str | None = None
    max_results: str | None = None


class ListHostedZonesByVpcRequest(msgspec.Struct, frozen=True):
    vpc_id: str
    vpc_region: str
    max_items: str | None = None
    next_token: str | None = None


def associate_vpc_with_hosted_zone(ctx: Context, request: VpcAssociationRequest) -> dict[str, object]:
    """Let DNS in one more VPC answer from a private zone."""
    vpc = own_vpc(ctx, request.vpc)
    zone = _zone_for(ctx, request.hosted_zone_id, vpc)
    check_conflicts(ctx.store.world, zone, (vpc,))
    if len(zone.vpcs) >= MAX_VPCS:
        raise LimitsExceeded(f"Limits Exceeded: MAX_VPCS_ASSOCIATED_BY_ZONE - Cannot have more than {MAX_VPCS}.")
    return _store(ctx, replace(zone, vpcs=(*zone.vpcs, vpc)), request.comment)


def disassociate_vpc_from_hosted_zone(ctx: Context, request: VpcAssociationRequest) -> dict[str, object]:
    """Stop DNS in a VPC from answering from a private zone; the last VPC stays."""
    vpc = _reference(request.vpc)
    zone = hosted_zone_with(ctx.store.world, bare_id(request.hosted_zone_id))
    if zone is None or zone.account == ctx.scope.account or not _owns(ctx, vpc):
        zone = _private(changeable_zone(ctx, request.hosted_zone_id))
    if vpc not in zone.vpcs:
        raise VPCAssociationNotFound("The specified VPC and hosted zone are not currently associated.")
    if len(zone.vpcs) == 1:
        raise LastVPCAssociation(
            f"The VPC {vpc.id} is the last one that is associated with the private hosted zone {zone.id}, "
            "and a private hosted zone has to have one."
        )
    return _store(ctx, replace(zone, vpcs=tuple(other for other in zone.vpcs if other != vpc)), request.comment)


def create_vpc_association_authorization(ctx: Context, request: VpcAuthorizationRequest) -> dict[str, object]:
    """Permit another account to associate its VPC with a zone."""
    zone, vpc = _private(changeable_zone(ctx, request.hosted_zone_id)), _reference(request.vpc)
    if vpc not in zone.authorized:
        if len(zone.authorized) >= MAX_VPCS:
            raise LimitsExceeded(f"A hosted zone has at most {MAX_VPCS} authorizations.")
        ctx.store.apply([Put(replace(zone, authorized=(*zone.authorized, vpc)))])
    return {"hosted_zone_id": zone.id, "vpc": vpc_view(vpc)}


def delete_vpc_association_authorization(ctx: Context, request: VpcAuthorizationRequest) -> dict[str, object]:
    """Withdraw a permission; an association that was made with it stays."""
    zone, vpc = changeable_zone(ctx, request.hosted_zone_id), _reference(request.vpc)
    if vpc not in zone.authorized:
        raise VPCAssociationAuthorizationNotFound("The VPC that you specified is not authorized to be associated.")
    ctx.store.apply([Put(replace(zone, authorized=tuple(other for other in zone.authorized if other != vpc)))])
    return {}


def list_vpc_association_authorizations(ctx: Context, request: ListVpcAuthorizationsRequest) -> dict[str, object]:
    """The VPCs of other accounts that may be associated with a zone, in pages."""
    zone = zone_of(ctx, request.hosted_zone_id)
    by_id = {vpc.id: vpc for vpc in zone.authorized}
    length = page_length(request.max_results, "MaxResults", _LONGEST_PAGE)
    on_page = page(by_id, ("authorizations", zone.id), request.next_token, length, fault=InvalidPaginationToken)
    return {
        "hosted_zone_id": zone.id,
        "_vpcs": [vpc_view(by_id[VpcId(key)]) for key in on_page.keys],
        "next_token": on_page.next_token,
    }


def list_hosted_zones_by_vpc(ctx: Context, request: ListHostedZonesByVpcRequest) -> dict[str, object]:
    """The private zones of a VPC, of all accounts, in pages."""
    vpc, length = ZoneVpc(Region(request.vpc_region), VpcId(request.vpc_id)), page_length(request.max_items)
    if not _owns(ctx, vpc):
        raise InvalidRoute53Input(f"The VPC {vpc.id} in region {vpc.region} isn't a VPC of the account.")
    zones = {zone.id: zone for zone in hosted_zones_in(ctx.store.world, vpc)}
    on_page = page(zones, ("zones of VPC", vpc.id), request.next_token, length, fault=InvalidPaginationToken)
    summaries = (zone for zone_id, zone in zones.items() if zone_id in on_page.keys)
    return {
        "hosted_zone_summaries": [_summary(zone) for zone in summaries],
        "max_items": str(length),
        "next_token": on_page.next_token,
    }


def own_vpc(ctx: Context, reference: VpcReference) -> ZoneVpc:
    """The account's VPC that a request names. Raises InvalidVPCId."""
    vpc = _reference(reference)
    if not _owns(ctx, vpc):
        raise InvalidVPCId(f"The VPC ID {vpc.id} in region {vpc.region} isn't a VPC of the account.")
    return vpc


def check_conflicts(world: World, zone: HostedZone, vpcs: Iterable[ZoneVpc]) -> None:
    """Raise ConflictingDomainExists where a VPC has a private zone of this name."""
    for vpc in vpcs:
        for other in hosted_zones_in(world, vpc):
            if other.name == zone.name:
                raise ConflictingDomainExists(
                    f"The VPC {vpc.id} in region {vpc.region} has already been associated with the hosted zone "
                    f"{other.id} with the same domain name."
                )


def vpc_view(vpc: ZoneVpc) -> dict[str, str]:
    """A VPC as responses have it."""
    return {"vpc_region": vpc.region, "vpc_id": vpc.id}


def _summary(zone: HostedZone) -> dict[str, object]:
    owner = {"owning_account": zone.account} if zone.linked is None else {"owning_service": zone.linked.principal}
    return {"hosted_zone_id": zone.id, "name": zone.name, "owner": owner}


def _reference(reference: VpcReference) -> ZoneVpc:
    if not reference.vpc_id or not reference.vpc_region:
        raise InvalidRoute53Input("A VPC is named by VPCRegion and VPCId.")
    return ZoneVpc(Region(reference.vpc_region), VpcId(reference.vpc_id))


def _owns(ctx: Context, vpc: ZoneVpc) -> bool:
    record = ctx.store.world.vpcs.get(vpc.id)
    return record is not None and (record.scope.account, record.scope.region) == (ctx.scope.account, vpc.region)


def _zone_for(ctx: Context, identity: str, vpc: ZoneVpc) -> HostedZone:
    """The zone that a VPC is to be associated with: the account's own, or one that authorized the VPC."""
    zone = hosted_zone_with(ctx.store.world, bare_id(identity))
    if zone is None or zone.account == ctx.scope.account:
        return _private(changeable_zone(ctx, identity))
    if vpc not in zone.authorized:
        raise ZoneNotAuthorized(f"The VPC: {vpc.id} has not authorized to associate with your hosted zone.")
    return zone


def _private(zone: HostedZone) -> HostedZone:
    if not zone.private:
        raise PublicZoneVPCAssociation(
            f"The hosted zone {zone.id} is public, and VPCs are associated with private hosted zones only."
        )
    return zone


def _store(ctx: Context, zone: HostedZone, comment: str | None) -> dict[str, object]:
    changed_zone = next_version(zone)
    change, records = change_of(ctx, changed_zone, comment)
    ctx.store.apply([Put(changed_zone), *records])
    return {"change_info": change_view(change)}
