"""Tags of VPCs and the resources in them.

Promise: several resources are tagged together or not at all. Each side of a peering connection has its own tags.
Refuses: tags of tasks' interfaces, which belong to ECS, and of resources that moyai does not have.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateTags.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from msgspec.structs import replace

from moyai.api.ec2.change import ChangeRequest, checked_tags, commit
from moyai.api.ec2.peerings import tags_of
from moyai.api.ec2.select import DescribedKind, PagedRequest, select
from moyai.api.operation import Context
from moyai.api.tagging import Tag
from moyai.domain.keys import scope_key
from moyai.domain.queries.vpc import VpcResource, all_in_scope, find_in_scope
from moyai.domain.tagging import without
from moyai.domain.vpc.errors import MissingParameter
from moyai.domain.vpc.gateway import ElasticAddress, InternetGateway, NatGateway
from moyai.domain.vpc.not_found import ResourceNotFound
from moyai.domain.vpc.peering import VpcPeering
from moyai.domain.vpc.route_table import RouteTable
from moyai.domain.vpc.security_group import SecurityGroup
from moyai.domain.vpc.vpc import Subnet, Vpc
from moyai.domain.world import Put
from moyai.kernel.scope import Scope

_KINDS: Final[Mapping[str, tuple[str, type[VpcResource]]]] = MappingProxyType(
    {
        "vpc": ("vpc", Vpc),
        "subnet": ("subnet", Subnet),
        "sg": ("security-group", SecurityGroup),
        "rtb": ("route-table", RouteTable),
        "igw": ("internet-gateway", InternetGateway),
        "nat": ("natgateway", NatGateway),
        "eipalloc": ("elastic-ip", ElasticAddress),
    }
)
"""The prefix of a resource's id, its EC2 resource type, and the type of its record."""
_RULE, _PEERING = "sgr-", "pcx-"

Tags = Mapping[str, str]
Retag = Callable[[Tags], Tags]


class CreateTagsRequest(ChangeRequest, frozen=True):
    """The resources, and the tags to add to each."""

    resources: tuple[str, ...]
    tags: tuple[Tag, ...] = ()


class UntaggedTag(Tag, frozen=True):
    """A tag to remove: with this value, or without one with any value."""

    value: str | None = None  # type: ignore[assignment]


class DeleteTagsRequest(ChangeRequest, frozen=True):
    """The resources, and the tags to remove from each; by default all."""

    resources: tuple[str, ...]
    tags: tuple[UntaggedTag, ...] = ()


class Tagged(NamedTuple):
    """A tag with the id and kind of its resource."""

    resource: str
    kind: str
    key: str
    value: str


def create_tags(ctx: Context, request: CreateTagsRequest) -> None:
    """Add tags, or replace their values."""
    if not request.tags:
        raise MissingParameter("The request must contain the parameter Tag.")
    _retag(ctx, request, request.resources, lambda had: checked_tags(request.tags, had))


def delete_tags(ctx: Context, request: DeleteTagsRequest) -> None:
    """Remove tags; unknown ones are ignored."""

    def remaining(had: Tags) -> Tags:
        keys = {tag.key for tag in request.tags if tag.value in {None, had.get(tag.key)}}
        return without(had, keys) if request.tags else {}

    _retag(ctx, request, request.resources, remaining)


def describe_tags(ctx: Context, request: PagedRequest) -> dict[str, object]:
    """A page of the tags of all resources of the account and region."""
    chosen = select(_KIND, _all(ctx), (), request)
    return {
        "tags": [
            {"resource_id": item.resource, "resource_type": item.kind, "key": item.key, "value": item.value}
            for item in chosen.items
        ],
        "next_token": chosen.next_token,
    }


def _retag(ctx: Context, request: ChangeRequest, resources: tuple[str, ...], retag: Retag) -> None:
    if not resources:
        raise MissingParameter("The request must contain the parameter resourceIdSet.")
    changed: dict[str, VpcResource | VpcPeering] = {}
    for identity in dict.fromkeys(resources):
        record = _tagged_record(ctx, identity)
        record = changed.get(record.id, record)
        changed[record.id] = _retagged(ctx, record, identity, retag)
    commit(ctx, request, *map(Put, changed.values()))


def _tagged_record(ctx: Context, identity: str) -> VpcResource | VpcPeering:
    """The record with a resource's tags: its own; a rule's are in its group. Raises ResourceNotFound."""
    world = ctx.store.world
    if identity.startswith(_PEERING):
        peering = world.vpc_peerings.get(identity)
        if peering is not None and ctx.scope in {side.scope for side in peering.sides}:
            return peering
    if identity.startswith(_RULE):
        groups = all_in_scope(world, SecurityGroup, ctx.scope)
        group = next((one for one in groups if any(rule.id == identity for rule in one.rules)), None)
        if group is not None:
            return group
    kind = _KINDS.get(identity.partition("-")[0])
    record = None if kind is None else find_in_scope(world, kind[1], ctx.scope, identity)
    if record is None:
        raise ResourceNotFound([identity])
    return record


def _retagged(ctx: Context, record: VpcResource | VpcPeering, identity: str, retag: Retag) -> VpcResource | VpcPeering:
    if isinstance(record, VpcPeering):
        return _with_tags(record, ctx.scope, retag)
    if isinstance(record, SecurityGroup) and identity.startswith(_RULE):
        rules = (replace(r, tags=retag(r.tags)) if r.id == identity else r for r in record.rules)
        return replace(record, rules=tuple(rules))
    return replace(record, tags=retag(record.tags))


def _with_tags(peering: VpcPeering, scope: Scope, retag: Retag) -> VpcPeering:
    tags = retag(tags_of(peering, scope))
    return replace(peering, tags=tags) if peering.requester.scope == scope else replace(peering, accepter_tags=tags)


def _all(ctx: Context) -> Iterator[Tagged]:
    world = ctx.store.world
    for word, kind in _KINDS.values():
        for record in all_in_scope(world, kind, ctx.scope):
            yield from (Tagged(record.id, word, *tag) for tag in record.tags.items())
    for group in all_in_scope(world, SecurityGroup, ctx.scope):
        for rule in group.rules:
            yield from (Tagged(rule.id, "security-group-rule", *tag) for tag in rule.tags.items())
    for peering in world.vpc_peerings.each("scope", scope_key(ctx.scope)):
        tags = tags_of(peering, ctx.scope).items()
        yield from (Tagged(peering.id, "vpc-peering-connection", *tag) for tag in tags)


_KIND = DescribedKind[Tagged](
    "tags",
    lambda one: f"{one.resource}/{one.key}",
    MappingProxyType(
        {
            "key": lambda t: (t.key,),
            "value": lambda t: (t.value,),
            "resource-id": lambda t: (t.resource,),
            "resource-type": lambda t: (t.kind,),
        }
    ),
    ResourceNotFound,
    lambda one: {one.key: one.value},
)
