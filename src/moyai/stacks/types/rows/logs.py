"""The resource types of CloudWatch Logs other than groups and streams.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_Logs.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from moyai.stacks.types.calls import Read
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import both, ids, prop

_NOT_FOUND = frozenset({"ResourceNotFoundException"})


def logs_rows() -> Iterator[StackResourceType]:
    """Further rows of the service ``logs``."""
    yield _metric_filter()
    yield _filter("SubscriptionFilter", "subscriptionFilters")
    yield _resource_policy()
    yield _query_definition()


def _with_dimensions(values: dict[str, Any]) -> dict[str, Any]:
    """The input with dimensions in the API's form: a map."""
    transformations = [_transformation(each) for each in values["MetricTransformations"]]
    return {**values, "MetricTransformations": transformations}


def _transformation(transformation: Mapping[str, Any]) -> dict[str, Any]:
    dimensions = transformation.get("Dimensions")
    if not isinstance(dimensions, list):
        return dict(transformation)
    return {**transformation, "Dimensions": {each["Key"]: each["Value"] for each in dimensions}}


def _metric_filter() -> StackResourceType:
    return replace(_filter("MetricFilter", "metricFilters"), arrange=_with_dimensions)


def _filter(kind: str, output_member: str) -> StackResourceType:
    """A filter of a log group, which Put creates and updates. ``output_member``: the list in Describe's output."""
    read = Read(
        f"Describe{kind}s",
        both(prop("logGroupName", "LogGroupName"), ids("filterNamePrefix")),
        f"{output_member}[?filterName=='$id'] | [0]",
    )
    return StackResourceType(
        f"AWS::Logs::{kind}",
        "logs",
        f"Put{kind}",
        "FilterName",
        f"Delete{kind}",
        both(prop("logGroupName", "LogGroupName"), ids("filterName")),
        name_property="FilterName",
        unique_within=frozenset({"LogGroupName"}),
        longest_name=512,
        read_existing=lambda _: read,
        read=read,
        update=f"Put{kind}",
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
        read_existing=lambda _: read,
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
