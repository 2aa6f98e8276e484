"""Finds the log groups and streams that a request names, pages lists, and encodes positions of events as tokens.

Promise: log groups of other accounts and regions do not exist for the caller. A token discloses nothing.
Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial, wraps
from typing import Final, ParamSpec, TypeVar

from moyai.api.operation import Context
from moyai.api.tagging import TagOperations
from moyai.domain.logs.errors import (
    NO_GROUP,
    NO_STREAM,
    InvalidParameter,
    ResourceNotFound,
    ServiceUnavailable,
    TooManyTags,
)
from moyai.domain.logs.group import LogGroup, LogStream, group_arn, stream_arn
from moyai.domain.paging import Page, page
from moyai.domain.tagging import TagRules
from moyai.kernel.arn import parse_arn
from moyai.kernel.ids import LogGroupArn
from moyai.ports.logs import EventPosition, LogStoreFault

FORWARD: Final = "f"
BACKWARD: Final = "b"
_TOKEN: Final = re.compile(r"([fb])/(-?[0-9]{1,18})\.(-?[0-9]{1,18})")
MOST: Final = 50
"""Groups or streams on a page."""
_P = ParamSpec("_P")
_T = TypeVar("_T")


def group_named(ctx: Context, name: str) -> LogGroup:
    """The caller's group of this name. Raises ResourceNotFound."""
    return _existing_group(ctx.store.world.log_groups.get(group_arn(ctx.scope, name)))


def group_of(ctx: Context, name: str | None, identifier: str | None) -> LogGroup:
    """The caller's group. ``identifier``: a name or an ARN. Raises InvalidParameter, ResourceNotFound."""
    if (name is None) == (identifier is None):
        raise InvalidParameter("Exactly one of logGroupName and logGroupIdentifier must be specified.")
    name_or_arn = name or identifier or ""
    by_arn = name is None and name_or_arn.startswith("arn:")
    return group_by_arn(ctx, name_or_arn) if by_arn else group_named(ctx, name_or_arn)


def group_by_arn(ctx: Context, arn: str) -> LogGroup:
    """The caller's group with this ARN. Raises InvalidParameter, ResourceNotFound."""
    resource_arn = parse_arn(arn)
    if resource_arn is None or resource_arn.service != "logs" or not resource_arn.resource.startswith("log-group:"):
        raise InvalidParameter(f"The ARN {arn[:200]} is not valid: it must be that of a log group.")
    log_group = ctx.store.world.log_groups.get(arn)
    return _existing_group(log_group if resource_arn.scope == ctx.scope else None)


def stream_named(ctx: Context, group: LogGroup, name: str) -> LogStream:
    """The group's stream of this name. Raises ResourceNotFound."""
    log_stream = ctx.store.world.log_streams.get(stream_arn(group.arn, name))
    if log_stream is None:
        raise ResourceNotFound(NO_STREAM)
    return log_stream


def invalid_token() -> InvalidParameter:
    """The error for a token that is not of this list."""
    return InvalidParameter("The specified nextToken is invalid.")


def page_of(keys: Iterable[str], listing: object, token: str | None, limit: int, *, descending: bool = False) -> Page:
    """A page of the keys in their order. Raises InvalidParameter."""
    return page(keys, listing, token, limit, fault=lambda _: invalid_token(), descending=descending)


def _existing_group(group: LogGroup | None) -> LogGroup:
    if group is None:
        raise ResourceNotFound(NO_GROUP)
    return group


def encode_token(direction: str, place: EventPosition) -> str:
    """The token for the events before or after a position."""
    return f"{direction}/{place.at}.{place.number}"


def decode_token(token: str) -> tuple[str, EventPosition]:
    """The direction and position of a token. Raises InvalidParameter."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise invalid_token()
    return match[1], EventPosition(int(match[2]), int(match[3]))


def tag_rules(arn: LogGroupArn) -> TagRules:
    """The tag rules of a group, whose errors name it."""
    return TagRules("log-group", InvalidParameter, partial(TooManyTags, detail={"resource_name": arn}))


def raise_unavailable(handler: Callable[_P, Awaitable[_T]]) -> Callable[_P, Awaitable[_T]]:
    """Decorate a handler that uses the log store: raise ServiceUnavailable where the store raises LogStoreFault."""

    @wraps(handler)
    async def handle(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return await handler(*args, **kwargs)
        except LogStoreFault as error:
            raise ServiceUnavailable(str(error)) from error

    return handle


def _rules_of_group(group: LogGroup) -> TagRules:
    return tag_rules(group.arn)


TAGS: Final = TagOperations(group_by_arn, _rules_of_group, tags=Mapping[str, str])
TAGS_BY_NAME: Final = TagOperations(
    group_named,
    _rules_of_group,
    names=("TagLogGroup", "UntagLogGroup", "ListTagsLogGroup"),
    resource=("log_group_name",),
    tags=Mapping[str, str],
    removed=("tags", tuple[str, ...]),
)
