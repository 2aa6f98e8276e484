"""Network ACLs and the subnets that are associated with them.

Promise: a subnet uses one ACL: that with which it is associated, or its VPC's default ACL, which allows everything
until it is changed. The entries apply to all traffic that enters or leaves the subnet.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final, NamedTuple

from msgspec.structs import replace

from moyai.api.ec2.change import ChangeRequest, TagSpecification, commit, created_before, new_id, new_tags, resource_of
from moyai.api.ec2.select import DescribedKind, PagedRequest, flag, select
from moyai.api.ec2.vpcs import VPC
from moyai.api.operation import Context
from moyai.api.tagging import tag_list
from moyai.domain.queries.vpc import all_in_scope, all_in_vpc, network_acls
from moyai.domain.vpc.errors import DependencyViolation, InvalidParameterValue
from moyai.domain.vpc.network_acl import (
    ALL,
    LAST_NUMBER,
    AclAssociation,
    AclEntry,
    NetworkAcl,
    default_association,
    without_subnet,
)
from moyai.domain.vpc.not_found import AssociationNotFound, NetworkAclNotFound, VpcNotFound
from moyai.domain.vpc.quotas import NETWORK_ACLS, NetworkAclLimitExceeded
from moyai.domain.vpc.vpc import EVERYWHERE, Subnet, Vpc
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import NetworkAclId

_ICMPS: Final = ("1", "58")


class CreateNetworkAclRequest(ChangeRequest, frozen=True):
    vpc_id: str
    client_token: str | None = None
    tag_specifications: tuple[TagSpecification, ...] = ()


class DescribeNetworkAclsRequest(PagedRequest, frozen=True):
    network_acl_ids: tuple[str, ...] = ()


class NetworkAclRequest(ChangeRequest, frozen=True):
    """The network ACL to delete."""

    network_acl_id: str


class ReplaceNetworkAclAssociationRequest(ChangeRequest, frozen=True):
    """The association to replace, and the ACL that its subnet gets."""

    association_id: str
    network_acl_id: str


class VpcAcl(NamedTuple):
    """An ACL, its VPC, and the associations of the subnets that use it."""

    vpc: Vpc
    record: NetworkAcl
    associations: tuple[AclAssociation, ...]


def create_network_acl(ctx: Context, request: CreateNetworkAclRequest) -> dict[str, object]:
    """Create an ACL, which has no entries yet and allows nothing."""
    vpc = resource_of(ctx, Vpc, request.vpc_id, VpcNotFound, VPC)
    tags = new_tags(request.tag_specifications, "network-acl")
    acl = created_before(ctx, ctx.store.world.network_acls, request.client_token, "another VPC", vpc=request.vpc_id)
    if acl is None:
        if len(network_acls(ctx.store.world, vpc)) >= NETWORK_ACLS:
            raise NetworkAclLimitExceeded(NETWORK_ACLS)
        identity = NetworkAclId(new_id(ctx, "acl"))
        acl = NetworkAcl(identity, ctx.scope, vpc.id, client_token=request.client_token, tags=tags)
        commit(ctx, request, Put(acl))
    return {"network_acl": _view(VpcAcl(vpc, acl, acl.associations)), "client_token": request.client_token}


def describe_network_acls(ctx: Context, request: DescribeNetworkAclsRequest) -> dict[str, object]:
    """The ACLs of the scope."""
    page = select(_KIND, vpc_acls(ctx), request.network_acl_ids, request)
    return {"network_acls": [_view(item) for item in page.items], "next_token": page.next_token}


def delete_network_acl(ctx: Context, request: NetworkAclRequest) -> None:
    """Delete an ACL that no subnet uses."""
    acl = acl_of(ctx, request.network_acl_id).record
    if acl.is_default:
        raise InvalidParameterValue(f"cannot delete default network ACL {acl.id}")
    if acl.associations:
        raise DependencyViolation(
            f"The networkAcl '{acl.id}' has dependencies and cannot be deleted: it has subnet "
            f"{acl.associations[0].subnet}."
        )
    commit(ctx, request, Delete(NetworkAcl, acl.id))


def replace_network_acl_association(ctx: Context, request: ReplaceNetworkAclAssociationRequest) -> dict[str, object]:
    """Associate a subnet with another ACL."""
    acls = list(vpc_acls(ctx))
    pairs = ((acl, a) for acl in acls for a in acl.associations if a.id == request.association_id)
    former_acl, association = next(pairs, (None, None))
    if former_acl is None or association is None:
        raise AssociationNotFound([request.association_id])
    acl = acl_of(ctx, request.network_acl_id)
    if acl.vpc.id != former_acl.vpc.id:
        raise InvalidParameterValue(
            f"{acl.record.id} is in {acl.vpc.id} and {former_acl.record.id} in {former_acl.vpc.id}."
        )
    new_association = AclAssociation(new_id(ctx, "aclassoc"), association.subnet)
    without = without_subnet(former_acl.record, association.subnet)
    new_acl = without if acl.record.id == former_acl.record.id else acl.record
    changed = replace(new_acl, associations=(*new_acl.associations, new_association))
    others = [] if new_acl is without or without == former_acl.record else [Put(without)]
    commit(ctx, request, *others, Put(changed))
    return {"new_association_id": new_association.id}


def vpc_acls(ctx: Context) -> Iterator[VpcAcl]:
    """The ACLs of the scope's VPCs. The default ACL has the associations of subnets that have none of their own."""
    world = ctx.store.world
    for vpc in all_in_scope(world, Vpc, ctx.scope):
        acls = network_acls(world, vpc)
        associated = {association.subnet for acl in acls for association in acl.associations}
        subnets = (s.id for s in all_in_vpc(world, Subnet, ctx.scope, vpc.id) if s.id not in associated)
        implicit = tuple(AclAssociation(default_association(subnet), subnet) for subnet in subnets)
        for acl in acls:
            yield VpcAcl(vpc, acl, (*acl.associations, *implicit) if acl.is_default else acl.associations)


