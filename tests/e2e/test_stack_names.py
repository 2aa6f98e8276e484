"""Stacks whose template names resources: what has a name already stays what it is."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.installation import Installation
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e]
NAME = "theirs"
METRIC = {
    "MetricName": "m",
    "Namespace": "n",
    "Period": 60,
    "EvaluationPeriods": 1,
    "Threshold": 1,
    "ComparisonOperator": "GreaterThanThreshold",
    "Statistic": "Sum",
}
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{NAME}/*"}
    ],
}
BODY = '{"widgets":[]}'
COMPOSITE = {"AlarmName": NAME, "AlarmRule": "FALSE"}
TAKEN: tuple[tuple[str, dict[str, Any], str, dict[str, Any]], ...] = (
    ("CloudWatch::Alarm", {**METRIC, "AlarmName": NAME}, "put_metric_alarm", {**METRIC, "AlarmName": NAME}),
    ("CloudWatch::CompositeAlarm", COMPOSITE, "put_composite_alarm", COMPOSITE),
    (
        "CloudWatch::Dashboard",
        {"DashboardName": NAME, "DashboardBody": BODY},
        "put_dashboard",
        {"DashboardName": NAME, "DashboardBody": BODY},
    ),
    ("ECS::Cluster", {"ClusterName": NAME}, "create_cluster", {"clusterName": NAME}),
    ("SQS::Queue", {"QueueName": NAME}, "create_queue", {"QueueName": NAME}),
    ("SNS::Topic", {"TopicName": NAME}, "create_topic", {"Name": NAME}),
    (
        "Events::Rule",
        {"Name": NAME, "ScheduleExpression": "rate(1 day)"},
        "put_rule",
        {"Name": NAME, "ScheduleExpression": "rate(1 day)"},
    ),
    (
        "S3::BucketPolicy",
        {"Bucket": NAME, "PolicyDocument": POLICY},
        "put_bucket_policy",
        {"Bucket": NAME, "Policy": json.dumps(POLICY)},
    ),
)


class Account:
    """An account of its own, with its stacks."""

    def __init__(self, server: Installation, number: int) -> None:
        self.server, self.key = server, str(200_000_000_000 + number)
        self.cfn = self.client("cloudformation")

    def client(self, service: str) -> Any:
        return self.server.client(service, key=self.key)

    def create(self, name: str, resources: Any) -> str:
        """Create a stack. Returns how that ends."""
        self.cfn.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
        return self.end(name)

    def update(self, name: str, resources: Any) -> str:
        """Update a stack. Returns how that ends."""
        self.cfn.update_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
        return self.end(name)

    def delete(self, name: str) -> str:
        """Delete a stack. Returns how that ends."""
        [stack] = self.cfn.describe_stacks(StackName=name)["Stacks"]
        self.cfn.delete_stack(StackName=name)
        return self.end(stack["StackId"])

    def end(self, name: str) -> str:
        def final_status() -> str | None:
            [stack] = self.cfn.describe_stacks(StackName=name)["Stacks"]
            status = str(stack["StackStatus"])
            return None if status.endswith("PROGRESS") else status

        return str(eventually(final_status, f"{name} ends"))

    def reasons(self, name: str) -> str:
        events = self.cfn.describe_stack_events(StackName=name)["StackEvents"]
        return "\n".join(e.get("ResourceStatusReason", "") for e in events if "FAILED" in e["ResourceStatus"])


@pytest.mark.parametrize(("kind", "properties", "operation", "members"), TAKEN, ids=lambda value: str(value)[:24])
def test_a_stack_does_not_take_over_a_resource_that_has_its_name(simulation, kind, properties, operation, members):
    account = Account(simulation, [case[0] for case in TAKEN].index(kind))
    client = account.client({"CloudWatch": "cloudwatch"}.get(kind.split("::")[0], kind.split("::")[0].lower()))
    if operation == "put_bucket_policy":
        client.create_bucket(Bucket=NAME)
    getattr(client, operation)(**members)
    resources = {"It": {"Type": f"AWS::{kind}", "Properties": properties}}
    assert account.create("taking", resources) == "ROLLBACK_COMPLETE"
    assert f"Resource of type 'AWS::{kind}' with identifier '{NAME}' already exists." in account.reasons("taking")
    assert account.create("again", resources) == "ROLLBACK_COMPLETE", "the first stack has deleted it"


def topic(queue: str, **more: Any) -> dict[str, Any]:
    subscription = [{"Protocol": "sqs", "Endpoint": f"arn:aws:sqs:us-east-1:123456789012:{queue}"}]
    return {
        "It": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "ours", "Subscription": subscription, **more}}
    }


def test_a_topic_with_a_name_changes_its_subscriptions_and_stays(simulation):
    account = Account(simulation, 20)
    assert account.create("topics", topic("first")) == "CREATE_COMPLETE"
    assert account.update("topics", topic("second")) == "UPDATE_COMPLETE", account.reasons("topics")
    [subscription] = account.client("sns").list_subscriptions()["Subscriptions"]
    assert subscription["Endpoint"].endswith(":second")
    assert account.delete("topics") == "DELETE_COMPLETE"


def test_a_resource_with_a_name_is_not_replaced_under_it(simulation):
    account = Account(simulation, 21)
    group = {"GroupName": "ours", "GroupDescription": "first"}
    resources = {"It": {"Type": "AWS::EC2::SecurityGroup", "Properties": group}}
    assert account.create("groups", resources) == "CREATE_COMPLETE"
    group["GroupDescription"] = "second"
    assert account.update("groups", resources) == "UPDATE_ROLLBACK_COMPLETE"
    assert account.reasons("groups") == (
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
        "Rename ours and update the stack again."
    )
    group["GroupName"] = "renamed"
    assert account.update("groups", resources) == "UPDATE_COMPLETE"


def test_a_replacement_of_itself_is_kept(simulation):
    account = Account(simulation, 22)
    strategy = {"DefaultCapacityProviderStrategy": [], "Cluster": {"Ref": "Cluster"}}
    resources: dict[str, Any] = {
        "Cluster": {"Type": "AWS::ECS::Cluster"},
        "It": {
            "Type": "AWS::ECS::ClusterCapacityProviderAssociations",
            "Properties": {**strategy, "CapacityProviders": ["FARGATE"]},
        },
    }
    assert account.create("clusters", resources) == "CREATE_COMPLETE"
    resources["It"]["Properties"]["CapacityProviders"] = ["FARGATE_SPOT"]
    assert account.update("clusters", resources) == "UPDATE_COMPLETE"
    [cluster] = account.client("ecs").list_clusters()["clusterArns"]
    [described] = account.client("ecs").describe_clusters(clusters=[cluster])["clusters"]
    assert described["capacityProviders"] == ["FARGATE_SPOT"]


def test_a_hosted_zone_whose_tags_are_refused_is_deleted_by_the_rollback(simulation):
    account = Account(simulation, 23)
    properties = {"Name": "left.example", "HostedZoneTags": [{"Key": "k" * 300, "Value": "v"}]}
    assert account.create("zones", {"It": {"Type": "AWS::Route53::HostedZone", "Properties": properties}}) == (
        "ROLLBACK_COMPLETE"
    )
    assert account.client("route53").list_hosted_zones()["HostedZones"] == []


def test_a_stack_whose_alarms_and_dashboard_are_gone_is_deleted(simulation):
    account = Account(simulation, 24)
    kinds = ("CloudWatch::Alarm", "CloudWatch::CompositeAlarm", "CloudWatch::Dashboard")
    properties_by_kind = {kind: properties for kind, properties, *_ in TAKEN if kind in kinds}
    resources: dict[str, Any] = {
        kind.removeprefix("CloudWatch::"): {"Type": f"AWS::{kind}", "Properties": properties}
        for kind, properties in properties_by_kind.items()
    }
    resources["Alarm"]["Properties"] = {**METRIC, "AlarmName": "other"}
    assert account.create("alarms", resources) == "CREATE_COMPLETE", account.reasons("alarms")
    cloudwatch = account.client("cloudwatch")
    cloudwatch.delete_alarms(AlarmNames=[NAME])
    cloudwatch.delete_alarms(AlarmNames=["other"])
    cloudwatch.delete_dashboards(DashboardNames=[NAME])
    stack = account.cfn.describe_stacks(StackName="alarms")["Stacks"][0]["StackId"]
    assert account.delete("alarms") == "DELETE_COMPLETE", account.reasons(stack)


def test_a_rollback_takes_away_what_the_update_had_added(simulation):
    account = Account(simulation, 25)
    key = [{"AttributeName": "a", "AttributeType": "S"}]
    plain: dict[str, dict[str, Any]] = {
        "ECR::Repository": {},
        "SNS::Topic": {},
        "KMS::Key": {},
        "DynamoDB::Table": {
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": key,
            "KeySchema": [{"AttributeName": "a", "KeyType": "HASH"}],
        },
        "Logs::LogGroup": {},
        "EFS::FileSystem": {},
        "S3::Bucket": {},
    }
    added: dict[str, dict[str, Any]] = {
        "ECR::Repository": {
            "ImageTagMutability": "IMMUTABLE",
            "ImageScanningConfiguration": {"ScanOnPush": True},
            "EmptyOnDelete": True,
        },
        "SNS::Topic": {"DisplayName": "shop"},
        "KMS::Key": {"Description": "of the shop"},
        "DynamoDB::Table": {
            "TimeToLiveSpecification": {"AttributeName": "until", "Enabled": True},
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        },
        "Logs::LogGroup": {"DeletionProtectionEnabled": True},
        "EFS::FileSystem": {"LifecyclePolicies": [{"TransitionToIA": "AFTER_7_DAYS"}]},
        "S3::Bucket": {
            "AccessControl": "PublicRead",
            "AccelerateConfiguration": {"AccelerationStatus": "Enabled"},
            "VersioningConfiguration": {"Status": "Enabled"},
        },
    }
    resources: dict[str, Any] = {
        kind.partition("::")[0]: {"Type": f"AWS::{kind}", "Properties": properties}
        for kind, properties in plain.items()
    }
    assert account.create("added", resources) == "CREATE_COMPLETE", account.reasons("added")
    changed = {
        name: {**each, "Properties": {**each["Properties"], **added[each["Type"].removeprefix("AWS::")]}}
        for name, each in resources.items()
    }
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "None", "Value": "v"}, "DependsOn": [*resources]}
    assert account.update("added", {**changed, "Bad": parameter}) == "UPDATE_ROLLBACK_COMPLETE"
    assert "ssm" in account.reasons("added").lower(), "the update has added all before it failed"
    [repository] = account.client("ecr").describe_repositories()["repositories"]
    assert repository["imageTagMutability"] == "MUTABLE"
