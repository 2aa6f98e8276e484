"""The resource types of CloudWatch Logs beside groups and streams.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_Logs.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from moyai.stacks.types.calls import Read
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import both, ids, prop

_NOT_FOUND = frozenset({"ResourceNotFoundException"})


def logs_rows() -> Iterator[StackResourceType]:
    """Further rows of the service ``logs``."""
    yield _metric_filter()
    yield _subscription_filter()
    yield _resource_policy()
    yield _query_definition()


def _with_dimensions(values: dict[str, Any]) -> dict[str, Any]:
    """The properties with dimensions as the API has them: a map."""
    transformations = [_transformation(each) for each in values["MetricTransformations"]]
    return {**values, "MetricTransformations": transformations}


def _transformation(transformation: Mapping[str, Any]) -> dict[str, Any]:
    dimensions = transformation.get("Dimensions")
    if not isinstance(dimensions, list):
        return dict(transformation)
    return {**transformation, "Dimensions": {each["Key"]: each["Value"] for each in dimensions}}


def _metric_filter() -> StackResourceType:
    read = Read(
        "DescribeMetricFilters",
        both(prop("logGroupName", "LogGroupName"), ids("filterNamePrefix")),
        "metricFilters[?filterName=='$id'] | [0]",
    )
    return StackResourceType(
        "AWS::Logs::MetricFilter",
        "logs",
        "PutMetricFilter",
        "FilterName",
        "DeleteMetricFilter",
        both(prop("logGroupName", "LogGroupName"), ids("filterName")),
        drawn="FilterName",
        unique_within=frozenset({"LogGroupName"}),
        longest_name=512,
        arrange=_with_dimensions,
        taken=lambda _: read,
        read=read,
        update="PutMetricFilter",
        missing=_NOT_FOUND,
    )


def _subscription_filter() -> StackResourceType:
    read = Read(
        "DescribeSubscriptionFilters",
        both(prop("logGroupName", "LogGroupName"), ids("filterNamePrefix")),
        "subscriptionFilters[?filterName=='$id'] | [0]",
    )
    return StackResourceType(
        "AWS::Logs::SubscriptionFilter",
        "logs",
        "PutSubscriptionFilter",
        "FilterName",
        "DeleteSubscriptionFilter",
        both(prop("logGroupName", "LogGroupName"), ids("filterName")),
        drawn="FilterName",
        unique_within=frozenset({"LogGroupName"}),
        longest_name=512,
        taken=lambda _: read,
        read=read,
        update="PutSubscriptionFilter",
        missing=_NOT_FOUND,
    )


def _resource_policy() -> StackResourceType:
    read = Read("DescribeResourcePolicies", lambda _: {}, "resourcePolicies[?policyName=='$id'] | [0]")
    return StackResourceType(
        "AWS::Logs::ResourcePolicy",
        "logs",
        "PutResourcePolicy",
        "PolicyName",
        "DeleteResourcePolicy",
        ids("policyName"),
        taken=lambda _: read,
        read=read,
        update="PutResourcePolicy",
        update_by=ids("policyName"),
        missing=_NOT_FOUND,
    )


def _query_definition() -> StackResourceType:
    return StackResourceType(
        "AWS::Logs::QueryDefinition",
        "logs",
        "PutQueryDefinition",
        "queryDefinitionId",
        "DeleteQueryDefinition",
        ids("queryDefinitionId"),
        idempotency_member="clientToken",
        read=Read("DescribeQueryDefinitions", lambda _: {}, "queryDefinitions[?queryDefinitionId=='$id'] | [0]"),
        update="PutQueryDefinition",
        missing=_NOT_FOUND,
    )