def acl_of(ctx: Context, identity: str) -> VpcAcl:
    """The ACL with this id. Raises NetworkAclNotFound."""
    acl = next((acl for acl in vpc_acls(ctx) if acl.record.id == identity), None)
    if acl is None:
        raise NetworkAclNotFound([identity])
    return acl


def _view(acl: VpcAcl) -> dict[str, object]:
    record = acl.record
    return {
        "network_acl_id": record.id,
        "vpc_id": record.vpc,
        "owner_id": record.scope.account,
        "is_default": record.is_default,
        "associations": [
            {
                "network_acl_association_id": association.id,
                "network_acl_id": record.id,
                "subnet_id": association.subnet,
            }
            for association in acl.associations
        ],
        "entries": [_entry(entry) for entry in _all_entries(acl)],
        "tags": tag_list(record.tags),
    }


def _all_entries(acl: VpcAcl) -> Iterator[AclEntry]:
    """The entries of each direction, with the last ones, which deny everything else."""
    families = ("0.0.0.0/0",) if acl.vpc.ipv6 is None else ("0.0.0.0/0", EVERYWHERE)
    for egress in (True, False):
        yield from (entry for entry in acl.record.entries if entry.egress is egress)
        for number, cidr in enumerate(families, start=LAST_NUMBER + 1):
            yield AclEntry(number, egress, allow=False, protocol=ALL, cidr=cidr)


def _entry(entry: AclEntry) -> dict[str, object]:
    form: dict[str, object] = {
        "rule_number": entry.number,
        "egress": entry.egress,
        "rule_action": action(entry),
        "protocol": entry.protocol,
        "ipv6_cidr_block" if ":" in entry.cidr else "cidr_block": entry.cidr,
    }
    if entry.from_port is None:
        return form
    if entry.protocol in _ICMPS:
        return form | {"icmp_type_code": {"type": entry.from_port, "code": entry.to_port}}
    return form | {"port_range": {"from": entry.from_port, "to": entry.to_port}}


def action(entry: AclEntry) -> str:
    """The rule action of an entry: ``allow`` or ``deny``."""
    return "allow" if entry.allow else "deny"


_KIND = DescribedKind[VpcAcl](
    "network ACLs",
    lambda acl: acl.record.id,
    MappingProxyType(
        {
            "network-acl-id": lambda a: (a.record.id,),
            "vpc-id": lambda a: (a.vpc.id,),
            "default": lambda a: flag(a.record.is_default),
            "owner-id": lambda a: (a.vpc.scope.account,),
            "association.association-id": lambda a: [association.id for association in a.associations],
            "association.network-acl-id": lambda a: (a.record.id,) if a.associations else (),
            "association.subnet-id": lambda a: [association.subnet for association in a.associations],
            "entry.cidr": lambda a: [entry.cidr for entry in _all_entries(a) if ":" not in entry.cidr],
            "entry.ipv6-cidr": lambda a: [entry.cidr for entry in _all_entries(a) if ":" in entry.cidr],
            "entry.egress": lambda a: [flag(entry.egress)[0] for entry in _all_entries(a)],
            "entry.protocol": lambda a: [entry.protocol for entry in _all_entries(a)],
            "entry.rule-action": lambda a: [action(entry) for entry in _all_entries(a)],
            "entry.rule-number": lambda a: [str(entry.number) for entry in _all_entries(a)],
        }
    ),
    NetworkAclNotFound,
    lambda acl: acl.record.tags,
)
