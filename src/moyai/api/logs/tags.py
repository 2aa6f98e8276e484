"""Tags of log groups.

Refuses: more than 50 tags, keys that begin with ``aws:``, tags of anything but groups.
Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TagResource.html, API_TagLogGroup.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import msgspec
from msgspec.structs import replace

from moyai.api.logs.lookup import group_by_arn, group_named
from moyai.api.operation import Context
from moyai.api.tag_requests import ListTagsForResourceRequest, TagResourceRequest, UntagResourceRequest
from moyai.domain.logs.errors import InvalidParameter, TooManyTags
from moyai.domain.logs.group import LogGroup
from moyai.domain.tagging import TagRules, without
from moyai.domain.world import Put
from moyai.kernel.ids import LogGroupArn


class TagLogGroupRequest(msgspec.Struct, frozen=True):
    """As TagResource, by name."""

    log_group_name: str
    tags: Mapping[str, str]


class UntagLogGroupRequest(msgspec.Struct, frozen=True):
    """As UntagResource, by name."""

    log_group_name: str
    tags: tuple[str, ...]


class ListTagsLogGroupRequest(msgspec.Struct, frozen=True):
    """As ListTagsForResource, by name."""

    log_group_name: str


def rules_of(arn: LogGroupArn) -> TagRules:
    """How tags of this group are refused."""
    return TagRules("log-group", InvalidParameter, partial(TooManyTags, detail={"resource_name": arn}))


def tag_resource(ctx: Context, request: TagResourceRequest) -> None:
    """Tag a group."""
    _tag(ctx, group_by_arn(ctx, request.resource_arn), request.tags)


def untag_resource(ctx: Context, request: UntagResourceRequest) -> None:
    """Take tags from a group; keys it does not have are passed over."""
    _untag(ctx, group_by_arn(ctx, request.resource_arn), request.tag_keys)


def list_tags_for_resource(ctx: Context, request: ListTagsForResourceRequest) -> dict[str, object]:
    """A group's tags."""
    return {"tags": group_by_arn(ctx, request.resource_arn).tags}


def tag_log_group(ctx: Context, request: TagLogGroupRequest) -> None:
    """Tag a group."""
    _tag(ctx, group_named(ctx, request.log_group_name), request.tags)


def untag_log_group(ctx: Context, request: UntagLogGroupRequest) -> None:
    """Take tags from a group."""
    _untag(ctx, group_named(ctx, request.log_group_name), request.tags)


def list_tags_log_group(ctx: Context, request: ListTagsLogGroupRequest) -> dict[str, object]:
    """A group's tags."""
    return {"tags": group_named(ctx, request.log_group_name).tags}


def _tag(ctx: Context, group: LogGroup, tags: Mapping[str, str]) -> None:
    ctx.store.apply([Put(replace(group, tags=rules_of(group.arn).added(group.tags, tags)))])


def _untag(ctx: Context, group: LogGroup, keys: tuple[str, ...]) -> None:
    ctx.store.apply([Put(replace(group, tags=without(group.tags, keys)))])
