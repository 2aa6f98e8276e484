"""Tags of load balancers, target groups, listeners and rules.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AddTags.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.elbv2.lookup import LISTENER, LOAD_BALANCER, RULE, TARGET_GROUP, resource_of
from moyai.api.operation import Context
from moyai.api.tagging import Tag, checked_tags, tag_list
from moyai.domain.elb.errors import DuplicateTagKeys, TooManyTags
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.elb.rule import Listener, Rule
from moyai.domain.elb.target_group import TargetGroup
from moyai.domain.tagging import TagRules, without
from moyai.domain.world import Put
from moyai.kernel.arn import parse_arn
from moyai.kernel.errors import ClientFault, InvalidInput

Tagged = LoadBalancer | TargetGroup | Listener | Rule
_MAX_RESOURCES: Final = 20


class AddTagsRequest(msgspec.Struct, frozen=True):
    resource_arns: tuple[str, ...]
    tags: tuple[Tag, ...]


class RemoveTagsRequest(msgspec.Struct, frozen=True):
    resource_arns: tuple[str, ...]
    tag_keys: tuple[str, ...]


class DescribeTagsRequest(msgspec.Struct, frozen=True):
    resource_arns: tuple[str, ...]


def new_tags(
    kind: str,
    tags: Iterable[Tag],
    present: Mapping[str, str] = MappingProxyType({}),
    duplicate: type[ClientFault] = InvalidInput,
) -> dict[str, str]:
    """The tags of a resource of this kind, added to those that are present. Raises InvalidInput, TooManyTags, or
    ``duplicate`` for a key that occurs twice.
    """
    pairs = [(tag.key, tag.value) for tag in tags]
    if len({key for key, _ in pairs}) < len(pairs):
        raise duplicate("A tag key was specified more than once")
    return checked_tags(TagRules(kind, InvalidInput, TooManyTags), dict(pairs), present)


def add_tags(ctx: Context, request: AddTagsRequest) -> None:
    """Add tags to resources, to all of them or to none."""
    records = _resources(ctx, request.resource_arns)
    ctx.store.apply(
        [Put(replace(r, tags=new_tags(_kind(r.arn), request.tags, r.tags, DuplicateTagKeys))) for r in records]
    )


def remove_tags(ctx: Context, request: RemoveTagsRequest) -> None:
    """Remove tags from resources, by key."""
    records = _resources(ctx, request.resource_arns)
    ctx.store.apply([Put(replace(r, tags=without(r.tags, request.tag_keys))) for r in records])


def describe_tags(ctx: Context, request: DescribeTagsRequest) -> dict[str, object]:
    """The tags of up to 20 resources."""
    if len(request.resource_arns) > _MAX_RESOURCES:
        raise InvalidInput(f"The tags of at most {_MAX_RESOURCES} resources can be described at a time")
    return {
        "tag_descriptions": [
            {"resource_arn": record.arn, "tags": tag_list(record.tags)}
            for record in _resources(ctx, request.resource_arns)
        ]
    }


def _resources(ctx: Context, arns: tuple[str, ...]) -> list[Tagged]:
    return [_resource(ctx, arn) for arn in dict.fromkeys(arns)]


def _resource(ctx: Context, arn: str) -> Tagged:
    match _kind(arn):
        case LOAD_BALANCER.prefix:
            return resource_of(ctx, LOAD_BALANCER, arn)
        case TARGET_GROUP.prefix:
            return resource_of(ctx, TARGET_GROUP, arn)
        case LISTENER.prefix:
            return resource_of(ctx, LISTENER, arn)
        case RULE.prefix:
            return resource_of(ctx, RULE, arn)
        case _:
            raise InvalidInput(f"'{arn[:300]}' is not a valid ARN of a load balancer, target group, listener or rule")


def _kind(arn: str) -> str:
    parsed = parse_arn(arn)
    return "" if parsed is None else parsed.kind
