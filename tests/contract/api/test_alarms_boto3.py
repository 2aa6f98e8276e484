"""Alarms as the SDK sees them, in each protocol it may speak."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.api.asking import code

ARN = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:"
TOPIC = "arn:aws:sns:us-east-1:123456789012:ops"
METRIC = {"Namespace": "Shop", "MetricName": "Wait", "Statistic": "Average", "Period": 60}
LIMIT = {"Threshold": 10.0, "ComparisonOperator": "GreaterThanThreshold", "EvaluationPeriods": 3}
WATCHED = {**METRIC, **LIMIT}
SUM: list[dict[str, Any]] = [
    {"Id": "a", "MetricStat": {"Metric": {"Namespace": "Shop", "MetricName": "A"}, "Period": 60, "Stat": "Sum"}},
    {"Id": "b", "MetricStat": {"Metric": {"Namespace": "Shop", "MetricName": "B"}, "Period": 60, "Stat": "Sum"}},
    {"Id": "c", "Expression": "a + b"},
]
MATH: list[dict[str, Any]] = [{**SUM[0], "ReturnData": False}, {**SUM[1], "ReturnData": False}, SUM[2]]


def describe_alarm(cloudwatch, name, kind="MetricAlarm"):
    answer = cloudwatch.describe_alarms(AlarmNames=[name], AlarmTypes=[kind])
    (found,) = answer["MetricAlarms"] or answer["CompositeAlarms"]
    return found


def history(cloudwatch, name, **params):
    return [
        e["HistorySummary"] for e in cloudwatch.describe_alarm_history(AlarmName=name, **params)["AlarmHistoryItems"]
    ]


def test_describe_alarms_shows_an_alarm_as_it_was_put(cloudwatch):
    more = {"DatapointsToAlarm": 2, "TreatMissingData": "breaching", "Unit": "Seconds", "AlarmDescription": "slow"}
    cloudwatch.put_metric_alarm(AlarmName="slow", AlarmActions=[TOPIC], **WATCHED, **more)
    alarm = describe_alarm(cloudwatch, "slow")
    expected = {
        **WATCHED,
        **more,
        "AlarmName": "slow",
        "AlarmArn": ARN + "slow",
        "ActionsEnabled": True,
        "OKActions": [],
        "AlarmActions": [TOPIC],
        "InsufficientDataActions": [],
        "StateValue": "INSUFFICIENT_DATA",
        "StateReason": "Unchecked: Initial alarm creation",
        "Dimensions": [],
    }
    assert {name: alarm.get(name) for name in expected} == expected


def test_an_update_keeps_the_state_and_the_tags(cloudwatch):
    cloudwatch.put_metric_alarm(AlarmName="slow", **WATCHED, Tags=[{"Key": "team", "Value": "shop"}])
    cloudwatch.set_alarm_state(AlarmName="slow", StateValue="ALARM", StateReason="by hand")
    cloudwatch.put_metric_alarm(AlarmName="slow", **{**WATCHED, "Threshold": 5.0}, Tags=[{"Key": "a", "Value": "b"}])
    alarm = describe_alarm(cloudwatch, "slow")
    assert (alarm["Threshold"], alarm["StateValue"], alarm["StateReason"]) == (5.0, "ALARM", "by hand")
    tags = cloudwatch.list_tags_for_resource(ResourceARN=ARN + "slow")["Tags"]
    assert tags == [{"Key": "team", "Value": "shop"}]
    cloudwatch.tag_resource(ResourceARN=ARN + "slow", Tags=[{"Key": "a", "Value": "b"}])
    cloudwatch.untag_resource(ResourceARN=ARN + "slow", TagKeys=["team", "other"])
    assert cloudwatch.list_tags_for_resource(ResourceARN=ARN + "slow")["Tags"] == [{"Key": "a", "Value": "b"}]


def test_an_alarm_on_arithmetic(cloudwatch):
    cloudwatch.put_metric_alarm(AlarmName="sum", **LIMIT, Metrics=MATH)
    alarm = describe_alarm(cloudwatch, "sum")
    assert [query["Id"] for query in alarm["Metrics"]] == ["a", "b", "c"]
    assert cloudwatch.describe_alarms_for_metric(Namespace="Shop", MetricName="A")["MetricAlarms"] == []


def test_an_alarm_watches_ten_expressions_on_ten_metrics_and_no_more(installation):
    client = installation.client("cloudwatch")
    stat = {"Metric": {"Namespace": "Shop", "MetricName": "A"}, "Period": 60, "Stat": "Sum"}
    metrics = [{"Id": f"m{n}", "MetricStat": stat, "ReturnData": False} for n in range(11)]
    expressions = [{"Id": f"e{n}", "Expression": f"m{n} + m0", "ReturnData": n == 0} for n in range(11)]
    client.put_metric_alarm(AlarmName="full", **LIMIT, Metrics=[*metrics[:10], *expressions[:10]])
    assert len(describe_alarm(client, "full")["Metrics"]) == 20
    for more in ([*metrics, expressions[0]], [*metrics[:10], *expressions[:10], {**expressions[1], "Id": "e10"}]):
        with pytest.raises(ClientError, match="at most 10 queries with MetricStat and 10 with Expression"):
            client.put_metric_alarm(AlarmName="more", **LIMIT, Metrics=more)


def test_an_alarm_is_in_the_rules_of_a_hundred_and_fifty_at_most(installation):
    client = installation.client("cloudwatch")
    client.put_metric_alarm(AlarmName="a", **WATCHED)
    for n in range(150):
        client.put_composite_alarm(AlarmName=f"c{n}", AlarmRule="ALARM(a)")
    client.put_composite_alarm(AlarmName="c0", AlarmRule="OK(a)")
    with pytest.raises(ClientError, match="in the rules of 150") as exc_info:
        client.put_composite_alarm(AlarmName="c150", AlarmRule="ALARM(a)")
    assert exc_info.value.response["Error"]["Code"].startswith("LimitExceeded")


def test_describe_alarms_filters(cloudwatch):
    for name in ("a-1", "a-2", "b-1"):
        cloudwatch.put_metric_alarm(AlarmName=name, **WATCHED, AlarmActions=[TOPIC] if name == "b-1" else [])
    cloudwatch.put_composite_alarm(AlarmName="both", AlarmRule="ALARM(a-1) AND ALARM(a-2)")
    cloudwatch.set_alarm_state(AlarmName="a-2", StateValue="OK", StateReason="r")

    def names(**params):
        answer = cloudwatch.describe_alarms(**params)
        return [alarm["AlarmName"] for kind in ("MetricAlarms", "CompositeAlarms") for alarm in answer.get(kind, [])]

    assert names() == ["a-1", "a-2", "b-1"]
    assert names(AlarmNamePrefix="a") == ["a-1", "a-2"]
    assert names(StateValue="OK") == ["a-2"]
    assert names(ActionPrefix="arn:aws:sns") == ["b-1"]
    assert names(AlarmTypes=["CompositeAlarm"]) == ["both"]
    assert names(ChildrenOfAlarmName="both") == ["a-1", "a-2"]
    assert names(ParentsOfAlarmName="a-1") == ["both"]
    paged = cloudwatch.get_paginator("describe_alarms").paginate(PaginationConfig={"PageSize": 2})
    assert [alarm["AlarmName"] for page in paged for alarm in page["MetricAlarms"]] == ["a-1", "a-2", "b-1"]
    same = cloudwatch.describe_alarms_for_metric(Namespace="Shop", MetricName="Wait", Statistic="Average", Period=60)
    assert len(same["MetricAlarms"]) == 3
    other = cloudwatch.describe_alarms_for_metric(Namespace="Shop", MetricName="Wait", Statistic="Sum")
    assert other["MetricAlarms"] == []


def test_an_unsupported_action_is_recorded_as_failed(cloudwatch, installation):
    cloudwatch.put_metric_alarm(AlarmName="slow", **WATCHED, AlarmActions=[TOPIC], OKActions=[TOPIC])
    installation.clock.turn_to(installation.now + 1)
    cloudwatch.set_alarm_state(AlarmName="slow", StateValue="ALARM", StateReason="by hand")
    cloudwatch.disable_alarm_actions(AlarmNames=["slow", "gone"])
    installation.clock.turn_to(installation.now + 1)
    cloudwatch.set_alarm_state(AlarmName="slow", StateValue="OK", StateReason="again")
    cloudwatch.enable_alarm_actions(AlarmNames=["slow"])
    assert history(cloudwatch, "slow") == [
        "Alarm updated from ALARM to OK",
        f"Failed to execute action {TOPIC}. moyai has no sns that could perform this action.",
        "Alarm updated from INSUFFICIENT_DATA to ALARM",
        'Alarm "slow" created',
    ]
    (newest,) = cloudwatch.describe_alarm_history(HistoryItemType="StateUpdate", MaxRecords=1)["AlarmHistoryItems"]
    assert json.loads(newest["HistoryData"])["oldState"] == {"stateValue": "ALARM", "stateReason": "by hand"}


def test_history_outlives_its_alarm(cloudwatch):
    cloudwatch.put_metric_alarm(AlarmName="slow", **WATCHED)
    cloudwatch.delete_alarms(AlarmNames=["slow"])
    assert history(cloudwatch, "slow", ScanBy="TimestampAscending") == ['Alarm "slow" created', 'Alarm "slow" deleted']


def test_delete_alarms_refuses_alarms_that_are_referenced(cloudwatch):
    for name in ("a", "b"):
        cloudwatch.put_metric_alarm(AlarmName=name, **WATCHED)
    cloudwatch.put_composite_alarm(AlarmName="any", AlarmRule="ALARM(a)")
    assert code(cloudwatch.delete_alarms, AlarmNames=["a"]) == "ResourceConflict"
    assert code(cloudwatch.delete_alarms, AlarmNames=["b", "gone"]) == "ResourceNotFound"
    cloudwatch.put_composite_alarm(AlarmName="loop", AlarmRule="ALARM(any) OR ALARM(loop)")
    assert code(cloudwatch.delete_alarms, AlarmNames=["loop"]) == "ResourceConflict"
    cloudwatch.put_composite_alarm(AlarmName="loop", AlarmRule="FALSE")
    cloudwatch.delete_alarms(AlarmNames=["loop"])
    cloudwatch.delete_alarms(AlarmNames=["a", "any"])
    assert cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])["MetricAlarms"] == []


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "Threshold, ComparisonOperator and EvaluationPeriods"),
        (LIMIT, "either Metrics, or MetricName and Namespace"),
        ({**WATCHED, "ExtendedStatistic": "p99"}, "Exactly one of Statistic and ExtendedStatistic"),
        ({**WATCHED, "Threshold": float("nan")}, "is not a number to compare with"),
        ({**WATCHED, "Period": 15}, "Period must be 10, 20, 30 or a multiple of 60"),
        ({**WATCHED, "EvaluationPeriods": 1441}, "EvaluationPeriods * Period must be <= 86400"),
        ({**WATCHED, "DatapointsToAlarm": 4}, "DatapointsToAlarm must not be greater"),
        ({**WATCHED, "TreatMissingData": "bad"}, "TreatMissingData bad is not one of"),
        ({**WATCHED, "EvaluateLowSampleCountPercentile": "bad"}, "is not one of evaluate, ignore"),
        ({**WATCHED, "AlarmActions": ["ops"]}, "Invalid arn syntax: ops"),
        ({**WATCHED, "AlarmActions": [TOPIC, TOPIC]}, "only once for each state"),
        ({**WATCHED, "ComparisonOperator": "GreaterThanUpperThreshold"}, "anomaly detection"),
        ({**WATCHED, "ThresholdMetricId": "m"}, "there is no anomaly detection"),
        ({**WATCHED, "Metrics": MATH}, "can't be specified together"),
        ({**LIMIT, "Metrics": SUM}, "Exactly one element of the metrics list should return data"),
        ({**LIMIT, "Metrics": [*MATH[:2], {"Id": "c", "Expression": "a + d"}]}, "no query's id"),
        ({**LIMIT, "Metrics": [{"Id": "c", "Expression": "SUM(METRICS())"}]}, "must be a metric"),
        (
            {**LIMIT, "Metrics": [*MATH[:2], {"Id": "c", "Expression": "SEARCH('x', 'Sum', 60)"}]},
            "can't be searched for",
        ),
        ({**LIMIT, "Metrics": [*MATH[:2], {"Id": "c", "Expression": "METRICS()"}]}, "a single time series"),
        ({**LIMIT, "Metrics": [*MATH[:2], {"Id": "c", "Expression": "AVG(a)"}]}, "is a single value"),
        (
            {**LIMIT, "Metrics": [*MATH[:2], {"Id": "c", "Expression": "ANOMALY_DETECTION_BAND(a)"}]},
            "not supported by moyai",
        ),
        ({**LIMIT, "Metrics": [*MATH[:2], {"Id": "c", "Expression": "SELECT MAX(x) FROM y"}]}, "Metrics Insights"),
        ({**WATCHED, "Tags": [{"Key": "aws:x", "Value": ""}]}, "reserved"),
        ({**WATCHED, "Tags": [{"Key": "moyai:x", "Value": ""}]}, "no setting of moyai"),
    ],
)
def test_invalid_alarms_are_refused(installation, params, words):
    client = installation.client("cloudwatch")
    with pytest.raises(ClientError, match="ValidationError") as exc_info:
        client.put_metric_alarm(AlarmName="bad", **params)
    assert words in exc_info.value.response["Error"]["Message"]
    assert list(installation.store.world.alarms) == []


@pytest.mark.parametrize(
    ("call", "params", "wrong"),
    [
        ("put_composite_alarm", {"AlarmName": "c", "AlarmRule": "ALARM(a) OR OK(gone)"}, "ValidationError"),
        ("put_composite_alarm", {"AlarmName": "c", "AlarmRule": " TRUE"}, "ValidationError"),
        ("put_composite_alarm", {"AlarmName": "c\n", "AlarmRule": "TRUE"}, "ValidationError"),
        ("put_metric_alarm", {"AlarmName": "c\x7f", **WATCHED}, "ValidationError"),
        ("put_composite_alarm", {"AlarmName": "a", "AlarmRule": "TRUE"}, "ValidationError"),
        ("put_composite_alarm", {"AlarmName": "c", "AlarmRule": "TRUE", "ActionsSuppressor": "a"}, "ValidationError"),
        ("set_alarm_state", {"AlarmName": "x", "StateValue": "OK", "StateReason": "r"}, "ResourceNotFound"),
        (
            "set_alarm_state",
            {"AlarmName": "a", "StateValue": "OK", "StateReason": "r", "StateReasonData": "{"},
            "InvalidFormat",
        ),
        pytest.param(
            "set_alarm_state",
            {"AlarmName": "a", "StateValue": "OK", "StateReason": "r", "StateReasonData": "[" * 2000 + "]" * 2000},
            "InvalidFormat",
            marks=pytest.mark.skipif(sys.version_info >= (3, 12), reason="all that fits is read"),
        ),
        ("describe_alarms", {"NextToken": "x"}, "InvalidNextToken"),
        ("describe_alarms", {"AlarmNames": ["a"], "AlarmNamePrefix": "a"}, "ValidationError"),
        ("describe_alarms", {"ChildrenOfAlarmName": "a", "AlarmNames": ["a"]}, "ValidationError"),
        ("describe_alarms", {"ParentsOfAlarmName": "a", "StateValue": "OK"}, "ValidationError"),
        ("describe_alarms", {"ParentsOfAlarmName": "a", "ChildrenOfAlarmName": "a"}, "ValidationError"),
        ("describe_alarm_history", {"NextToken": "x"}, "InvalidNextToken"),
        ("tag_resource", {"ResourceARN": ARN + "x", "Tags": [{"Key": "a", "Value": "b"}]}, "ResourceNotFoundException"),
        ("list_tags_for_resource", {"ResourceARN": "x"}, "InvalidParameterValue"),
        ("tag_resource", {"ResourceARN": ARN + "a", "Tags": [{"Key": "aws:a", "Value": ""}]}, "InvalidParameterValue"),
    ],
)
def test_errors(installation, call, params, wrong):
    client = installation.client("cloudwatch", protocol="query")
    client.put_metric_alarm(AlarmName="a", **WATCHED)
    assert code(getattr(client, call), **params) == wrong


def test_alarms_stay_in_their_account(installation):
    installation.client("cloudwatch").put_metric_alarm(AlarmName="a", **WATCHED)
    other = installation.client("cloudwatch", key="111122223333")
    assert other.describe_alarms()["MetricAlarms"] == []
    assert code(other.tag_resource, ResourceARN=ARN + "a", Tags=[]) == "ResourceNotFoundException"
