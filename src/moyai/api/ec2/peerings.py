"""VPC peering connections, also between accounts and regions.

Promise: both sides see the same id. As on AWS, a connection between overlapping ranges, or to an unknown VPC of another
account, is created with the status ``failed``, and a request expires after seven days. No traffic passes before both
sides have routes.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateVpcPeeringConnection.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Network
from types import MappingProxyType

import msgspec
from msgspec.structs import replace

from moyai.api.ec2.change import SUCCESS, ChangeRequest, TagSpecification, commit, new_id, new_tags, resource_of
from moyai.api.ec2.select import DescribedKind, PagedRequest, select
from moyai.api.ec2.vpcs import VPC
from moyai.api.operation import Context
from moyai.api.tagging import tag_list
from moyai.domain.keys import scope_key
from moyai.domain.queries.vpc import find_in_scope, ranges_of
from moyai.domain.vpc.errors import (
    InvalidParameterValue,
    InvalidStateTransition,
    MissingParameter,
    OperationNotPermitted,
    PeeringAlreadyExists,
)
from moyai.domain.vpc.not_found import PeeringNotFound, VpcNotFound
from moyai.domain.vpc.peering import PEERING_TRANSITIONS, PeeringSide, PeeringStatus, VpcPeering
from moyai.domain.vpc.quotas import OUTSTANDING_PEERINGS, PEERINGS, VpcPeeringConnectionLimitExceeded
from moyai.domain.vpc.vpc import Vpc
from moyai.domain.world import Delete, Put
from moyai.kernel.clock import Instant
from moyai.kernel.ids import AccountId, Region, VpcId, VpcPeeringId
from moyai.kernel.scope import Scope, is_account, is_region

_FAILED = "Failed due to incorrect VPC-ID, Account ID, or overlapping CIDR range"


class CreateVpcPeeringConnectionRequest(ChangeRequest, frozen=True):
    """The requester's VPC, and the VPC, account and region to connect it with."""

    vpc_id: str
    peer_vpc_id: str | None = None
    peer_owner_id: str | None = None
    peer_region: str | None = None
    tag_specifications: tuple[TagSpecification, ...] = ()


class PeeringRequest(ChangeRequest, frozen=True):
    """The peering connection to accept, reject or delete."""

    vpc_peering_connection_id: str


class PeeringOptions(msgspec.Struct, frozen=True):
    """The options of one side; absent ones are not changed. Those for EC2-Classic, which is gone, can only be false."""

    allow_dns_resolution_from_remote_vpc: bool | None = None
    allow_egress_from_local_classic_link_to_remote_vpc: bool = False
    allow_egress_from_local_vpc_to_remote_classic_link: bool = False


class ModifyVpcPeeringConnectionOptionsRequest(ChangeRequest, frozen=True):
    """A peering connection, and new options for one side or both."""

    vpc_peering_connection_id: str
    requester_peering_connection_options: PeeringOptions | None = None
    accepter_peering_connection_options: PeeringOptions | None = None


class DescribeVpcPeeringConnectionsRequest(PagedRequest, frozen=True):
    vpc_peering_connection_ids: tuple[str, ...] = ()


def create_vpc_peering_connection(ctx: Context, request: CreateVpcPeeringConnectionRequest) -> dict[str, object]:
    """Request a connection with another VPC."""
    vpc = resource_of(ctx, Vpc, request.vpc_id, VpcNotFound, VPC)
    tags = new_tags(request.tag_specifications, "vpc-peering-connection")
    accepter = _accepter(ctx, request)
    _check_open(ctx, vpc, accepter)
    other_ranges = ranges_of(ctx.store.world, accepter)
    fails = not other_ranges or any(
        IPv4Network(own).overlaps(IPv4Network(other)) for own in vpc.cidrs for other in other_ranges
    )
    peering = VpcPeering(
        id=VpcPeeringId(new_id(ctx, "pcx")),
        requester=PeeringSide(ctx.scope, vpc.id, vpc.cidr),
        accepter=accepter,
        status=PeeringStatus.FAILED if fails else PeeringStatus.PENDING_ACCEPTANCE,
        message=_FAILED if fails else f"Pending Acceptance by {accepter.scope.account}",
        created_at=ctx.now,
        changed_at=ctx.now,
        tags=tags,
    )
    expired = [Delete(VpcPeering, p.id) for p in _scope_peerings(ctx) if not p.visible(ctx.now)]
    commit(ctx, request, Put(peering), *expired)
    status = {"code": "initiating-request", "message": f"Initiating Request to {accepter.scope.account}"}
    return {"vpc_peering_connection": _peering(ctx, peering) | ({} if fails else {"status": status})}


