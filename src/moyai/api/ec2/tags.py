"""Tags of VPCs and the resources in them.

Promise: the resources of a request are all tagged, or none is. Each side of a peering connection has its own tags.
Refuses: tags of tasks' interfaces, which belong to ECS, and of resources that moyai does not have.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from msgspec.structs import replace

from moyai.api.ec2.acls import vpc_acls
from moyai.api.ec2.change import ChangeRequest, commit, tag_rules
from moyai.api.ec2.peerings import tags_of
from moyai.api.ec2.select import DescribedKind, PagedRequest, select
from moyai.api.operation import Context
from moyai.api.tagging import RemovedTag, Tag, checked_tags, removed_keys
from moyai.domain.keys import scope_key
from moyai.domain.queries.vpc import EC2_TYPES, VpcResource, all_in_scope, find_in_scope
from moyai.domain.tagging import without
from moyai.domain.vpc.endpoint import VpcEndpoint
from moyai.domain.vpc.errors import MissingParameter
from moyai.domain.vpc.gateway import EgressOnlyGateway, ElasticAddress, InternetGateway, NatGateway
from moyai.domain.vpc.launch_template import LaunchTemplate
from moyai.domain.vpc.network_acl import NetworkAcl
from moyai.domain.vpc.not_found import ResourceNotFound
from moyai.domain.vpc.peering import VpcPeering
from moyai.domain.vpc.route_table import RouteTable
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.vpc import Subnet, Vpc
from moyai.domain.vpc.without_effect import DhcpOptions, FlowLog
from moyai.domain.world import Put

_KINDS: Final[Mapping[str, type[VpcResource]]] = MappingProxyType(
    {
        "vpc": Vpc,
        "subnet": Subnet,
        "sg": SecurityGroup,
        "rtb": RouteTable,
        "igw": InternetGateway,
        "nat": NatGateway,
        "eipalloc": ElasticAddress,
        "acl": NetworkAcl,
        "eigw": EgressOnlyGateway,
        "vpce": VpcEndpoint,
        "dopt": DhcpOptions,
        "fl": FlowLog,
        "lt": LaunchTemplate,
    }
)
"""The types of resources' records, by the prefixes of their ids."""
_RULE, _RULE_TYPE = "sgr-", "security-group-rule"
_PEERING, _PEERING_TYPE = "pcx-", "vpc-peering-connection"

Tags = Mapping[str, str]
Retag = Callable[[str, Tags], Tags]
"""Makes a resource's new tags from its type and its present tags."""


class CreateTagsRequest(ChangeRequest, frozen=True):
    """The resources, and the tags to add to each."""

    resources: tuple[str, ...]
    tags: tuple[Tag, ...] = ()


class DeleteTagsRequest(ChangeRequest, frozen=True):
    """The resources, and the tags to remove from each, by default all tags."""

    resources: tuple[str, ...]
    tags: tuple[RemovedTag, ...] = ()


class Tagged(NamedTuple):
    """A tag, with the id and the type of its resource."""

    resource: str
    kind: str
    key: str
    value: str


def create_tags(ctx: Context, request: CreateTagsRequest) -> None:
    """Add tags, or replace their values."""
    if not request.tags:
        raise MissingParameter("The request must contain the parameter Tag.")
    _retag(ctx, request, lambda kind, present: checked_tags(tag_rules(kind), request.tags, present))


def delete_tags(ctx: Context, request: DeleteTagsRequest) -> None:
    """Remove tags; unknown ones are ignored."""

    def remaining(_kind: str, present: Tags) -> Tags:
        return without(present, removed_keys(request.tags, present) if request.tags else present)

    _retag(ctx, request, remaining)


def describe_tags(ctx: Context, request: PagedRequest) -> dict[str, object]:
    """A page of the tags of all resources of the account and region."""
    page = select(_KIND, _all_tags(ctx), (), request)
    return {
        "tags": [
            {"resource_id": item.resource, "resource_type": item.kind, "key": item.key, "value": item.value}
            for item in page.items
        ],
        "next_token": page.next_token,
    }


def _retag(ctx: Context, request: CreateTagsRequest | DeleteTagsRequest, retag: Retag) -> None:
    if not request.resources:
        raise MissingParameter("The request must contain the parameter resourceIdSet.")
    changed_records: dict[str, VpcResource | VpcPeering] = {}
    for identity in dict.fromkeys(request.resources):
        record = _tagged_record(ctx, identity)
        record = changed_records.get(record.id, record)
        changed_records[record.id] = _with_tags(ctx, record, identity, retag)
    commit(ctx, request, *map(Put, changed_records.values()))


def _tagged_record(ctx: Context, identity: str) -> VpcResource | VpcPeering:
    """The record with a resource's tags: for a rule its group's, otherwise its own. Raises ResourceNotFound."""
    world = ctx.store.world
    if identity.startswith(_PEERING):
        peering = world.vpc_peerings.get(identity)
        if peering is not None and ctx.scope in {side.scope for side in peering.sides}:
            return peering
    if identity.startswith(_RULE):
        groups = all_in_scope(world, SecurityGroup, ctx.scope)
        group = next((g for g in groups if any(rule.id == identity for rule in g.rules)), None)
        if group is not None:
            return group
    kind = _KINDS.get(identity.partition("-")[0])
    record = None if kind is None else find_in_scope(world, kind, ctx.scope, identity)
    if record is None:  # a VPC's default ACL is stored only once it has changed
        record = next((acl.record for acl in vpc_acls(ctx) if acl.record.id == identity), None)
    if record is None:
        raise ResourceNotFound([identity])
    return record


def _with_tags(ctx: Context, record: VpcResource | VpcPeering, identity: str, retag: Retag) -> VpcResource | VpcPeering:
    if isinstance(record, VpcPeering):
        tags = retag(_PEERING_TYPE, tags_of(record, ctx.scope))
        own = record.requester.scope == ctx.scope
        return replace(record, tags=tags) if own else replace(record, accepter_tags=tags)
    if isinstance(record, SecurityGroup) and identity.startswith(_RULE):
        rules = (replace(r, tags=retag(_RULE_TYPE, r.tags)) if r.id == identity else r for r in record.rules)
        return replace(record, rules=tuple(rules))
    return replace(record, tags=retag(EC2_TYPES[type(record)], record.tags))


def _all_tags(ctx: Context) -> Iterator[Tagged]:
    world = ctx.store.world
    for kind, word in EC2_TYPES.items():
        for record in all_in_scope(world, kind, ctx.scope):
            yield from (Tagged(record.id, word, *tag) for tag in record.tags.items())
    for group in all_in_scope(world, SecurityGroup, ctx.scope):
        for rule in group.rules:
            yield from (Tagged(rule.id, _RULE_TYPE, *tag) for tag in rule.tags.items())
    for peering in world.vpc_peerings.each("scope", scope_key(ctx.scope)):
        tags = tags_of(peering, ctx.scope).items()
        yield from (Tagged(peering.id, _PEERING_TYPE, *tag) for tag in tags)


_KIND = DescribedKind[Tagged](
    "tags",
    lambda tag: f"{tag.resource}/{tag.key}",
    MappingProxyType(
        {
            "key": lambda tag: (tag.key,),
            "value": lambda tag: (tag.value,),
            "resource-id": lambda tag: (tag.resource,),
            "resource-type": lambda tag: (tag.kind,),
        }
    ),
    ResourceNotFound,
    lambda tag: {tag.key: tag.value},
)
