"""Metric filters with the metrics that they publish, and what else is set for log groups."""

from __future__ import annotations

import json

import pytest

from moyai.kernel.clock import later
from tests.contract.api.asking import code


@pytest.fixture
def logs(installation):
    client = installation.client("logs")
    client.create_log_group(logGroupName="web")
    client.create_log_stream(logGroupName="web", logStreamName="one")
    return client


def put(installation, logs, *messages):
    at = int(installation.clock.now() * 1000)
    events = [{"timestamp": at, "message": message} for message in messages]
    logs.put_log_events(logGroupName="web", logStreamName="one", logEvents=events)


def statistics(installation, name, **more):
    now = installation.clock.now()
    [metric] = installation.client("cloudwatch").get_metric_statistics(
        Namespace="Shop",
        MetricName=name,
        StartTime=later(now, -300),
        EndTime=later(now, 60),
        Period=600,
        Statistics=["Sum", "SampleCount"],
        **more,
    )["Datapoints"] or [None]
    return metric and (metric["Sum"], metric["SampleCount"])


def filter_of(name, pattern, value="1", **more):
    transformation = {"metricName": name, "metricNamespace": "Shop", "metricValue": value, **more}
    return {
        "logGroupName": "web",
        "filterName": name,
        "filterPattern": pattern,
        "metricTransformations": [transformation],
    }


def test_events_that_match_become_values_of_the_metric(installation, logs):
    logs.put_metric_filter(**filter_of("Errors", "ERROR"))
    logs.put_metric_filter(**filter_of("Latency", "{ $.ms > 0 }", "$.ms", unit="Milliseconds"))
    logs.put_metric_filter(**filter_of("Bytes", "[ip, status, size]", "$size", dimensions={"Status": "$status"}))
    put(installation, logs, "an ERROR", "fine", "another ERROR", json.dumps({"ms": 12.5}), json.dumps({"ms": "x"}))
    put(installation, logs, "10.0.0.1 200 1_0")
    put(installation, logs, "10.0.0.1 200 512", "10.0.0.1 404 -")
    assert statistics(installation, "Errors") == (2.0, 2.0)
    assert statistics(installation, "Latency") == (12.5, 1.0)
    assert statistics(installation, "Bytes", Dimensions=[{"Name": "Status", "Value": "200"}]) == (512.0, 1.0)


def test_a_default_value_is_published_where_nothing_matches(installation, logs):
    logs.put_metric_filter(**filter_of("Errors", "ERROR", defaultValue=0.0))
    put(installation, logs, "fine", "well")
    assert statistics(installation, "Errors") == (0.0, 1.0)
    logs.delete_metric_filter(logGroupName="web", filterName="Errors")
    put(installation, logs, "an ERROR")
    assert statistics(installation, "Errors") == (0.0, 1.0)


def test_metric_filters_are_described_by_group_and_by_metric(installation, logs):
    logs.put_metric_filter(**filter_of("Errors", "ERROR", unit="Count"))
    [described] = logs.describe_metric_filters(logGroupName="web", filterNamePrefix="Err")["metricFilters"]
    assert (described["filterPattern"], described["logGroupName"]) == ("ERROR", "web")
    assert described["metricTransformations"] == filter_of("Errors", "ERROR", unit="Count")["metricTransformations"]
    assert logs.describe_metric_filters(metricNamespace="Shop", metricName="Errors")["metricFilters"] == [described]
    assert logs.describe_metric_filters(metricNamespace="Shop", metricName="Other")["metricFilters"] == []
    assert logs.describe_log_groups()["logGroups"][0]["metricFilterCount"] == 1
    assert code(logs.delete_metric_filter, logGroupName="web", filterName="gone") == "ResourceNotFoundException"
    matches = logs.test_metric_filter(filterPattern="ERROR", logEventMessages=["an ERROR", "fine"])["matches"]
    assert [one["eventNumber"] for one in matches] == [1]
    logs.delete_log_group(logGroupName="web")
    assert logs.describe_metric_filters()["metricFilters"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        filter_of("A", "{ $.a ="),
        filter_of("A", "ERROR", "$.ms"),
        filter_of("A", "[a, b]", "$c"),
        filter_of("A", "ERROR", "many"),
        filter_of("A", "ERROR", metricNamespace="AWS/ECS"),
        filter_of("A", "[a]", defaultValue=0.0, dimensions={"A": "$a"}),
    ],
)
def test_metric_filters_that_could_publish_nothing_are_refused(logs, wrong):
    assert code(logs.put_metric_filter, **wrong) == "InvalidParameterException"


