"""Log groups: create, describe, delete, and their retention and deletion protection.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html,
API_DescribeLogGroups.html, API_PutRetentionPolicy.html
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec.structs import replace

from moyai.api.logs.lookup import MOST, group_named, group_of, page_of, raise_unavailable, tag_rules
from moyai.api.operation import Context
from moyai.api.tagging import checked_tags
from moyai.domain.keys import scope_key
from moyai.domain.logs.errors import InvalidParameter, LogsValidation, ResourceAlreadyExists
from moyai.domain.logs.event import RETENTION_DAYS, milliseconds
from moyai.domain.logs.group import ID_DIGITS, STANDARD, LogGroup, LogStream, group_arn
from moyai.domain.logs.metric_filter import MetricFilter
from moyai.domain.logs.subscription_filter import SubscriptionFilter
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import LogGroupId
from moyai.ports.logs import LogStore

_RESERVED = "aws/"


class CreateLogGroupRequest(msgspec.Struct, frozen=True):
    log_group_name: str
    tags: Mapping[str, str] = {}
    log_group_class: str = STANDARD
    deletion_protection_enabled: bool = False
    kms_key_id: str | None = None


class GroupRequest(msgspec.Struct, frozen=True):
    """A log group, by name."""

    log_group_name: str


class DescribeLogGroupsRequest(msgspec.Struct, frozen=True):
    """Groups by the start of their names, by a part of them, or by their ARNs."""

    log_group_name_prefix: str | None = None
    log_group_name_pattern: str | None = None
    next_token: str | None = None
    limit: int = MOST
    log_group_class: str | None = None
    log_group_identifiers: tuple[str, ...] = ()


class PutRetentionPolicyRequest(msgspec.Struct, frozen=True):
    """The number of days that a group keeps events."""

    log_group_name: str
    retention_in_days: int


class DeletionProtectionRequest(msgspec.Struct, frozen=True):
    """Whether a group can be deleted."""

    log_group_identifier: str
    deletion_protection_enabled: bool


def create_log_group(ctx: Context, request: CreateLogGroupRequest) -> None:
    """Create a log group."""
    name = request.log_group_name
    if name.lower().startswith(_RESERVED):
        raise InvalidParameter("Log groups starting with AWS/ are reserved for AWS.")
    if request.log_group_class != STANDARD:
        raise InvalidParameter(f"logGroupClass: {request.log_group_class} is not supported by moyai: use {STANDARD}.")
    arn = group_arn(ctx.scope, name)
    if arn in ctx.store.world.log_groups:
        raise ResourceAlreadyExists("The specified log group already exists")
    group = LogGroup(
        arn=arn,
        id=LogGroupId(ctx.ids.hex(ID_DIGITS)),
        name=name,
        created_at=ctx.now,
        deletion_protected=request.deletion_protection_enabled,
        tags=checked_tags(tag_rules(arn), request.tags),
        kms_key_id=request.kms_key_id,
    )
    ctx.store.apply([Put(group)])


def delete_log_group(ctx: Context, request: GroupRequest) -> None:
    """Delete a group with its filters, its streams and their events."""
    group = group_named(ctx, request.log_group_name)
    if group.deletion_protected:
        raise LogsValidation(
            "The log group has deletion protection enabled. Disable it before you delete the log group."
        )
    world = ctx.store.world
    parts: list[LogStream | MetricFilter | SubscriptionFilter] = [
        *world.log_streams.by("group", group.arn),
        *world.metric_filters.by("group", group.arn),
        *world.subscription_filters.by("group", group.arn),
    ]
    ctx.store.apply([*(Delete(type(part), part.key) for part in parts), Delete(LogGroup, group.key)])


@raise_unavailable
async def describe_log_groups(logs: LogStore, ctx: Context, request: DescribeLogGroupsRequest) -> dict[str, object]:
    """Groups in the order of their names."""
    groups_by_name = {group.name: group for group in _requested_groups(ctx, request)}
    filters = replace(request, next_token=None, limit=MOST)
    page = page_of(groups_by_name, ("DescribeLogGroups", filters), request.next_token, request.limit)
    groups = [groups_by_name[name] for name in page.keys]
    sizes = await logs.sizes([group.id for group in groups])
    filters_of = ctx.store.world.metric_filters
    views = [_view(group, sizes.get(group.id, 0), filters_of.count("group", group.arn)) for group in groups]
    return {"log_groups": views, "next_token": page.next_token}


def put_retention_policy(ctx: Context, request: PutRetentionPolicyRequest) -> None:
    """Keep a group's events for so many days."""
    days = request.retention_in_days
    if days not in RETENTION_DAYS:
        raise InvalidParameter(
            f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint:"
            f" Member must satisfy enum value set: [{', '.join(map(str, RETENTION_DAYS))}]"
        )
    ctx.store.apply([Put(replace(group_named(ctx, request.log_group_name), retention_days=days))])


def delete_retention_policy(ctx: Context, request: GroupRequest) -> None:
    """Keep a group's events for ever."""
    ctx.store.apply([Put(replace(group_named(ctx, request.log_group_name), retention_days=None))])


def put_log_group_deletion_protection(ctx: Context, request: DeletionProtectionRequest) -> None:
    """Protect a group from deletion, or no longer."""
    group = group_of(ctx, None, request.log_group_identifier)
    ctx.store.apply([Put(replace(group, deletion_protected=request.deletion_protection_enabled))])


def _requested_groups(ctx: Context, request: DescribeLogGroupsRequest) -> list[LogGroup]:
    prefix, part = request.log_group_name_prefix, request.log_group_name_pattern
    if sum((prefix is not None, bool(part), bool(request.log_group_identifiers))) > 1:
        raise InvalidParameter(
            "Only one of logGroupNamePrefix, logGroupNamePattern and logGroupIdentifiers can be specified."
        )
    if request.log_group_identifiers:
        groups = [group_of(ctx, None, log_group_identifier) for log_group_identifier in request.log_group_identifiers]
    else:
        groups = list(ctx.store.world.log_groups.by("scope", scope_key(ctx.scope)))
    folded_part = (part or "").lower()
    return [
        group
        for group in groups
        if group.name.startswith(prefix or "")
        and folded_part in group.name.lower()
        and request.log_group_class in {None, group.log_group_class}
    ]


def _view(group: LogGroup, size: int, metric_filters: int) -> dict[str, object]:
    return {
        "log_group_name": group.name,
        "creation_time": milliseconds(group.created_at),
        "retention_in_days": group.retention_days,
        "metric_filter_count": metric_filters,
        "kms_key_id": group.kms_key_id,
        "arn": f"{group.arn}:*",
        "stored_bytes": size,
        "log_group_class": group.log_group_class,
        "log_group_arn": group.arn,
        "deletion_protection_enabled": group.deletion_protected,
    }
