"""The operations of Amazon CloudWatch Logs.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from types import MappingProxyType

from moyai.api.logs import (
    encryption,
    get,
    groups,
    metric_filters,
    put,
    resource_policies,
    saved_queries,
    search,
    streams,
    subscription_filters,
)
from moyai.api.logs.lookup import TAGS, TAGS_BY_NAME
from moyai.api.operation import ApiService, operations
from moyai.domain.logs.errors import InvalidParameter
from moyai.ports.logs import LogStore

_ONE_ACCOUNT = "there are no linked accounts; each sees its own groups"
_NO_TRANSFORMERS = "logs are not transformed"
_ACCOUNT_POLICIES = "resource policies are those of an account"
_NO_MASKS = "no data is masked"
_REFUSED = MappingProxyType(
    {
        "DescribeLogGroups.accountIdentifiers": _ONE_ACCOUNT,
        "DescribeLogGroups.includeLinkedAccounts": _ONE_ACCOUNT,
        "PutLogEvents.entity": "there is no Application Signals to tell of entities",
        "GetLogEvents.unmask": _NO_MASKS,
        "FilterLogEvents.unmask": _NO_MASKS,
        "PutMetricFilter.applyOnTransformedLogs": _NO_TRANSFORMERS,
        "PutMetricFilter.fieldSelectionCriteria": _ONE_ACCOUNT,
        "PutMetricFilter.emitSystemFieldDimensions": _ONE_ACCOUNT,
        "PutSubscriptionFilter.applyOnTransformedLogs": _NO_TRANSFORMERS,
        "PutSubscriptionFilter.fieldSelectionCriteria": _ONE_ACCOUNT,
        "PutSubscriptionFilter.emitSystemFields": _ONE_ACCOUNT,
        "PutResourcePolicy.resourceArn": _ACCOUNT_POLICIES,
        "PutResourcePolicy.expectedRevisionId": _ACCOUNT_POLICIES,
        "DescribeResourcePolicies.resourceArn": _ACCOUNT_POLICIES,
        "DeleteResourcePolicy.resourceArn": _ACCOUNT_POLICIES,
        "DeleteResourcePolicy.expectedRevisionId": _ACCOUNT_POLICIES,
        "PutQueryDefinition.parameters": "queries are saved and not run",
    }
)


def logs(store: LogStore) -> ApiService:
    """The service, with its events in this store."""
    return ApiService(
        name="logs",
        input_fault=InvalidParameter,
        refused=_REFUSED,
        operations=operations(
            *(encryption, get, groups, metric_filters, put, saved_queries, search, streams, resource_policies),
            subscription_filters,
            *TAGS.operations(),
            *TAGS_BY_NAME.operations(),
            logs=store,
        ),
    )
