"""Tags of log groups.

Refuses: more than 50 tags, keys that begin with ``aws:``, and tags of anything but groups.
Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TagResource.html, API_TagLogGroup.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

import msgspec

from moyai.api.logs.lookup import group_by_arn, group_named
from moyai.api.operation import Context
from moyai.api.tagging import MapTagOperations, ResourceTags
from moyai.domain.logs.errors import InvalidParameter, TooManyTags
from moyai.domain.logs.group import LogGroup
from moyai.domain.tagging import TagRules
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


def tag_rules(arn: LogGroupArn) -> TagRules:
    """The tag rules of this group; their errors name it."""
    return TagRules("log-group", InvalidParameter, partial(TooManyTags, detail={"resource_name": arn}))


def tag_log_group(ctx: Context, request: TagLogGroupRequest) -> None:
    """Add tags, or replace their values."""
    _BY_NAME.add(ctx, request.log_group_name, request.tags)


def untag_log_group(ctx: Context, request: UntagLogGroupRequest) -> None:
    """Remove tags; keys that the group does not have are ignored."""
    _BY_NAME.remove(ctx, request.log_group_name, request.tags)


def list_tags_log_group(ctx: Context, request: ListTagsLogGroupRequest) -> dict[str, object]:
    """The tags of a group."""
    return {"tags": _BY_NAME.get(ctx, request.log_group_name)}


def _rules_of_group(group: LogGroup) -> TagRules:
    return tag_rules(group.arn)


TAGS: Final = MapTagOperations(group_by_arn, _rules_of_group)
_BY_NAME: Final = ResourceTags(group_named, _rules_of_group)