def accept_vpc_peering_connection(ctx: Context, request: PeeringRequest) -> dict[str, object]:
    """Accept a request. Only the accepter's account may do so."""
    peering = _own_peering(ctx, request.vpc_peering_connection_id, to_accept=True)
    for side in peering.sides:
        active = [p for p in ctx.store.world.vpc_peerings.by("vpc", side.vpc) if p.status is PeeringStatus.ACTIVE]
        if len(active) >= PEERINGS:
            raise VpcPeeringConnectionLimitExceeded(PEERINGS)
    accepted = _with_status(ctx, peering, PeeringStatus.ACTIVE, "Active")
    commit(ctx, request, Put(accepted))
    return {"vpc_peering_connection": _peering(ctx, accepted)}


def reject_vpc_peering_connection(ctx: Context, request: PeeringRequest) -> dict[str, object]:
    """Reject a request. Only the accepter's account may do so."""
    peering = _own_peering(ctx, request.vpc_peering_connection_id, to_accept=True)
    commit(ctx, request, Put(_with_status(ctx, peering, PeeringStatus.REJECTED, f"Rejected by {ctx.scope.account}")))
    return dict(SUCCESS)


def delete_vpc_peering_connection(ctx: Context, request: PeeringRequest) -> dict[str, object]:
    """Delete a connection, from either side. Routes to it become blackholes."""
    peering = _own_peering(ctx, request.vpc_peering_connection_id)
    commit(ctx, request, Put(_with_status(ctx, peering, PeeringStatus.DELETED, f"Deleted by {ctx.scope.account}")))
    return dict(SUCCESS)


def modify_vpc_peering_connection_options(
    ctx: Context, request: ModifyVpcPeeringConnectionOptionsRequest
) -> dict[str, object]:
    """Change the options of the sides that are in the account and region. The response has the changed sides."""
    peering = _own_peering(ctx, request.vpc_peering_connection_id)
    if peering.status is not PeeringStatus.ACTIVE:
        raise OperationNotPermitted(
            f"Peering {peering.id} is not active. Peering options can be added only to active peerings."
        )
    options = {
        "requester": request.requester_peering_connection_options,
        "accepter": request.accepter_peering_connection_options,
    }
    if not any(options.values()):
        raise MissingParameter("The request must contain options of the requester or of the accepter.")
    sides = {name: _with_options(ctx, peering, name, change) for name, change in options.items() if change is not None}
    changed = replace(peering, **sides)
    commit(ctx, request, Put(changed))
    return {f"{name}_peering_connection_options": _options(getattr(changed, name)) for name in sides}


def describe_vpc_peering_connections(ctx: Context, request: DescribeVpcPeeringConnectionsRequest) -> dict[str, object]:
    """A page of the connections with a side in the account and region, including those that have ended recently."""
    candidates = [with_expiry(p, ctx.now) for p in _scope_peerings(ctx) if p.visible(ctx.now)]
    kind = _KIND._replace(tags_of=lambda peering: tags_of(peering, ctx.scope))
    page = select(kind, candidates, request.vpc_peering_connection_ids, request)
    return {
        "vpc_peering_connections": [_peering(ctx, p) for p in page.items],
        "next_token": page.next_token,
    }


def with_expiry(peering: VpcPeering, now: Instant) -> VpcPeering:
    """The connection at the time ``now``, at which a request that was not accepted in time has expired."""
    if peering.status is not PeeringStatus.PENDING_ACCEPTANCE or now < peering.expires_at:
        return peering
    return replace(peering, status=PeeringStatus.EXPIRED, message="Expired", changed_at=peering.expires_at)


def tags_of(peering: VpcPeering, scope: Scope) -> Mapping[str, str]:
    """The tags of a connection for the side in ``scope``; each side has its own."""
    return peering.tags if peering.requester.scope == scope else peering.accepter_tags


def _scope_peerings(ctx: Context) -> Iterator[VpcPeering]:
    return ctx.store.world.vpc_peerings.each("scope", scope_key(ctx.scope))


def _accepter(ctx: Context, request: CreateVpcPeeringConnectionRequest) -> PeeringSide:
    if not request.peer_vpc_id:
        raise MissingParameter("The request must contain the parameter peerVpcId.")
    account = AccountId(request.peer_owner_id or ctx.scope.account)
    scope = Scope(account, Region(request.peer_region or ctx.scope.region))
    if not is_account(scope.account):
        raise InvalidParameterValue(f"Value ({account[:40]}) for parameter peerOwnerId is invalid: give 12 digits.")
    if not is_region(scope.region):
        raise InvalidParameterValue(f"Value ({scope.region[:40]}) for parameter peerRegion is invalid.")
    vpc = find_in_scope(ctx.store.world, Vpc, scope, request.peer_vpc_id)
    if vpc is None and scope == ctx.scope:
        raise VpcNotFound([request.peer_vpc_id])
    return PeeringSide(scope, VpcId(request.peer_vpc_id), None if vpc is None else vpc.cidr)


