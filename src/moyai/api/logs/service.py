"""The operations of Amazon CloudWatch Logs.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType

from moyai.api.logs import get, groups, put, search, streams
from moyai.api.logs.lookup import TAGS, TAGS_BY_NAME
from moyai.api.operation import ApiService, operations
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


def logs(store: LogStore) -> ApiService:
    """The service, with its events in this store."""
    return ApiService(
        name="logs",
        input_fault=InvalidParameter,
        refused=_REFUSED,
        operations=operations(
            get, groups, put, search, streams, *TAGS.operations(), *TAGS_BY_NAME.operations(), logs=store
        ),
    )
