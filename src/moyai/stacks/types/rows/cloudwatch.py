"""The resource types of Amazon CloudWatch and CloudWatch Logs.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_CloudWatch.html and AWS_Logs.html there
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from moyai.stacks.types.calls import Follow, Read
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import always, both, id_list, ids, prop
from moyai.stacks.types.tags import arn_tags, map_tags

_BY_ARN: Final = arn_tags(lambda resource: {"ResourceARN": resource.attributes["Arn"]})
_NOT_FOUND: Final = frozenset({"DashboardNotFoundError", "ResourceNotFound"})
_GROUP: Final = ids("logGroupName")


def cloudwatch_rows() -> Iterator[StackResourceType]:
    """The rows of the services ``cloudwatch`` and ``logs``."""
    yield _alarm()
    yield _composite_alarm()
    yield _dashboard()
    yield _log_group()
    yield _log_stream()


def _alarm_of_name(_: ResourceContext) -> Read:
    """Finds an alarm of either kind by its name, because both kinds share one set of names."""
    return Read(
        "DescribeAlarms",
        lambda resource: {"AlarmNames": [resource.id], "AlarmTypes": ["MetricAlarm", "CompositeAlarm"]},
        "[MetricAlarms, CompositeAlarms][] | [0]",
    )


def _alarm() -> StackResourceType:
    return StackResourceType(
        "AWS::CloudWatch::Alarm",
        "cloudwatch",
        "PutMetricAlarm",
        "AlarmName",
        "DeleteAlarms",
        id_list("AlarmNames"),
        name_property="AlarmName",
        tagging=_BY_ARN,
        read_existing=_alarm_of_name,
        read=Read("DescribeAlarms", id_list("AlarmNames"), "MetricAlarms[0]"),
        attributes={"Arn": "AlarmArn"},
        update="PutMetricAlarm",
        update_by=ids("AlarmName"),
        missing=_NOT_FOUND,
    )


def _composite_alarm() -> StackResourceType:
    return StackResourceType(
        "AWS::CloudWatch::CompositeAlarm",
        "cloudwatch",
        "PutCompositeAlarm",
        "AlarmName",
        "DeleteAlarms",
        id_list("AlarmNames"),
        name_property="AlarmName",
        tagging=_BY_ARN,
        read_existing=_alarm_of_name,
        read=Read(
            "DescribeAlarms",
            lambda resource: {"AlarmNames": [resource.id], "AlarmTypes": ["CompositeAlarm"]},
            "CompositeAlarms[0]",
        ),
        attributes={"Arn": "AlarmArn"},
        update="PutCompositeAlarm",
        update_by=ids("AlarmName"),
        missing=_NOT_FOUND,
    )


def _dashboard() -> StackResourceType:
    return StackResourceType(
        "AWS::CloudWatch::Dashboard",
        "cloudwatch",
        "PutDashboard",
        "DashboardName",
        "DeleteDashboards",
        id_list("DashboardNames"),
        name_property="DashboardName",
        read_existing=lambda _: Read("GetDashboard", ids("DashboardName")),
        read=Read("GetDashboard", ids("DashboardName")),
        update="PutDashboard",
        update_by=ids("DashboardName"),
        missing=_NOT_FOUND | {"InvalidParameterValue"},  # the error of DeleteDashboards
    )


def _log_group() -> StackResourceType:
    return StackResourceType(
        "AWS::Logs::LogGroup",
        "logs",
        "CreateLogGroup",
        "LogGroupName",
        "DeleteLogGroup",
        _GROUP,
        name_property="LogGroupName",
        longest_name=512,
        tagging=map_tags(lambda resource: {"resourceArn": resource.attributes["Arn"].removesuffix(":*")}),
        follow={
            "RetentionInDays": Follow(
                "PutRetentionPolicy",
                both(_GROUP, prop("retentionInDays", "RetentionInDays")),
                reset="DeleteRetentionPolicy",
            ),
            "DeletionProtectionEnabled": Follow(
                "PutLogGroupDeletionProtection",
                lambda resource: {
                    "logGroupIdentifier": resource.id,
                    "deletionProtectionEnabled": resource.properties["DeletionProtectionEnabled"],
                },
                at_creation=False,
                default=always(value=False),
            ),
        },
        read=Read("DescribeLogGroups", ids("logGroupNamePrefix"), "logGroups[?logGroupName=='$id'] | [0]"),
        missing=frozenset({"ResourceNotFoundException"}),
    )


def _log_stream() -> StackResourceType:
    return StackResourceType(
        "AWS::Logs::LogStream",
        "logs",
        "CreateLogStream",
        "LogStreamName",
        "DeleteLogStream",
        both(prop("logGroupName", "LogGroupName"), ids("logStreamName")),
        name_property="LogStreamName",
        unique_within=frozenset({"LogGroupName"}),
        longest_name=512,
        missing=frozenset({"ResourceNotFoundException"}),
    )
