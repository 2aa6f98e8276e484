"""EventBridge as its SDK sees it: rules, targets, event buses, events, tags, and their errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from moyai.testing.world import SCOPE
from tests.contract.api.asking import assert_refused

ARN = f"arn:aws:events:us-east-1:{SCOPE.account}"
CLUSTER = f"arn:aws:ecs:us-east-1:{SCOPE.account}:cluster/default"
QUEUE = {"Id": "queue", "Arn": f"arn:aws:sqs:us-east-1:{SCOPE.account}:events"}
TASK = {
    "Id": "task",
    "Arn": CLUSTER,
    "RoleArn": f"arn:aws:iam::{SCOPE.account}:role/events",
    "Input": '{"containerOverrides": [{"name": "app", "command": ["a"]}]}',
    "EcsParameters": {
        "TaskDefinitionArn": "report",
        "TaskCount": 1,
        "LaunchType": "FARGATE",
        "NetworkConfiguration": {"awsvpcConfiguration": {"Subnets": ["subnet-1"]}},
        "Tags": [{"Key": "a", "Value": "1"}],
    },
    "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60},
    "DeadLetterConfig": {"Arn": QUEUE["Arn"]},
}
PATTERN = json.dumps({"source": ["shop"], "detail": {"total": [{"numeric": [">", 100]}]}})


@pytest.fixture
def events(installation):
    return installation.client("events")


def entry(**members) -> dict[str, Any]:
    return {"Source": "shop", "DetailType": "order", "Detail": '{"total": 120}', **members}


def nested_json(levels: int) -> str:
    """An object with arrays in each other."""
    return json.dumps({"a": json.loads("[" * levels + "]" * levels)})


def test_a_rule_from_creation_to_deletion(events):
    arn = events.put_rule(Name="big", EventPattern=PATTERN, Description="big orders")["RuleArn"]
    assert arn == f"{ARN}:rule/big"
    described = events.describe_rule(Name="big")
    described.pop("ResponseMetadata")
    rule = {
        "Name": "big",
        "Arn": arn,
        "EventPattern": PATTERN,
        "State": "ENABLED",
        "Description": "big orders",
        "EventBusName": "default",
    }
    assert described == {**rule, "CreatedBy": SCOPE.account}
    assert events.put_targets(Rule="big", Targets=[TASK, QUEUE])["FailedEntryCount"] == 0
    assert events.list_targets_by_rule(Rule="big")["Targets"] == [QUEUE, TASK]
    assert events.list_rule_names_by_target(TargetArn=CLUSTER)["RuleNames"] == ["big"]
    events.disable_rule(Name="big")
    assert events.list_rules(NamePrefix="b")["Rules"] == [{**rule, "State": "DISABLED"}]
    events.enable_rule(Name="big")
    events.put_rule(Name="big", EventPattern=PATTERN)
    assert len(events.list_targets_by_rule(Rule="big")["Targets"]) == 2
    assert "targets" in assert_refused(events.delete_rule, "ValidationException", Name="big")
    assert events.remove_targets(Rule="big", Ids=["task", "queue", "none"])["FailedEntryCount"] == 0
    for _ in range(2):
        events.delete_rule(Name="big")
    assert assert_refused(events.describe_rule, "ResourceNotFoundException", Name="big") == (
        "Rule big does not exist on EventBus default."
    )


def test_an_event_bus_from_creation_to_deletion(events):
    settings = {"Description": "orders", "LogConfig": {"Level": "OFF"}, "DeadLetterConfig": {"Arn": QUEUE["Arn"]}}
    arn = events.create_event_bus(Name="orders", **settings)["EventBusArn"]
    assert arn == f"{ARN}:event-bus/orders"
    assert events.update_event_bus(Name="orders", Description="all orders")["Description"] == "all orders"
    assert [bus["Name"] for bus in events.list_event_buses()["EventBuses"]] == ["default", "orders"]
    assert events.describe_event_bus()["Arn"] == f"{ARN}:event-bus/default"
    assert events.put_rule(Name="r", EventBusName=arn, EventPattern=PATTERN)["RuleArn"] == f"{ARN}:rule/orders/r"
    assert "rules" in assert_refused(events.delete_event_bus, "ValidationException", Name="orders")
    assert "default event bus" in assert_refused(
        events.put_rule, "ValidationException", Name="s", EventBusName="orders", ScheduleExpression="rate(1 day)"
    )
    assert_refused(events.create_event_bus, "ResourceAlreadyExistsException", Name="orders")
    events.delete_rule(Name="r", EventBusName="orders")
    events.delete_event_bus(Name="orders")
    assert_refused(events.put_rule, "ResourceNotFoundException", Name="r", EventBusName="orders", EventPattern=PATTERN)


def test_events_go_to_the_targets_of_matching_rules(events, installation):
    events.put_rule(Name="big", EventPattern=PATTERN)
    events.put_targets(Rule="big", Targets=[QUEUE])
    answer = events.put_events(Entries=[entry(), entry(Detail='{"total": 10}')])
    assert answer["FailedEntryCount"] == 0
    [delivery] = installation.store.world.event_deliveries
    event = json.loads(delivery.event)
    assert event.pop("time").endswith("Z")
    assert event == {
        "version": "0",
        "id": answer["Entries"][0]["EventId"],
        "detail-type": "order",
        "source": "shop",
        "account": SCOPE.account,
        "region": "us-east-1",
        "resources": [],
        "detail": {"total": 120},
    }


def test_entries_that_are_rejected(events):
    wrong = [entry(Source=""), entry(Detail="[]"), entry(Detail=nested_json(200))]
    wrong += [entry(Source="aws.ecs"), entry(EventBusName="none"), entry(), entry(Detail=nested_json(50))]
    events.put_rule(Name="deep", EventPattern='{"detail": {"a": {"b": [1]}}}')
    answer = events.put_events(Entries=wrong)
    assert answer["FailedEntryCount"] == 5
    assert [each.get("ErrorCode") for each in answer["Entries"]] == [
        "InvalidArgument",
        "MalformedDetail",
        "MalformedDetail",
        "NotAuthorizedForSourceException",
        "ResourceNotFoundException",
        None,
        None,
    ]


def test_a_pattern_is_tested(events):
    assert events.test_event_pattern(EventPattern=PATTERN, Event='{"source": "shop", "detail": {"total": 101}}')[
        "Result"
    ]
    assert not events.test_event_pattern(EventPattern=PATTERN, Event='{"source": "shop"}')["Result"]
    assert_refused(events.test_event_pattern, "InvalidEventPatternException", EventPattern="{}", Event="{}")
    for levels in (200, 900):
        message = assert_refused(
            events.test_event_pattern, "ValidationException", EventPattern=PATTERN, Event=nested_json(levels)
        )
        assert "Event is not valid" in message


def test_tags(events):
    rule = events.put_rule(Name="big", EventPattern=PATTERN, Tags=[{"Key": "a", "Value": "1"}])["RuleArn"]
    events.tag_resource(ResourceARN=rule, Tags=[{"Key": "b", "Value": "2"}])
    events.untag_resource(ResourceARN=rule, TagKeys=["a"])
    assert events.list_tags_for_resource(ResourceARN=rule)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert_refused(events.list_tags_for_resource, "ResourceNotFoundException", ResourceARN=f"{ARN}:rule/none")


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ({"Arn": f"arn:aws:kinesis:us-east-1:{SCOPE.account}:stream/s"}, "is none of these"),
        ({"Arn": "arn:aws:sqs:us-east-1:999999999999:q"}, "account and region"),
        ({"Arn": CLUSTER}, "EcsParameters"),
        ({**TASK, "Input": "[]"}, "overrides"),
        ({**QUEUE, "Input": "{"}, "JSON"),
        ({**QUEUE, "Input": "1", "InputPath": "$"}, "Only one of"),
        ({**QUEUE, "InputPath": "$..a"}, "JSONPath"),
        ({"Arn": f"{ARN}:event-bus/default"}, "event bus"),
        ({**QUEUE, "DeadLetterConfig": {"Arn": "arn:aws:sqs:us-east-1:999999999999:q"}}, "dead-letter queue"),
        ({**QUEUE, "DeadLetterConfig": {"Arn": f"arn:aws:sqs:eu-west-1:{SCOPE.account}:q"}}, "dead-letter queue"),
        ({**QUEUE, "DeadLetterConfig": {"Arn": f"arn:aws:sns:us-east-1:{SCOPE.account}:t"}}, "dead-letter queue"),
        ({**QUEUE, "KinesisParameters": {"PartitionKeyPath": "$.a"}}, "KinesisParameters"),
    ],
)
def test_targets_that_are_refused(events, target, words):
    events.put_rule(Name="big", EventPattern=PATTERN)
    assert words in assert_refused(
        events.put_targets, "ValidationException", Rule="big", Targets=[{**target, "Id": "1"}]
    )


def test_rules_that_are_refused(events):
    assert_refused(events.put_rule, "ValidationException", Name="r")
    assert_refused(events.put_rule, "InvalidEventPatternException", Name="r", EventPattern="[]")
    for expression in ("at(2040-01-01T00:00:00)", "rate(0 days)", "cron(1)"):
        assert_refused(events.put_rule, "ValidationException", Name="r", ScheduleExpression=expression)
    events.put_rule(Name="r", EventPattern=PATTERN)
    targets = [{**QUEUE, "Id": str(number)} for number in range(6)]
    assert_refused(events.put_targets, "LimitExceededException", Rule="r", Targets=targets)
