"""Network ACLs: each VPC has the default one, for all of its subnets, which allows all traffic.

Promise: tools that read a VPC's default ACL find it. Other ACLs do not exist, and it cannot be changed.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import NamedTuple

from moyai.api.ec2.select import ALWAYS, DescribedKind, PagedRequest, select
from moyai.api.operation import Context
from moyai.domain.queries.vpc import all_in_scope, all_in_vpc
from moyai.domain.vpc.default import ANYWHERE
from moyai.domain.vpc.not_found import NetworkAclNotFound
from moyai.domain.vpc.vpc import Subnet, Vpc

_FIRST, _LAST = 100, 32767
"""The numbers of the rule that lets everything through, and of the one that would stop the rest."""


class DescribeNetworkAclsRequest(PagedRequest, frozen=True):
    network_acl_ids: tuple[str, ...] = ()


class Acl(NamedTuple):
    """The default ACL of a VPC, and the subnets that go by it."""

    vpc: Vpc
    subnets: tuple[Subnet, ...]

    @property
    def id(self) -> str:
        """Made from the VPC's id; nothing of it is on record."""
        return self.vpc.id.replace("vpc-", "acl-")


def describe_network_acls(ctx: Context, request: DescribeNetworkAclsRequest) -> dict[str, object]:
    """The default ACL of each VPC."""
    world = ctx.store.world
    acls = [
        Acl(vpc, tuple(all_in_vpc(world, Subnet, ctx.scope, vpc.id))) for vpc in all_in_scope(world, Vpc, ctx.scope)
    ]
    chosen = select(_KIND, acls, request.network_acl_ids, request)
    return {"network_acls": [_acl(item) for item in chosen.items], "next_token": chosen.next_token}


def _acl(acl: Acl) -> dict[str, object]:
    return {
        "network_acl_id": acl.id,
        "vpc_id": acl.vpc.id,
        "owner_id": acl.vpc.scope.account,
        "is_default": True,
        "associations": [
            {
                "network_acl_association_id": subnet.id.replace("subnet-", "aclassoc-"),
                "network_acl_id": acl.id,
                "subnet_id": subnet.id,
            }
            for subnet in acl.subnets
        ],
        "entries": [
            {
                "cidr_block": ANYWHERE,
                "egress": egress,
                "protocol": "-1",
                "rule_action": action,
                "rule_number": number,
            }
            for egress in (True, False)
            for action, number in (("allow", _FIRST), ("deny", _LAST))
        ],
        "tags": [],
    }


_KIND = DescribedKind[Acl](
    "network ACLs",
    lambda acl: acl.id,
    MappingProxyType(
        {
            "network-acl-id": lambda a: (a.id,),
            "vpc-id": lambda a: (a.vpc.id,),
            "default": lambda _: ALWAYS,
            "owner-id": lambda a: (a.vpc.scope.account,),
            "association.subnet-id": lambda a: [subnet.id for subnet in a.subnets],
        }
    ),
    NetworkAclNotFound,
)
