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
    query_definitions,
    resource_policies,
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
        "PutLogEvents.entity": "there is no Application Signals, which would use entities",
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

_QUERIES = "FilterLogEvents searches a group by a filter pattern, and metric filters count what matches."
_DESTINATIONS = (
    "A subscription filter gives events to a function of Lambda, or to a stream of Kinesis or Firehose, of the same "
    "account: PutSubscriptionFilter."
)
_DELIVERIES = "Containers send their output with the log driver awslogs, or with FireLens."
_INSTEAD = MappingProxyType(
    {
        **dict.fromkeys(
            ("DescribeQueries", "GetLogRecord", "GetQueryResults", "StartQuery", "StopQuery"),
            _QUERIES,
        ),
        **dict.fromkeys(
            ("DeleteDestination", "DescribeDestinations", "PutDestination", "PutDestinationPolicy"), _DESTINATIONS
        ),
        **dict.fromkeys(("CreateDelivery", "PutDeliveryDestination", "PutDeliverySource"), _DELIVERIES),
        "CreateExportTask": "Read the events with FilterLogEvents or `aws logs tail`, and put them into S3.",
        "PutDataProtectionPolicy": "Nothing is masked: keep what is sensitive out of the logs.",
        "StartLiveTail": "`aws logs tail --follow` and `moyai logs --follow` show events as they come.",
    }
)


def logs(store: LogStore) -> ApiService:
    """The service, with its events in this store."""
    return ApiService(
        name="logs",
        input_fault=InvalidParameter,
        refused=_REFUSED,
        instead=_INSTEAD,
        operations=operations(
            *(encryption, get, groups, metric_filters, put, query_definitions, search, streams, resource_policies),
            subscription_filters,
            *TAGS.operations(),
            *TAGS_BY_NAME.operations(),
            logs=store,
        ),
    )
