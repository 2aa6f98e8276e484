"""Subscription filters: create, describe, delete.

Promise: the events of a group that match a filter are sent to its destination as they are stored
(``telemetry/log_deliveries.py``, ``reconcile/log_subscriptions.py``).
Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutSubscriptionFilter.html
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Final

import msgspec

from moyai.api.logs.lookup import MOST, group_named, page_of
from moyai.api.operation import Context
from moyai.domain.logs.errors import InvalidParameter, LimitExceeded, ResourceNotFound
from moyai.domain.logs.event import milliseconds
from moyai.domain.logs.subscription_filter import BY_LOG_STREAM, SubscriptionFilter, subscription_filter_key
from moyai.domain.world import Delete, Put
from moyai.expressions.log_filter.pattern import compile_filter_pattern
from moyai.kernel.arn import parse_arn

_MOST_FILTERS: Final = 2
_FUNCTION: Final = "lambda"
_DESTINATION: Final = MappingProxyType(
    {
        _FUNCTION: re.compile(r"function:[A-Za-z0-9_-]{1,140}(:[A-Za-z0-9$_-]{1,128})?"),
        "kinesis": re.compile(r"stream/[A-Za-z0-9_.-]{1,128}"),
        "firehose": re.compile(r"deliverystream/[A-Za-z0-9_.-]{1,64}"),
    }
)
"""The part of a destination's ARN after the account, by its service."""
_RESOURCE_FORMS: Final = MappingProxyType(
    {_FUNCTION: "function:NAME", "kinesis": "stream/NAME", "firehose": "deliverystream/NAME"}
)


class PutSubscriptionFilterRequest(msgspec.Struct, frozen=True):
    """A subscription filter, in full."""

    log_group_name: str
    filter_name: str
    filter_pattern: str
    destination_arn: str
    role_arn: str | None = None
    distribution: str = BY_LOG_STREAM


class SubscriptionFilterRequest(msgspec.Struct, frozen=True):
    """The subscription filter to delete."""

    log_group_name: str
    filter_name: str


class DescribeSubscriptionFiltersRequest(msgspec.Struct, frozen=True):
    """Subscription filters of a group."""

    log_group_name: str
    filter_name_prefix: str | None = None
    next_token: str | None = None
    limit: int = MOST


def put_subscription_filter(ctx: Context, request: PutSubscriptionFilterRequest) -> None:
    """Create or replace a subscription filter."""
    group = group_named(ctx, request.log_group_name)
    compile_filter_pattern(request.filter_pattern)
    _check_destination(ctx, request)
    filters = ctx.store.world.subscription_filters
    former = filters.get(subscription_filter_key(group.arn, request.filter_name))
    if former is None and filters.count("group", group.arn) >= _MOST_FILTERS:
        raise LimitExceeded(f"Resource limit exceeded: a log group can have {_MOST_FILTERS} subscription filters.")
    created_at = ctx.now if former is None else former.created_at
    subscription_filter = SubscriptionFilter(
        group.arn,
        request.filter_name,
        request.filter_pattern,
        request.destination_arn,
        created_at,
        request.role_arn,
        request.distribution,
    )
    ctx.store.apply([Put(subscription_filter)])


def describe_subscription_filters(ctx: Context, request: DescribeSubscriptionFiltersRequest) -> dict[str, object]:
    """Subscription filters in the order of their names."""
    group = group_named(ctx, request.log_group_name)
    filters = {
        subscription_filter.name: subscription_filter
        for subscription_filter in ctx.store.world.subscription_filters.by("group", group.arn)
        if subscription_filter.name.startswith(request.filter_name_prefix or "")
    }
    listing = ("DescribeSubscriptionFilters", request.log_group_name, request.filter_name_prefix)
    page = page_of(filters, listing, request.next_token, request.limit)
    views = [_view(filters[name], request.log_group_name) for name in page.keys]
    return {"subscription_filters": views, "next_token": page.next_token}


def delete_subscription_filter(ctx: Context, request: SubscriptionFilterRequest) -> None:
    """Delete a subscription filter. Events that wait to be delivered are delivered."""
    key = subscription_filter_key(group_named(ctx, request.log_group_name).arn, request.filter_name)
    if key not in ctx.store.world.subscription_filters:
        raise ResourceNotFound("The specified subscription filter does not exist.")
    ctx.store.apply([Delete(SubscriptionFilter, key)])


def _check_destination(ctx: Context, request: PutSubscriptionFilterRequest) -> None:
    destination = parse_arn(request.destination_arn)
    resource = None if destination is None else _DESTINATION.get(destination.service)
    if destination is None or resource is None:
        raise InvalidParameter(
            "destinationArn must be the ARN of a Lambda function, a Kinesis stream or a Firehose stream:"
            " moyai has no destinations of other accounts."
        )
    if not resource.fullmatch(destination.resource):
        raise InvalidParameter(f"destinationArn must end with {_RESOURCE_FORMS[destination.service]}.")
    if destination.scope != ctx.scope:
        raise InvalidParameter("destinationArn must be in the log group's account and region.")
    if destination.service == _FUNCTION and request.role_arn is not None:
        raise InvalidParameter("destinationArn for vendor lambda cannot be used with roleArn")
    if destination.service != _FUNCTION and request.role_arn is None:
        raise InvalidParameter(f"destinationArn for vendor {destination.service} cannot be used without roleArn")


def _view(subscription_filter: SubscriptionFilter, group_name: str) -> dict[str, object]:
    return {
        "filter_name": subscription_filter.name,
        "log_group_name": group_name,
        "filter_pattern": subscription_filter.pattern,
        "destination_arn": subscription_filter.destination,
        "role_arn": subscription_filter.role,
        "distribution": subscription_filter.distribution,
        "creation_time": milliseconds(subscription_filter.created_at),
    }
