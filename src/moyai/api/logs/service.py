"""The operations of Amazon CloudWatch Logs.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from types import MappingProxyType

from moyai.api.logs import get, groups, put, search, streams, tags
from moyai.api.operation import ApiService, Context, operations
from moyai.domain.logs.errors import InvalidParameter, ServiceUnavailable
from moyai.ports.logs import LogStore, LogStoreFault

_ONE_ACCOUNT = "there are no linked accounts; each sees its own groups"
_NO_MASKS = "no data is masked"
_REFUSED = MappingProxyType(
    {
        "CreateLogGroup.kmsKeyId": "there is no KMS; nothing is encrypted on disk",
        "DescribeLogGroups.accountIdentifiers": _ONE_ACCOUNT,
        "DescribeLogGroups.includeLinkedAccounts": _ONE_ACCOUNT,
        "PutLogEvents.entity": "there is no Application Signals to tell of entities",
        "GetLogEvents.unmask": _NO_MASKS,
        "FilterLogEvents.unmask": _NO_MASKS,
    }
)


def logs(store: LogStore) -> ApiService:
    """The service, with its events in this store."""

    def with_store(handle: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
        return _raise_unavailable(partial(handle, store))

    return ApiService(
        name="logs",
        input_fault=InvalidParameter,
        refused=_REFUSED,
        operations=operations(
            groups.create_log_group,
            groups.delete_log_group,
            with_store(groups.describe_log_groups),
            groups.put_retention_policy,
            groups.delete_retention_policy,
            groups.put_log_group_deletion_protection,
            streams.create_log_stream,
            streams.delete_log_stream,
            with_store(streams.describe_log_streams),
            with_store(put.put_log_events),
            with_store(get.get_log_events),
            with_store(search.filter_log_events),
            tags.TAGS.tag_resource,
            tags.TAGS.untag_resource,
            tags.TAGS.list_tags_for_resource,
            tags.tag_log_group,
            tags.untag_log_group,
            tags.list_tags_log_group,
        ),
    )


def _raise_unavailable(handle: Callable[..., Awaitable[object]]) -> Callable[..., Awaitable[object]]:
    """The handler, which raises ServiceUnavailable where ``handle`` raises LogStoreFault."""

    @wraps(handle)
    async def handle_or_raise(ctx: Context, request: object) -> object:
        try:
            return await handle(ctx, request)
        except LogStoreFault as error:
            raise ServiceUnavailable(str(error)) from error

    return handle_or_raise
