"""Application Auto Scaling as the SDK sees it."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from moyai.testing.instances import on_instances
from moyai.testing.load_balancers import BALANCER, put_group_behind_listener
from moyai.testing.world import SCOPE
from tests.contract.api.asking import code

WEB = {"ServiceNamespace": "ecs", "ResourceId": "service/default/web", "ScalableDimension": "ecs:service:DesiredCount"}
CPU = {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"}
REQUESTS = {"PredefinedMetricType": "ALBRequestCountPerTarget"}
LABEL = "app/a/1/targetgroup/b/2"
TRACK: dict[str, Any] = {"TargetValue": 50.0, "PredefinedMetricSpecification": CPU, "ScaleInCooldown": 60}
STEPS: dict[str, Any] = {
    "AdjustmentType": "ChangeInCapacity",
    "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 2}],
    "Cooldown": 30,
}
ARN = "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:"


@pytest.fixture
def scaling(installation):
    definition = installation.builder.definition("web")
    installation.builder.service("web", definition, desired_count=2)
    return installation.client("application-autoscaling")


@pytest.fixture
def target(scaling):
    return scaling.register_scalable_target(**WEB, MinCapacity=1, MaxCapacity=10)["ScalableTargetARN"]


def track(scaling, name="cpu", **more):
    configuration = {name: value for name, value in {**TRACK, **more}.items() if value is not None}
    return scaling.put_scaling_policy(
        **WEB,
        PolicyName=name,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=configuration,
    )


def test_describe_shows_a_target_as_it_was_registered(scaling, target, installation):
    (described,) = scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"]
    assert described["ScalableTargetARN"] == target
    assert target.startswith("arn:aws:application-autoscaling:us-east-1:123456789012:scalable-target/")
    assert {**WEB, "MinCapacity": 1, "MaxCapacity": 10}.items() <= described.items()
    assert described["RoleARN"].endswith("AWSServiceRoleForApplicationAutoScaling_ECSService")
    suspended = {"DynamicScalingInSuspended": True}
    again = scaling.register_scalable_target(**WEB, MinCapacity=4, SuspendedState=suspended)
    assert again["ScalableTargetARN"] == target
    (described,) = scaling.describe_scalable_targets(
        ServiceNamespace="ecs", ResourceIds=[WEB["ResourceId"], "service/a/b"]
    )["ScalableTargets"]
    assert (described["MinCapacity"], described["MaxCapacity"]) == (4, 10)
    assert described["SuspendedState"] == {
        "DynamicScalingInSuspended": True,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": False,
    }
    (service,) = installation.store.world.services
    assert service.desired_count == 4
    (activity,) = scaling.describe_scaling_activities(ServiceNamespace="ecs")["ScalingActivities"]
    assert (activity["Cause"], activity["StatusCode"]) == ("minimum capacity was set to 4", "InProgress")


def test_target_tracking_has_two_alarms(scaling, target, installation):
    answer = track(scaling)
    assert answer["PolicyARN"].startswith(ARN)
    assert answer["PolicyARN"].endswith(":resource/ecs/service/default/web:policyName/cpu")
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="ecs", PolicyNames=["cpu"])["ScalingPolicies"]
    assert policy["Alarms"] == answer["Alarms"]
    assert policy["TargetTrackingScalingPolicyConfiguration"] == {**TRACK, "DisableScaleIn": False}
    cloudwatch = installation.client("cloudwatch")
    high, low = (
        cloudwatch.describe_alarms(AlarmNames=[one["AlarmName"]])["MetricAlarms"][0] for one in answer["Alarms"]
    )
    names = (
        "Threshold",
        "ComparisonOperator",
        "EvaluationPeriods",
        "Period",
        "Statistic",
        "MetricName",
        "AlarmActions",
    )
    assert [high[name] for name in names] == [
        *(50.0, "GreaterThanThreshold", 3, 60, "Average", "CPUUtilization"),
        [answer["PolicyARN"]],
    ]
    assert [low[name] for name in names[:3]] == [45.0, "LessThanThreshold", 15]
    again = track(scaling, TargetValue=80.0, DisableScaleIn=True)
    assert again["Alarms"] == answer["Alarms"][:1]
    (kept,) = cloudwatch.describe_alarms()["MetricAlarms"]
    assert (kept["AlarmName"], kept["Threshold"]) == (high["AlarmName"], 80.0)
    scaling.delete_scaling_policy(**WEB, PolicyName="cpu")
    assert cloudwatch.describe_alarms()["MetricAlarms"] == []


def sound_alarm(cloudwatch, policy):
    """An alarm with the policy as its action, set to ALARM."""
    cloudwatch.put_metric_alarm(
        AlarmName="busy",
        Namespace="Shop",
        MetricName="Load",
        Statistic="Average",
        Period=10,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        AlarmActions=[policy],
    )
    cloudwatch.set_alarm_state(AlarmName="busy", StateValue="ALARM", StateReason="by hand")


def test_a_step_policy_acts_on_an_alarm_that_is_set(scaling, target, installation):
    policy = scaling.put_scaling_policy(
        **WEB, PolicyName="out", PolicyType="StepScaling", StepScalingPolicyConfiguration=STEPS
    )["PolicyARN"]
    cloudwatch = installation.client("cloudwatch")
    sound_alarm(cloudwatch, policy)
    (service,) = installation.store.world.services
    assert service.desired_count == 4
    (activity,) = scaling.describe_scaling_activities(**WEB)["ScalingActivities"]
    assert activity["Cause"] == "monitor alarm busy in state ALARM triggered policy out"
    assert activity["StatusMessage"].startswith("Successfully set desired count to 4. Waiting")
    summaries = [e["HistorySummary"] for e in cloudwatch.describe_alarm_history(AlarmName="busy")["AlarmHistoryItems"]]
    assert f"Successfully executed action {policy}" in summaries
    (described,) = scaling.describe_scaling_policies(ServiceNamespace="ecs", ResourceId=WEB["ResourceId"])[
        "ScalingPolicies"
    ]
    assert [one["AlarmName"] for one in described["Alarms"]] == ["busy"]


def test_activities_include_skipped_scaling_on_request(scaling, target, installation):
    policy = scaling.put_scaling_policy(**WEB, PolicyName="out", StepScalingPolicyConfiguration=STEPS)["PolicyARN"]
    scaling.register_scalable_target(**WEB, MaxCapacity=2)
    cloudwatch = installation.client("cloudwatch")
    sound_alarm(cloudwatch, policy)
    assert scaling.describe_scaling_activities(**WEB)["ScalingActivities"] == []
    (told,) = scaling.describe_scaling_activities(**WEB, IncludeNotScaledActivities=True)["ScalingActivities"]
    assert told["NotScaledReasons"] == [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 2}]
    assert told["StatusCode"] == "Failed"


def test_deregistering_a_target_deletes_its_policies_and_actions(scaling, target, installation):
    track(scaling)
    scaling.tag_resource(ResourceARN=target, Tags={"team": "shop", "a": "b"})
    scaling.untag_resource(ResourceARN=target, TagKeys=["a", "c"])
    assert scaling.list_tags_for_resource(ResourceARN=target)["Tags"] == {"team": "shop"}
    scaling.deregister_scalable_target(**WEB)
    assert scaling.describe_scalable_targets(ServiceNamespace="ecs")["ScalableTargets"] == []
    assert scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"] == []
    assert installation.client("cloudwatch").describe_alarms()["MetricAlarms"] == []
    assert code(scaling.list_tags_for_resource, ResourceARN=target) == "ResourceNotFoundException"


def test_any_metric_can_be_tracked(scaling, target, installation):
    dimensions = [{"Name": "TargetDiscoveryName", "Value": "web"}]
    single = {
        "Namespace": "AWS/ECS",
        "MetricName": "RequestCountPerTarget",
        "Dimensions": dimensions,
        "Statistic": "Average",
    }
    track(scaling, "requests", PredefinedMetricSpecification=None, CustomizedMetricSpecification=single)
    stat = {"Metric": {"Namespace": "Shop", "MetricName": "Queue"}, "Stat": "Sum"}
    math = [{"Id": "a", "MetricStat": stat, "ReturnData": False}, {"Id": "b", "Expression": "a / 10"}]
    track(scaling, "queue", PredefinedMetricSpecification=None, CustomizedMetricSpecification={"Metrics": math})
    alarms = installation.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert sum(alarm.get("MetricName") == "RequestCountPerTarget" for alarm in alarms) == 2
    assert sum(len(alarm.get("Metrics", [])) == 2 for alarm in alarms) == 2


def test_a_target_groups_requests_can_be_tracked(scaling, target, installation):
    installation.builder.book.apply(put_group_behind_listener(SCOPE, "web"))
    (group,) = installation.builder.world.target_groups
    label = f"{BALANCER}/{group.dimension}"
    track(scaling, "requests", PredefinedMetricSpecification={**REQUESTS, "ResourceLabel": label})
    (policy,) = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
    shown = policy["TargetTrackingScalingPolicyConfiguration"]["PredefinedMetricSpecification"]
    assert shown == {**REQUESTS, "ResourceLabel": label}
    alarms = installation.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert {(alarm["Namespace"], alarm["MetricName"], alarm["Statistic"], alarm["Period"]) for alarm in alarms} == {
        ("AWS/ApplicationELB", "RequestCountPerTarget", "Sum", 60)
    }
    assert {(d["Name"], d["Value"]) for alarm in alarms for d in alarm["Dimensions"]} == {
        ("LoadBalancer", BALANCER),
        ("TargetGroup", group.dimension),
    }


def test_describe_shows_a_scheduled_action_as_it_was_put(scaling, target):
    bounds = {"MinCapacity": 2, "MaxCapacity": 4}
    name = {"ScheduledActionName": "morning"}
    scaling.put_scheduled_action(
        **WEB, **name, Schedule="cron(0 9 ? * MON-FRI *)", Timezone="Asia/Tokyo", ScalableTargetAction=bounds
    )
    (action,) = scaling.describe_scheduled_actions(ServiceNamespace="ecs", ScheduledActionNames=["morning"])[
        "ScheduledActions"
    ]
    expected = {"Schedule": "cron(0 9 ? * MON-FRI *)", "Timezone": "Asia/Tokyo", "ScalableTargetAction": bounds}
    assert {**WEB, **name, **expected}.items() <= action.items()
    assert action["ScheduledActionARN"].endswith(":resource/ecs/service/default/web:scheduledActionName/morning")
    scaling.put_scheduled_action(**WEB, **name, ScalableTargetAction={"MaxCapacity": 9})
    (action,) = scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"]
    assert (action["Schedule"], action["ScalableTargetAction"]) == (expected["Schedule"], {"MaxCapacity": 9})
    scaling.delete_scheduled_action(**WEB, **name)
    assert scaling.describe_scheduled_actions(ServiceNamespace="ecs")["ScheduledActions"] == []
    assert code(scaling.delete_scheduled_action, **WEB, **name) == "ObjectNotFoundException"


DAILY = {"ScheduledActionName": "a", "Schedule": "rate(1 day)", "ScalableTargetAction": {"MinCapacity": 2}}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"Schedule": "daily"}, "A schedule is at("),
        ({"Schedule": "at(2020-01-01T00:00:00)"}, "no time in the future"),
        ({"Schedule": "cron(0 0 30 2 ? *)"}, "no time in the future"),
        ({"Timezone": "Nowhere/Land"}, "There is no time zone Nowhere/Land"),
        ({"ScalableTargetAction": {}}, "MinCapacity, MaxCapacity or both"),
        ({"ScalableTargetAction": {"MinCapacity": 2, "MaxCapacity": 1}}, "less than minimum"),
        ({"ScalableTargetAction": {"MinCapacity": -1}}, "between 0 and 5000"),
        ({"StartTime": 10000000000}, "before the year 2200"),
        ({"StartTime": 2000000000, "EndTime": 2000000000}, "StartTime must be before EndTime"),
    ],
)
def test_invalid_scheduled_actions_are_refused(scaling, target, installation, params, words):
    with pytest.raises(ClientError, match="ValidationException") as raised:
        scaling.put_scheduled_action(**WEB, **{**DAILY, **params})
    assert words in raised.value.response["Error"]["Message"]
    assert list(installation.store.world.scheduled_actions) == []


UP = {"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}
BELOW = {"MetricIntervalUpperBound": 0.0, "ScalingAdjustment": -1}
TRACKED = {"PolicyType": "TargetTrackingScaling"}


@pytest.mark.parametrize(
    ("call", "params", "error"),
    [
        (
            "register_scalable_target",
            {"MinCapacity": 5, "MaxCapacity": 1},
            ("ValidationException", "less than minimum"),
        ),
        ("register_scalable_target", {"MinCapacity": -1}, ("ValidationException", "between 0 and 5000")),
        ("register_scalable_target", {"ResourceId": "service/default/no"}, ("ValidationException", "doesn't exist")),
        ("register_scalable_target", {"ResourceId": "cluster/x"}, ("ValidationException", "Unsupported")),
        ("register_scalable_target", {"ServiceNamespace": "rds"}, ("ValidationException", "not supported by moyai")),
        ("register_scalable_target", {"RoleARN": "x"}, ("ValidationException", "ARN of an IAM role")),
        (
            "deregister_scalable_target",
            {"ResourceId": "service/default/no"},
            ("ObjectNotFoundException", "No scalable"),
        ),
        ("describe_scalable_targets", {"MaxResults": 51}, ("ValidationException", "between 1 and 50")),
        ("describe_scalable_targets", {"NextToken": "x"}, ("InvalidNextTokenException", "")),
        ("delete_scaling_policy", {"PolicyName": "no"}, ("ObjectNotFoundException", "No scaling policy found for")),
        ("put_scaling_policy", {"PolicyName": "p"}, ("ValidationException", "StepScalingPolicyConfiguration")),
        (
            "put_scaling_policy",
            {"PolicyName": "p", "PolicyType": "PredictiveScaling"},
            ("ValidationException", "no forecasts"),
        ),
        (
            "put_scaling_policy",
            {"PolicyName": "p", "ResourceId": "service/default/no", "StepScalingPolicyConfiguration": STEPS},
            (
                "ObjectNotFoundException",
                "No scalable target registered for service namespace: ecs, resource ID: service/default/no",
            ),
        ),
        *(
            (
                "put_scaling_policy",
                {"PolicyName": "p", "StepScalingPolicyConfiguration": step},
                ("ValidationException", words),
            )
            for step, words in (
                ({}, "AdjustmentType and at least one"),
                ({**STEPS, "MinAdjustmentMagnitude": 1}, "only for the adjustment type"),
                ({**STEPS, "Cooldown": -1}, "must not be negative"),
                ({**STEPS, "StepAdjustments": [{"ScalingAdjustment": 1}]}, "must have one of them"),
                ({**STEPS, "StepAdjustments": [UP, UP]}, "overlap or have a gap"),
                ({**STEPS, "StepAdjustments": [{**UP, "MetricIntervalUpperBound": 5.0}]}, "positive upper bound"),
                ({**STEPS, "StepAdjustments": [{**BELOW, "MetricIntervalLowerBound": -5.0}]}, "negative lower bound"),
                ({**STEPS, "AdjustmentType": "ExactCapacity", "StepAdjustments": [BELOW]}, "exact capacity"),
            )
        ),
        *(
            (
                "put_scaling_policy",
                {"PolicyName": "p", **TRACKED, "TargetTrackingScalingPolicyConfiguration": tracking},
                ("ValidationException", words),
            )
            for tracking, words in (
                ({"TargetValue": 1.0}, "Exactly one of PredefinedMetricSpecification"),
                ({**TRACK, "TargetValue": 0.0}, "greater than 0"),
                ({**TRACK, "ScaleInCooldown": -1}, "not be negative"),
                (TRACK, "Only one TargetTrackingScaling policy for a given metric specification is allowed."),
                (
                    {**TRACK, "PredefinedMetricSpecification": REQUESTS},
                    "ResourceLabel is required for ALBRequestCountPerTarget",
                ),
                (
                    {**TRACK, "PredefinedMetricSpecification": {**CPU, "ResourceLabel": LABEL}},
                    "and for no other type of metric",
                ),
                (
                    {
                        **TRACK,
                        "PredefinedMetricSpecification": {**REQUESTS, "ResourceLabel": LABEL},
                    },
                    "names no target group behind a load balancer",
                ),
                (
                    {
                        **TRACK,
                        "PredefinedMetricSpecification": {
                            "PredefinedMetricType": "EC2SpotFleetRequestAverageCPUUtilization"
                        },
                    },
                    "is not supported",
                ),
                (
                    {"TargetValue": 1.0, "CustomizedMetricSpecification": {"MetricName": "x"}},
                    "MetricName, Namespace and Statistic",
                ),
                (
                    {
                        "TargetValue": 1.0,
                        "CustomizedMetricSpecification": {"Metrics": [{"Id": "a", "Expression": "SUM(b)"}]},
                    },
                    "must be a metric",
                ),
            )
        ),
        (
            "put_scaling_policy",
            {"PolicyName": "cpu", "PolicyType": "StepScaling", "StepScalingPolicyConfiguration": STEPS},
            ("ValidationException", "can't be changed"),
        ),
    ],
)
def test_errors(scaling, target, installation, call, params, error):
    track(scaling)
    before = list(installation.store.world.records())
    common = {
        name: value for name, value in WEB.items() if call != "describe_scalable_targets" or name == "ServiceNamespace"
    }
    with pytest.raises(ClientError) as raised:
        getattr(scaling, call)(**{**common, **params})
    wrong, words = error
    assert raised.value.response["Error"]["Code"] == wrong
    assert words in raised.value.response["Error"]["Message"]
    assert list(installation.store.world.records()) == before


def test_a_service_with_a_task_on_each_instance_is_not_scaled(scaling, installation):
    on_instances(installation.builder, "logs", installation.builder.definition("agent"))
    asked = {**WEB, "ResourceId": "service/default/logs", "MinCapacity": 1, "MaxCapacity": 2}
    with pytest.raises(ClientError, match="ValidationException") as raised:
        scaling.register_scalable_target(**asked)
    assert "DAEMON scheduling strategy" in raised.value.response["Error"]["Message"]
