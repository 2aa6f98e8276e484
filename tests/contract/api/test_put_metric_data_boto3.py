"""Metrics of the client's own, in each protocol that may bring them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from moyai.domain.cloudwatch.metric import metric_id
from moyai.kernel.clock import Instant, later
from moyai.telemetry.series.accumulators import Sample
from moyai.telemetry.values import SampleKind
from moyai.testing.clock import EPOCH
from moyai.testing.world import SCOPE
from tests.contract.api.asking import code
from tests.unit.telemetry.pushes import FRONT

START = datetime.fromtimestamp(EPOCH, UTC)
WAIT = {"MetricName": "Wait", "Dimensions": [{"Name": "Shop", "Value": "eu"}]}


def put(cloudwatch, *data, namespace="Shop"):
    cloudwatch.put_metric_data(Namespace=namespace, MetricData=[{**WAIT, **datum} for datum in data])


def read(cloudwatch, *, period=60, start=START):
    answer = cloudwatch.get_metric_statistics(
        Namespace="Shop",
        **WAIT,
        StartTime=start,
        EndTime=START + timedelta(minutes=5),
        Period=period,
        Statistics=["SampleCount", "Sum", "Minimum", "Maximum"],
    )
    names = ("SampleCount", "Sum", "Minimum", "Maximum")
    return {
        (datapoint["Timestamp"] - START).total_seconds(): tuple(datapoint[name] for name in names)
        for datapoint in answer["Datapoints"]
    }


def test_values_add_up(cloudwatch):
    put(cloudwatch, {"Value": 2.0}, {"Value": 4.0})
    put(cloudwatch, {"Values": [1.0, 5.0], "Counts": [2.0, 1.0]}, {"Values": [9.0]})
    put(cloudwatch, {"StatisticValues": {"SampleCount": 10.0, "Sum": 20.0, "Minimum": 0.5, "Maximum": 7.0}})
    assert read(cloudwatch) == {0.0: (16.0, 42.0, 0.5, 9.0)}
    assert [metric["MetricName"] for metric in cloudwatch.list_metrics(Namespace="Shop")["Metrics"]] == ["Wait"]


def test_a_request_that_the_sdk_compresses_adds_up(cloudwatch):
    """botocore compresses bodies of 10,240 bytes and more with gzip."""
    sent = []
    cloudwatch.meta.events.register("before-send", lambda request, **_: sent.append(request.headers))
    put(cloudwatch, *[{"Value": 1.0, "Unit": "Milliseconds"}] * 300)
    assert [headers["Content-Encoding"] for headers in sent] in (["gzip"], [b"gzip"])
    assert read(cloudwatch) == {0.0: (300.0, 300.0, 1.0, 1.0)}


def test_values_have_percentiles_and_statistic_sets_have_none(cloudwatch):
    params = {
        "Namespace": "Shop",
        **WAIT,
        "StartTime": START,
        "EndTime": START + timedelta(minutes=5),
        "Period": 60,
        "ExtendedStatistics": ["p50", "p90", "tm90", "PR(:10.5)"],
    }
    put(cloudwatch, {"Values": [float(number) for number in range(1, 101)]}, {"Value": 50.0})
    [point] = cloudwatch.get_metric_statistics(**params)["Datapoints"]
    extended_statistics = point["ExtendedStatistics"]
    assert extended_statistics["p50"] == pytest.approx(50, rel=0.02)
    assert extended_statistics["p90"] == pytest.approx(90, rel=0.02)
    assert extended_statistics["tm90"] == pytest.approx(45.5, rel=0.02)
    assert extended_statistics["PR(:10.5)"] == pytest.approx(1000 / 101)
    put(cloudwatch, {"StatisticValues": {"SampleCount": 2.0, "Sum": 5.0, "Minimum": 1.0, "Maximum": 4.0}})
    [point] = cloudwatch.get_metric_statistics(**params)["Datapoints"]
    assert not point.get("ExtendedStatistics")


def test_similar_names_are_different_metrics(cloudwatch):
    pairs = [("a", "b=c"), ("a=b", "c")]
    data = [{"MetricName": "n", "Dimensions": [{"Name": name, "Value": of}], "Value": 1.0} for name, of in pairs]
    cloudwatch.put_metric_data(Namespace="Alike", MetricData=data)
    assert len(cloudwatch.list_metrics(Namespace="Alike")["Metrics"]) == 2


def test_a_page_can_end_at_a_metric_with_a_long_name(installation):
    client = installation.client("cloudwatch")
    long = [{"Name": f"{n}" * 200, "Value": "v" * 1000} for n in range(8)]
    data = [{"MetricName": f"m{n:04}", "Dimensions": long if n == 499 else [], "Value": 1.0} for n in range(502)]
    client.put_metric_data(Namespace="Pages", MetricData=data)
    pages = client.get_paginator("list_metrics").paginate(Namespace="Pages")
    assert [[metric["MetricName"] for metric in page["Metrics"]] for page in pages] == [
        [f"m{n:04}" for n in range(500)],
        ["m0500", "m0501"],
    ]


def test_metrics_are_listed_by_namespace_and_name(cloudwatch):
    for namespace, names in (("A", "xy"), ("B", "xxyz"), ("C", "x")):
        data = [
            {"MetricName": name, "Value": 1.0, "Dimensions": [{"Name": "n", "Value": str(n)}] if n else []}
            for n, name in enumerate(names)
        ]
        cloudwatch.put_metric_data(Namespace=namespace, MetricData=data)

    def list_metrics(**params):
        metrics = cloudwatch.list_metrics(**params)["Metrics"]
        return [one["Namespace"] + one["MetricName"] + str(len(one["Dimensions"])) for one in metrics]

    assert list_metrics() == ["Ax0", "Ay1", "Bx0", "Bx1", "By1", "Bz1", "Cx0"]
    assert list_metrics(Namespace="B") == ["Bx0", "Bx1", "By1", "Bz1"]
    assert list_metrics(Namespace="B", MetricName="x") == ["Bx0", "Bx1"]
    assert list_metrics(MetricName="x") == ["Ax0", "Bx0", "Bx1", "Cx0"]
    assert list_metrics(Namespace="B", Dimensions=[{"Name": "n", "Value": "1"}]) == ["Bx1"]
    assert list_metrics(Namespace="AB") == []


def test_a_metric_that_is_silent_for_two_weeks_is_not_listed(installation):
    client = installation.client("cloudwatch")
    put(client, {"Value": 1.0})
    installation.clock.turn_to(later(installation.now, 14 * 24 * 3600))
    assert len(client.list_metrics(Namespace="Shop")["Metrics"]) == 1
    installation.clock.turn_to(later(installation.now, 1))
    assert client.list_metrics(Namespace="Shop")["Metrics"] == []


def test_a_value_is_stored_under_its_timestamp(cloudwatch):
    for seconds in (60, -60, 0, -60, -120, 65):
        put(cloudwatch, {"Value": 1.0, "Timestamp": START + timedelta(seconds=seconds)})
    found = read(cloudwatch, start=START - timedelta(minutes=5))
    assert {at: one[0] for at, one in found.items()} == {-120.0: 1.0, -60.0: 2.0, 0.0: 1.0, 60.0: 2.0}


@pytest.mark.parametrize(
    ("datum", "wrong"),
    [
        ({}, "MissingParameter"),
        ({"Value": 1.0, "Values": [1.0]}, "InvalidParameterCombination"),
        ({"Value": 1.0, "Counts": [5.0]}, "InvalidParameterCombination"),
        (
            {"StatisticValues": {"SampleCount": 1.0, "Sum": 1.0, "Minimum": 1.0, "Maximum": 1.0}, "Counts": [5.0]},
            "InvalidParameterCombination",
        ),
        ({"Value": 1.0, "Dimensions": [{"Name": "Shop", "Value": "東京"}]}, "InvalidParameterValue"),
        ({"Value": 1.0, "Dimensions": [{"Name": "Shop", "Value": "a\tb"}]}, "InvalidParameterValue"),
        ({"Value": 1.0, "Dimensions": [{"Name": " ", "Value": "a"}]}, "InvalidParameterValue"),
        ({"Value": 1.0, "Dimensions": [{"Name": ":Shop", "Value": "a"}]}, "InvalidParameterValue"),
        ({"Value": float("nan")}, "InvalidParameterValue"),
        ({"Value": 1e300}, "InvalidParameterValue"),
        ({"Values": [1.0], "Counts": [1.0, 2.0]}, "InvalidParameterValue"),
        ({"Values": [1.0], "Counts": [0.0]}, "InvalidParameterValue"),
        ({"Values": [1.0] * 151}, "InvalidParameterValue"),
        ({"Value": 1.0, "StorageResolution": 5}, "InvalidParameterValue"),
        ({"Value": 1.0, "Timestamp": START - timedelta(days=15)}, "InvalidParameterValue"),
        ({"Value": 1.0, "Timestamp": START + timedelta(hours=3)}, "InvalidParameterValue"),
        (
            {"StatisticValues": {"SampleCount": 5e-324, "Sum": 1e100, "Minimum": 1.0, "Maximum": 1.0}},
            "InvalidParameterValue",
        ),
        (
            {"StatisticValues": {"SampleCount": 0.0, "Sum": 1.0, "Minimum": 1.0, "Maximum": 1.0}},
            "InvalidParameterValue",
        ),
    ],
)
def test_a_refused_request_stores_nothing(installation, datum, wrong):
    client = installation.client("cloudwatch", protocol="query")
    put(client, {"Value": 1.0})
    data = [{**WAIT, "Value": 5.0}, {**WAIT, **datum}]
    assert code(client.put_metric_data, Namespace="Shop", MetricData=data) == wrong
    assert read(client) == {0.0: (1.0, 1.0, 1.0, 1.0)}


def test_client_metrics_and_built_in_metrics_are_separate(installation):
    client = installation.client("cloudwatch")
    tasks = [{"MetricName": "RunningTaskCount", "Value": 1.0}]
    client.put_metric_data(Namespace="ECS/ContainerInsights", MetricData=tasks)
    metric = metric_id("ECS/ContainerInsights", "RunningTaskCount", ())
    installation.telemetry.head.series(SCOPE, metric, SampleKind.MEAN, "Count").add(
        Instant(EPOCH), Sample({FRONT: 3.0})
    )
    with pytest.raises(ClientError, match="is measured by moyai itself") as exc_info:
        client.put_metric_data(Namespace="ECS/ContainerInsights", MetricData=tasks)
    assert exc_info.value.response["Error"]["Code"].startswith("InvalidParameterValue")
    params = {"StartTime": START, "EndTime": START + timedelta(minutes=1), "Period": 60, "Statistics": ["Average"]}
    answer = client.get_metric_statistics(Namespace="ECS/ContainerInsights", MetricName="RunningTaskCount", **params)
    assert [datapoint["Average"] for datapoint in answer["Datapoints"]] == [3.0]


def test_reserved_namespaces_are_refused(installation):
    client = installation.client("cloudwatch", protocol="query")
    for namespace in ("AWS/ECS", "Moyai/ServiceConnect"):
        data = [{**WAIT, "Value": 1.0}]
        assert code(client.put_metric_data, Namespace=namespace, MetricData=data) == "InvalidParameterValue"
    assert code(client.put_metric_data, Namespace="Sh\top", MetricData=[WAIT]) == "InvalidParameterValue"
    assert code(client.put_metric_data, Namespace="Shop") == "MissingParameter"
    assert code(client.put_metric_data, Namespace="Shop", StrictEntityValidation=True) == "InvalidParameterValue"
