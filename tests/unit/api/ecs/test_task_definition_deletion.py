"""Task definitions that are deleted."""

from __future__ import annotations

import pytest

from tests.unit.api.ecs.client import ARN


def test_a_deleted_revision_is_described_until_it_is_removed(ecs):
    ecs.definition("web")
    ecs.call("DeregisterTaskDefinition", taskDefinition="web:1")
    arn = f"{ARN}task-definition/web:1"
    [task_definition] = ecs.call("DeleteTaskDefinitions", taskDefinitions=["web:1", "web:1"])["taskDefinitions"]
    assert (task_definition["taskDefinitionArn"], task_definition["status"]) == (arn, "DELETE_IN_PROGRESS")
    ecs.later()
    [again] = ecs.call("DeleteTaskDefinitions", taskDefinitions=[arn])["taskDefinitions"]
    assert again["deleteRequestedAt"] == task_definition["deleteRequestedAt"]
    assert (
        ecs.call("DescribeTaskDefinition", taskDefinition="web:1")["taskDefinition"]["status"]
        == task_definition["status"]
    )
    assert ecs.call("ListTaskDefinitions", status="DELETE_IN_PROGRESS")["taskDefinitionArns"] == [arn]
    assert ecs.call("ListTaskDefinitions", status="INACTIVE")["taskDefinitionArns"] == []


def test_a_deleted_revision_cannot_be_used(shop):
    shop.call("DeregisterTaskDefinition", taskDefinition="web:1")
    shop.call("DeleteTaskDefinitions", taskDefinitions=["web:1"])
    shop.fails("RunTask", "ClientException", "TaskDefinition is inactive", taskDefinition="web:1")
    shop.call("DeregisterTaskDefinition", taskDefinition="web:1")
    [still] = shop.call("ListTaskDefinitions", status="DELETE_IN_PROGRESS")["taskDefinitionArns"]
    assert still.endswith("web:1")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("web:1", "The specified task definition is still in ACTIVE status."),
        ("web:9", "The specified task definition does not exist."),
        ("none:1", "The specified task definition does not exist."),
        ("web", "The specified task definition identifier is invalid."),
        ("web:latest", "The specified task definition identifier is invalid."),
        ("arn:aws:ecs:us-east-1:999999999999:task-definition/web:1", "The specified task definition does not exist."),
    ],
)
def test_an_undeletable_revision_is_a_failure_and_others_are_deleted(shop, name, reason):
    shop.definition("old")
    shop.call("DeregisterTaskDefinition", taskDefinition="old:1")
    answer = shop.call("DeleteTaskDefinitions", taskDefinitions=[name, "old:1"])
    [failure] = answer["failures"]
    assert failure["arn"] == name
    assert failure["reason"].startswith(reason)
    assert [d["family"] for d in answer["taskDefinitions"]] == ["old"]


@pytest.mark.parametrize("names", [[], [f"web:{n}" for n in range(11)]])
def test_at_most_ten_revisions_are_deleted_at_once(ecs, names):
    ecs.fails("DeleteTaskDefinitions", "InvalidParameterException", "taskDefinitions", taskDefinitions=names)