def test_a_groups_key_is_kept(installation, logs):
    key = "arn:aws:kms:us-east-1:123456789012:key/1"
    logs.create_log_group(logGroupName="own", kmsKeyId=key)
    logs.associate_kms_key(logGroupName="web", kmsKeyId=key)
    assert {group["kmsKeyId"] for group in logs.describe_log_groups()["logGroups"]} == {key}
    logs.disassociate_kms_key(logGroupName="web")
    [web] = logs.describe_log_groups(logGroupNamePrefix="web")["logGroups"]
    assert "kmsKeyId" not in web
    assert "policyDocument" not in logs.get_data_protection_policy(logGroupIdentifier="web")


FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:sink"
ROLE = "arn:aws:iam::123456789012:role/logs"
STREAM = "arn:aws:kinesis:us-east-1:123456789012:stream/sink"


def subscription(name, **more):
    wanted = {"logGroupName": "web", "filterName": name, "filterPattern": "ERROR", "destinationArn": FUNCTION}
    return wanted | more


def test_subscription_filters_are_kept_replaced_and_deleted(logs):
    logs.put_subscription_filter(**subscription("b"))
    logs.put_subscription_filter(**subscription("a", destinationArn=STREAM, roleArn=ROLE, distribution="Random"))
    logs.put_subscription_filter(**subscription("b", filterPattern=""))
    first, second = logs.describe_subscription_filters(logGroupName="web")["subscriptionFilters"]
    assert (first["filterName"], first["destinationArn"], first["roleArn"]) == ("a", STREAM, ROLE)
    assert (first["distribution"], first["logGroupName"]) == ("Random", "web")
    assert (second["filterName"], second["filterPattern"], second["distribution"]) == ("b", "", "ByLogStream")
    assert code(logs.put_subscription_filter, **subscription("c")) == "LimitExceededException"
    logs.delete_subscription_filter(logGroupName="web", filterName="a")
    assert code(logs.delete_subscription_filter, logGroupName="web", filterName="a") == "ResourceNotFoundException"
    [left] = logs.describe_subscription_filters(logGroupName="web", filterNamePrefix="b")["subscriptionFilters"]
    assert left["filterName"] == "b"
    logs.delete_log_group(logGroupName="web")
    logs.create_log_group(logGroupName="web")
    assert logs.describe_subscription_filters(logGroupName="web")["subscriptionFilters"] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"destinationArn": "sink"},
        {"destinationArn": "arn:aws:logs:us-east-1:123456789012:destination:other"},
        {"destinationArn": "arn:aws:lambda:us-east-1:444455556666:function:sink"},
        {"destinationArn": "arn:aws:lambda:us-east-1:123456789012:layer:sink"},
        {"destinationArn": "arn:aws:kinesis:us-east-1:123456789012:stream/", "roleArn": ROLE},
        {"destinationArn": "arn:aws:firehose:us-east-1:123456789012:stream/sink", "roleArn": ROLE},
        {"roleArn": ROLE},
        {"destinationArn": STREAM},
        {"filterPattern": "{ $.a ="},
        {"distribution": "Alphabetical"},
    ],
    ids=[
        "no ARN",
        "a destination",
        "another account",
        "a layer",
        "a stream without a name",
        "a delivery stream without its type",
        "a function with a role",
        "no role",
        "a pattern",
        "an order",
    ],
)
def test_a_subscription_that_could_deliver_nothing_is_refused(logs, wrong):
    assert code(logs.put_subscription_filter, **subscription("a", **wrong)) == "InvalidParameterException"


def test_resource_policies_and_query_definitions_are_records(installation, logs):
    logs.put_resource_policy(policyName="events", policyDocument="{}")
    [policy] = logs.describe_resource_policies()["resourcePolicies"]
    assert (policy["policyName"], policy["policyDocument"]) == ("events", "{}")
    logs.delete_resource_policy(policyName="events")
    assert code(logs.delete_resource_policy, policyName="events") == "ResourceNotFoundException"
    query = {"name": "errors", "queryString": "fields @message", "logGroupNames": ["web"]}
    identity = logs.put_query_definition(**query)["queryDefinitionId"]
    logs.put_query_definition(**{**query, "queryString": "limit 5"}, queryDefinitionId=identity)
    [saved] = logs.describe_query_definitions(queryDefinitionNamePrefix="err")["queryDefinitions"]
    assert (saved["queryDefinitionId"], saved["queryString"]) == (identity, "limit 5")
    again = {"name": "again", "queryString": "limit 1", "clientToken": "t" * 36}
    assert len({logs.put_query_definition(**again)["queryDefinitionId"] for _ in range(2)}) == 1
    logs.delete_query_definition(queryDefinitionId=logs.put_query_definition(**again)["queryDefinitionId"])
    assert logs.delete_query_definition(queryDefinitionId=identity)["success"] is True
    assert logs.describe_query_definitions()["queryDefinitions"] == []
