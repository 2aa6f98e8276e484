"""EventBridge Scheduler as its SDK sees it: every operation, and every error that it can answer."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from moyai.testing.world import SCOPE
from tests.contract.api.asking import assert_refused

ARN = f"arn:aws:scheduler:us-east-1:{SCOPE.account}"
CLUSTER = f"arn:aws:ecs:us-east-1:{SCOPE.account}:cluster/default"
ROLE = f"arn:aws:iam::{SCOPE.account}:role/scheduler"
TARGET = {
    "Arn": CLUSTER,
    "RoleArn": ROLE,
    "EcsParameters": {
        "TaskDefinitionArn": "report",
        "TaskCount": 2,
        "LaunchType": "FARGATE",
        "NetworkConfiguration": {
            "awsvpcConfiguration": {"Subnets": ["subnet-1"], "SecurityGroups": ["sg-1"], "AssignPublicIp": "ENABLED"}
        },
        "CapacityProviderStrategy": [{"capacityProvider": "FARGATE", "weight": 1, "base": 0}],
        "PlacementConstraints": [{"type": "distinctInstance"}],
        "PlacementStrategy": [{"type": "spread", "field": "host"}],
        "EnableECSManagedTags": True,
        "Tags": [{"key": "a", "value": "1"}],
    },
    "Input": '{"containerOverrides": []}',
    "RetryPolicy": {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 3},
}
OFF = {"Mode": "OFF"}
NIGHTLY = {
    "Name": "nightly",
    "ScheduleExpression": "cron(0 3 * * ? *)",
    "ScheduleExpressionTimezone": "Europe/Berlin",
    "Target": TARGET,
    "FlexibleTimeWindow": OFF,
}


@pytest.fixture
def scheduler(installation):
    return installation.client("scheduler")


def invalid(scheduler, **changed):
    return assert_refused(scheduler.create_schedule, "ValidationException", 400, **{**NIGHTLY, **changed})


def test_a_schedule_from_creation_to_deletion(scheduler):
    end = datetime(2040, 1, 1, tzinfo=UTC)
    arn = scheduler.create_schedule(**NIGHTLY, Description="the report", EndDate=end)["ScheduleArn"]
    assert arn == f"{ARN}:schedule/default/nightly"
    described = scheduler.get_schedule(Name="nightly")
    described.pop("ResponseMetadata")
    times = [described.pop(name) for name in ("CreationDate", "LastModificationDate")]
    assert times[0] == times[1]
    assert described == {
        **NIGHTLY,
        "Arn": arn,
        "GroupName": "default",
        "State": "ENABLED",
        "Description": "the report",
        "EndDate": end,
        "ActionAfterCompletion": "NONE",
    }
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}
    changed = {**NIGHTLY, "FlexibleTimeWindow": window, "State": "DISABLED", "ActionAfterCompletion": "DELETE"}
    assert scheduler.update_schedule(**changed)["ScheduleArn"] == arn
    described = scheduler.get_schedule(Name="nightly")
    assert (described["FlexibleTimeWindow"], described["State"]) == (window, "DISABLED")
    assert "Description" not in described, "an update replaces all settings"
    scheduler.delete_schedule(Name="nightly")
    message = assert_refused(scheduler.get_schedule, "ResourceNotFoundException", 404, Name="nightly")
    assert message == "Schedule nightly does not exist."


def test_a_repeated_creation_is_one_schedule(scheduler):
    first = scheduler.create_schedule(**NIGHTLY, ClientToken="one")
    again = scheduler.create_schedule(**NIGHTLY, ClientToken="one")
    assert first["ScheduleArn"] == again["ScheduleArn"]
    message = assert_refused(scheduler.create_schedule, "ConflictException", 409, **NIGHTLY)
    assert message == "Schedule nightly already exists."


def test_schedules_are_listed_by_group_name_and_state_in_pages(scheduler):
    scheduler.create_schedule_group(Name="reports")
    for group, name in (("default", "a1"), ("default", "b"), ("reports", "a2")):
        scheduler.create_schedule(**{**NIGHTLY, "Name": name, "GroupName": group})
    scheduler.create_schedule(**{**NIGHTLY, "Name": "off", "State": "DISABLED"})

    def names(**filters):
        pages = scheduler.get_paginator("list_schedules").paginate(PaginationConfig={"PageSize": 2}, **filters)
        return [schedule["Name"] for page in pages for schedule in page["Schedules"]]

    assert names() == ["a1", "b", "off", "a2"]
    assert names(GroupName="reports") == ["a2"]
    assert names(NamePrefix="a") == ["a1", "a2"]
    assert names(State="DISABLED") == ["off"]
    [summary, *_] = scheduler.list_schedules()["Schedules"]
    assert summary["Target"] == {"Arn": CLUSTER}
    assert_refused(scheduler.list_schedules, "ResourceNotFoundException", 404, GroupName="none")
    assert_refused(scheduler.list_schedules, "ValidationException", 400, NextToken="x")


def test_a_group_is_deleted_with_its_schedules(scheduler):
    members = {"Name": "reports", "ClientToken": "t", "Tags": [{"Key": "a", "Value": "1"}]}
    arn = scheduler.create_schedule_group(**members)["ScheduleGroupArn"]
    assert scheduler.create_schedule_group(**members)["ScheduleGroupArn"] == arn
    assert_refused(scheduler.create_schedule_group, "ConflictException", 409, Name="reports")
    assert_refused(scheduler.create_schedule_group, "ConflictException", 409, Name="default")
    scheduler.create_schedule(**NIGHTLY, GroupName="reports")
    assert scheduler.get_schedule_group(Name="reports")["State"] == "ACTIVE"
    assert [group["Name"] for group in scheduler.list_schedule_groups()["ScheduleGroups"]] == ["default", "reports"]
    assert [g["Name"] for g in scheduler.list_schedule_groups(NamePrefix="r")["ScheduleGroups"]] == ["reports"]
    scheduler.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    scheduler.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert scheduler.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    scheduler.delete_schedule_group(Name="reports")
    assert_refused(scheduler.get_schedule, "ResourceNotFoundException", 404, Name="nightly", GroupName="reports")
    assert_refused(scheduler.get_schedule_group, "ResourceNotFoundException", 404, Name="reports")
    assert_refused(scheduler.delete_schedule_group, "ValidationException", 400, Name="default")
    assert_refused(
        scheduler.list_tags_for_resource, "ResourceNotFoundException", 404, ResourceArn=f"{ARN}:schedule-group/none"
    )


@pytest.mark.parametrize("expression", ["rate(5)", "rate(0 minutes)", "cron(0 3 * *)", "at(tomorrow)", "daily"])
def test_an_invalid_expression_is_repeated(scheduler, expression):
    assert f"Invalid Schedule Expression {expression}." in invalid(scheduler, ScheduleExpression=expression)


def test_targets_other_than_ecs_tasks_are_refused_by_name(scheduler):
    queue = f"arn:aws:sqs:us-east-1:{SCOPE.account}:jobs"
    assert queue in invalid(scheduler, Target={"Arn": queue, "RoleArn": ROLE})
    assert "EcsParameters" in invalid(scheduler, Target={"Arn": CLUSTER, "RoleArn": ROLE})
    assert "SqsParameters" in invalid(scheduler, Target={**TARGET, "SqsParameters": {"MessageGroupId": "a"}})
    assert "DeadLetterConfig" in invalid(scheduler, Target={**TARGET, "DeadLetterConfig": {"Arn": queue}})
    for text in (
        "[]",
        "{",
        '{"command": ["a"]}',
        '{"containerOverrides": "a"}',
        '{"containerOverrides": [{"cpu": 1}]}',
    ):
        assert "Input" in invalid(scheduler, Target={**TARGET, "Input": text})


def test_settings_that_exclude_each_other_are_refused(scheduler):
    invalid(scheduler, FlexibleTimeWindow={"Mode": "FLEXIBLE"})
    invalid(scheduler, FlexibleTimeWindow={"Mode": "OFF", "MaximumWindowInMinutes": 5})
    start, end = datetime(2040, 1, 2, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
    assert "EndDate" in invalid(scheduler, StartDate=start, EndDate=end)
    assert "time zone" in invalid(scheduler, ScheduleExpressionTimezone="Mars/Olympus")


def test_there_is_a_limited_number_of_groups(installation, scheduler):
    for number in range(500):
        scheduler.create_schedule_group(Name=f"g{number}")
    assert_refused(scheduler.create_schedule_group, "ServiceQuotaExceededException", 402, Name="one-more")