def _check_open(ctx: Context, vpc: Vpc, other_side: PeeringSide) -> None:
    """Raise PeeringAlreadyExists, or VpcPeeringConnectionLimitExceeded for too many pending requests."""
    vpc_peerings = [with_expiry(p, ctx.now) for p in ctx.store.world.vpc_peerings.by("vpc", vpc.id)]
    twin = next((p for p in vpc_peerings if p.open and p.other(vpc.id).vpc == other_side.vpc), None)
    if twin is not None:
        raise PeeringAlreadyExists(f"The peering connection {twin.id} between {vpc.id} and {other_side.vpc} exists.")
    requested = [with_expiry(p, ctx.now) for p in _scope_peerings(ctx) if p.requester.scope == ctx.scope]
    if sum(p.status is PeeringStatus.PENDING_ACCEPTANCE for p in requested) >= OUTSTANDING_PEERINGS:
        raise VpcPeeringConnectionLimitExceeded(OUTSTANDING_PEERINGS)


def _with_options(ctx: Context, peering: VpcPeering, name: str, options: PeeringOptions) -> PeeringSide:
    """The side ``name`` with changed options. Raises OperationNotPermitted, InvalidParameterValue."""
    side: PeeringSide = getattr(peering, name)
    if side.scope != ctx.scope:
        raise OperationNotPermitted(
            f"User {ctx.scope.account} cannot modify {name} peering options on the following VPC peering connection: "
            f"{peering.id}"
        )
    classic = options.allow_egress_from_local_classic_link_to_remote_vpc
    if classic or options.allow_egress_from_local_vpc_to_remote_classic_link:
        raise InvalidParameterValue("EC2-Classic is not available: its options can only be false.")
    resolves = options.allow_dns_resolution_from_remote_vpc
    return side if resolves is None else replace(side, resolves_for_peer=resolves)


def _own_peering(ctx: Context, identity: str, *, to_accept: bool = False) -> VpcPeering:
    """The connection with a side, or ``to_accept`` the accepter, in this scope. Raises PeeringNotFound and others."""
    peering = ctx.store.world.vpc_peerings.get(identity)
    if peering is None or not peering.visible(ctx.now) or ctx.scope not in {side.scope for side in peering.sides}:
        raise PeeringNotFound([identity])
    if to_accept and peering.accepter.scope != ctx.scope:
        owner = peering.accepter.scope
        raise OperationNotPermitted(
            f"The peering connection {identity} is accepted or rejected by its accepter: {owner.account} in "
            f"{owner.region}."
        )
    return with_expiry(peering, ctx.now)


def _with_status(ctx: Context, peering: VpcPeering, status: PeeringStatus, message: str) -> VpcPeering:
    if status not in PEERING_TRANSITIONS[peering.status]:
        raise InvalidStateTransition(
            f"Invalid state transition for {peering.id}, attempted to transition from {peering.status} to {status}"
        )
    return replace(peering, status=status, message=message, changed_at=ctx.now)


def _peering(ctx: Context, peering: VpcPeering) -> dict[str, object]:
    waiting = peering.status is PeeringStatus.PENDING_ACCEPTANCE
    return {
        "vpc_peering_connection_id": peering.id,
        "requester_vpc_info": _side(ctx, peering.requester),
        "accepter_vpc_info": _side(ctx, peering.accepter),
        "expiration_time": peering.expires_at if waiting else None,
        "status": {"code": peering.status, "message": peering.message},
        "tags": tag_list(tags_of(peering, ctx.scope)),
    }


def _side(ctx: Context, side: PeeringSide) -> dict[str, object]:
    return {
        "vpc_id": side.vpc,
        "owner_id": side.scope.account,
        "region": side.scope.region,
        "cidr_block": side.cidr,
        "cidr_block_set": [{"cidr_block": cidr} for cidr in ranges_of(ctx.store.world, side)],
        "peering_options": _options(side),
    }


def _options(side: PeeringSide) -> dict[str, bool]:
    return {
        "allow_dns_resolution_from_remote_vpc": side.resolves_for_peer,
        "allow_egress_from_local_classic_link_to_remote_vpc": False,
        "allow_egress_from_local_vpc_to_remote_classic_link": False,
    }


_KIND = DescribedKind[VpcPeering](
    "peering connections",
    lambda peering: peering.id,
    MappingProxyType(
        {
            "vpc-peering-connection-id": lambda p: (p.id,),
            "status-code": lambda p: (p.status,),
            "status-message": lambda p: (p.message,),
            "requester-vpc-info.vpc-id": lambda p: (p.requester.vpc,),
            "requester-vpc-info.owner-id": lambda p: (p.requester.scope.account,),
            "requester-vpc-info.cidr-block": lambda p: (p.requester.cidr or "",),
            "accepter-vpc-info.vpc-id": lambda p: (p.accepter.vpc,),
            "accepter-vpc-info.owner-id": lambda p: (p.accepter.scope.account,),
            "accepter-vpc-info.cidr-block": lambda p: (p.accepter.cidr or "",),
        }
    ),
    PeeringNotFound,
)
