"""CloudWatch Logs' operations, as the door is given them.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from functools import partial
from types import MappingProxyType
from typing import Any

from moyai.api.logs import get, groups, put, search, streams, tags
from moyai.api.logs.unavailable import guarded
from moyai.api.operation import Operation, Service, table
from moyai.api.tag_requests import ListTagsForResourceRequest, TagResourceRequest, UntagResourceRequest
from moyai.domain.logs.errors import InvalidParameter
from moyai.ports.logs import LogStore

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


def logs(store: LogStore) -> Service:
    """The service, with its events in this store."""

    def over(handle: Any) -> Any:  # noqa: ANN401 (each has a request of its own)
        return guarded(partial(handle, store))

    return Service(
        name="logs",
        input_fault=InvalidParameter,
        refused=_REFUSED,
        operations=table(
            [
                Operation("CreateLogGroup", groups.CreateLogGroupRequest, groups.create_log_group),
                Operation("DeleteLogGroup", groups.GroupRequest, groups.delete_log_group),
                Operation("DescribeLogGroups", groups.DescribeLogGroupsRequest, over(groups.describe_log_groups)),
                Operation("PutRetentionPolicy", groups.PutRetentionPolicyRequest, groups.put_retention_policy),
                Operation("DeleteRetentionPolicy", groups.GroupRequest, groups.delete_retention_policy),
                Operation(
                    "PutLogGroupDeletionProtection",
                    groups.DeletionProtectionRequest,
                    groups.put_log_group_deletion_protection,
                ),
                Operation("CreateLogStream", streams.StreamRequest, streams.create_log_stream),
                Operation("DeleteLogStream", streams.StreamRequest, streams.delete_log_stream),
                Operation("DescribeLogStreams", streams.DescribeLogStreamsRequest, over(streams.describe_log_streams)),
                Operation("PutLogEvents", put.PutLogEventsRequest, over(put.put_log_events)),
                Operation("GetLogEvents", get.GetLogEventsRequest, over(get.get_log_events)),
                Operation("FilterLogEvents", search.FilterLogEventsRequest, over(search.filter_log_events)),
                Operation("TagResource", TagResourceRequest, tags.tag_resource),
                Operation("UntagResource", UntagResourceRequest, tags.untag_resource),
                Operation("ListTagsForResource", ListTagsForResourceRequest, tags.list_tags_for_resource),
                Operation("TagLogGroup", tags.TagLogGroupRequest, tags.tag_log_group),
                Operation("UntagLogGroup", tags.UntagLogGroupRequest, tags.untag_log_group),
                Operation("ListTagsLogGroup", tags.ListTagsLogGroupRequest, tags.list_tags_log_group),
            ]
        ),
    )
