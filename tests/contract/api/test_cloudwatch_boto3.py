"""CloudWatch as its SDK sees it, in each protocol it may speak."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from moyai.api.cloudwatch.data import GetMetricDataRequest, get_metric_data
from moyai.api.operation import Context
from moyai.domain.cloudwatch.query import Metric, MetricDataQuery, MetricStat
from moyai.kernel.clock import Instant, later
from moyai.testing.clock import EPOCH, ManualClock
from moyai.testing.ids import SeededIds
from moyai.testing.world import SCOPE
from tests.contract.api.asking import code
from tests.unit.telemetry.pushes import CART, FRONT, http_client, push

START = datetime.fromtimestamp(EPOCH, UTC)
END = START + timedelta(minutes=10)
BY_FRONT = [
    {"Name": "TargetDiscoveryName", "Value": "cart"},
    {"Name": "ServiceName", "Value": "front"},
    {"Name": "ClusterName", "Value": "shop"},
]
OK = "HTTPCode_Target_2XX_Count"


@pytest.fixture
def traffic(installation):
    """Two minutes of calls: 10 then 30 that went well, 2 of the second minute's failed."""
    times = {"cluster.egress.cart.upstream_rq_time": ((0, 0, 98, 0, 2, 0), 500.0)}
    installation.telemetry.record(FRONT, http_client(1, requests=10, ok=10), 1)
    installation.telemetry.record(FRONT, http_client(61, requests=42, ok=40, failed=2), 61)
    installation.telemetry.record(
        FRONT, push(62, {"http.egress.slow.downstream_rq_completed": 100}, {}, _with_slow_names(times)), 62
    )
    counters = {"http.ingress.cart.downstream_rq_completed": 42, "http.ingress.cart.downstream_cx_total": 1}
    installation.telemetry.record(CART, push(1, counters), 1)


def _with_slow_names(times):
    return {name.replace("cart", "slow"): value for name, value in times.items()}


@pytest.fixture
def cloudwatch(cloudwatch, traffic):
    return cloudwatch


def query(name=OK, stat="Sum", query_id="q", period=60, dimensions=BY_FRONT, **more):
    metric = {"Namespace": "AWS/ECS", "MetricName": name, "Dimensions": dimensions}
    return {"Id": query_id, "MetricStat": {"Metric": metric, "Period": period, "Stat": stat}, **more}


def data(cloudwatch, *queries, **params):
    requested_params = {"StartTime": START, "EndTime": END, "ScanBy": "TimestampAscending", **params}
    return cloudwatch.get_metric_data(MetricDataQueries=list(queries), **requested_params)["MetricDataResults"]


def test_metrics_are_listed(cloudwatch):
    metrics = cloudwatch.list_metrics(Namespace="AWS/ECS", MetricName=OK)["Metrics"]
    assert [sorted(d["Name"] for d in metric["Dimensions"]) for metric in metrics] == [
        ["ClusterName", "ServiceName", "TargetDiscoveryName"],
        ["TargetDiscoveryName"],
    ]
    server = cloudwatch.list_metrics(Dimensions=[{"Name": "DiscoveryName", "Value": "cart"}])["Metrics"]
    assert {(metric["Namespace"], metric["MetricName"]) for metric in server} == {
        ("AWS/ECS", "RequestCount"),
        ("AWS/ECS", "NewConnectionCount"),
        ("AWS/ECS", "ActiveConnectionCount"),
        ("Moyai/ServiceConnect", "TaskRequestCount"),
    }
    assert cloudwatch.list_metrics(Dimensions=[{"Name": "Colour"}])["Metrics"] == []
    own = cloudwatch.list_metrics(Namespace="Moyai/ServiceConnect", RecentlyActive="PT3H")["Metrics"]
    assert {metric["MetricName"] for metric in own} == {"TargetRequestCount", "RequestFailureCount", "TaskRequestCount"}


def test_statistics_of_one_metric(cloudwatch):
    answer = cloudwatch.get_metric_statistics(
        Namespace="AWS/ECS",
        MetricName=OK,
        Dimensions=BY_FRONT[::-1],
        StartTime=START + timedelta(seconds=20),
        EndTime=END,
        Period=60,
        Statistics=["Sum", "Average", "SampleCount", "Minimum", "Maximum"],
    )
    assert answer["Label"] == OK
    first, second = answer["Datapoints"]
    assert first["Timestamp"] == START
    assert (first["Sum"], second["Sum"]) == (10.0, 30.0)
    assert (second["SampleCount"], second["Average"], second["Maximum"], second["Unit"]) == (1.0, 30.0, 30.0, "Count")


def test_percentiles_of_one_metric(cloudwatch):
    answer = cloudwatch.get_metric_statistics(
        Namespace="AWS/ECS",
        MetricName="TargetResponseTime",
        Dimensions=[{"Name": "TargetDiscoveryName", "Value": "slow"}],
        StartTime=START,
        EndTime=END,
        Period=600,
        ExtendedStatistics=["p50", "p99", "p99.9", "tm90", "TC(:5)", "PR(:5)"],
    )
    [point] = answer["Datapoints"]
    assert 2 < point["ExtendedStatistics"]["p50"] <= 5
    assert 10 < point["ExtendedStatistics"]["p99"] <= point["ExtendedStatistics"]["p99.9"] <= 100
    assert 2 < point["ExtendedStatistics"]["tm90"] <= 5
    assert (point["ExtendedStatistics"]["TC(:5)"], point["ExtendedStatistics"]["PR(:5)"]) == (98, 98)
    assert point["Unit"] == "Milliseconds"


def test_data_of_many_metrics(cloudwatch):
    failed_query = query("HTTPCode_Target_5XX_Count", query_id="bad", ReturnData=False)
    share = {"Id": "share", "Expression": "100 * bad / (bad + good)", "Label": "failed %"}
    good, percent, none = data(cloudwatch, query(query_id="good"), failed_query, share, query("None", query_id="none"))
    assert (good["Id"], good["Label"], good["StatusCode"]) == ("good", OK, "Complete")
    assert good["Timestamps"] == [START, START + timedelta(minutes=1)]
    assert good["Values"] == [10.0, 30.0]
    assert (percent["Label"], percent["Timestamps"]) == ("failed %", [START, START + timedelta(minutes=1)])
    assert percent["Values"] == [0, pytest.approx(6.25)]
    assert (none["Values"], none["StatusCode"]) == ([], "Complete")


SCHEMA = "{AWS/ECS,ClusterName,ServiceName,TargetDiscoveryName}"


def test_a_search_has_a_result_for_each_metric_it_finds(cloudwatch):
    search = {"Id": "all", "Expression": f"SEARCH('{SCHEMA} HTTPCode', 'Sum')", "Period": 60}
    found_data = data(cloudwatch, search)
    assert [(result["Id"], result["Label"], result["Values"]) for result in found_data] == [
        ("all", "HTTPCode_Target_2XX_Count", [10.0, 30.0]),
        ("all", "HTTPCode_Target_5XX_Count", [2.0]),
    ]
    named_data = data(cloudwatch, {**search, "Label": "${PROP('Dim.ServiceName')} to ${LABEL}: ${LAST}"})
    assert [result["Label"] for result in named_data] == [
        "front to HTTPCode_Target_2XX_Count: 30",
        "front to HTTPCode_Target_5XX_Count: 2",
    ]
    top = {"Id": "top", "Expression": "FIRST(SORT(all, SUM, DESC))", "Label": "top ${MAX_TIME}"}
    options = {"LabelOptions": {"Timezone": "+0900"}}
    [first] = data(cloudwatch, {**search, "ReturnData": False}, top, **options)
    local = (START + timedelta(minutes=1)).astimezone(timezone(timedelta(hours=9)))
    assert (first["Label"], first["Values"]) == (f"top {local:%Y-%m-%d %H:%M} UTC+09:00", [10.0, 30.0])


def test_an_array_is_labelled_by_its_expression_and_its_metrics(installation, cloudwatch):
    installation.clock.turn_to(later(EPOCH, 120))
    filled = {"Id": "filled", "Expression": "FILL(METRICS(), 0)", "Label": "Filled"}
    bad = query("HTTPCode_Target_5XX_Count", query_id="bad", Label="errors")
    found_data = data(cloudwatch, bad, filled, StartTime=START, EndTime=START + timedelta(minutes=2))
    assert [(one["Label"], one["Values"]) for one in found_data] == [("errors", [2.0]), ("Filled errors", [0.0, 2.0])]


def test_division_by_zero_is_omitted_with_a_message(cloudwatch):
    [share] = data(cloudwatch, query(ReturnData=False), {"Id": "share", "Expression": "q / (q - 10)"})
    assert (share["Values"], [message["Code"] for message in share["Messages"]]) == ([1.5], ["ArithmeticError"])


def test_a_search_over_the_series_limit_has_a_message(installation):
    cloudwatch = installation.client("cloudwatch")
    cloudwatch.put_metric_data(
        Namespace="Many",
        MetricData=[
            {"MetricName": "x", "Value": 1, "Dimensions": [{"Name": "Number", "Value": str(number)}]}
            for number in range(501)
        ],
    )
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[{"Id": "all", "Expression": "SEARCH('{Many,Number}', 'Sum', 60)"}],
        StartTime=START,
        EndTime=END,
    )
    assert len(answer["MetricDataResults"]) == 500
    assert [message["Value"] for message in answer["Messages"]] == ["Maximum number of allowed metrics exceeded."]


def test_five_seconds_are_the_finest_period(cloudwatch):
    [result] = data(cloudwatch, query(period=5))
    assert result["Timestamps"] == [START, START + timedelta(seconds=60)]


def test_the_newest_value_comes_first_by_default(cloudwatch):
    answer = cloudwatch.get_metric_data(MetricDataQueries=[query()], StartTime=START, EndTime=END)
    assert answer["MetricDataResults"][0]["Values"] == [30.0, 10.0]


def test_a_period_may_span_the_whole_range(cloudwatch):
    begin = START + timedelta(seconds=60 * 1 - 60)
    span = {"StartTime": begin, "EndTime": begin + timedelta(seconds=3660)}
    answer = cloudwatch.get_metric_data(MetricDataQueries=[query(period=3660)], **span)
    assert answer["MetricDataResults"][0]["Values"] == [40.0]


def test_pages(cloudwatch):
    queries = [query(query_id="one"), query(query_id="two")]
    pages = [
        [
            (metric_data_result["Id"], metric_data_result["Values"], metric_data_result["StatusCode"])
            for metric_data_result in page["MetricDataResults"]
        ]
        for page in cloudwatch.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries, StartTime=START, EndTime=END, MaxDatapoints=3, ScanBy="TimestampAscending"
        )
    ]
    assert pages == [
        [("one", [10.0, 30.0], "Complete"), ("two", [10.0], "PartialData")],
        [("two", [30.0], "Complete")],
    ]


def test_a_series_without_values_is_on_one_of_the_pages(cloudwatch):
    params = {"StartTime": START, "EndTime": END, "MaxDatapoints": 2, "ScanBy": "TimestampAscending"}
    queries = [query("None", query_id=f"none{n}") if n % 2 else query(query_id=f"some{n}") for n in range(6)]
    pages = cloudwatch.get_paginator("get_metric_data").paginate(MetricDataQueries=queries, **params)
    messages = [
        [
            (metric_data_result["Id"], len(metric_data_result["Values"]))
            for metric_data_result in page["MetricDataResults"]
        ]
        for page in pages
    ]
    assert messages == [
        [("some0", 2)],
        [("none1", 0), ("some2", 2)],
        [("none3", 0), ("some4", 2)],
        [("none5", 0)],
    ]


def test_a_new_metric_between_pages_neither_repeats_nor_hides_others(cloudwatch):
    def put(*names):
        cloudwatch.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": name, "Value": 1.0} for name in names])

    put("b", "c", "d")
    found = {"Id": "found", "Expression": "SEARCH('{Shop}', 'Sum', 60)"}
    params = {"MetricDataQueries": [found], "StartTime": START, "EndTime": END, "MaxDatapoints": 2}
    first = cloudwatch.get_metric_data(**params)
    put("a")
    second = cloudwatch.get_metric_data(**params, NextToken=first["NextToken"])
    assert [
        metric_data_result["Label"] for page in (first, second) for metric_data_result in page["MetricDataResults"]
    ] == ["b", "c", "d"]


async def test_queries_yield_to_other_requests(installation, traffic):
    reader, turns = installation.telemetry.reader, []

    class Noted(ManualClock):
        async def sleep(self, delay):
            turns.append(delay)
            await super().sleep(delay)

    get_metric_data_request = GetMetricDataRequest(
        tuple(MetricDataQuery(f"q{n}", MetricStat(Metric("AWS/ECS", OK), 60, "Sum")) for n in range(5)),
        Instant(EPOCH),
        later(EPOCH, 600),
    )
    ctx = Context(SCOPE, later(EPOCH, 600), SeededIds(1), installation.store, "", "", "r")
    answer: Any = await get_metric_data(reader, Noted(), ctx, get_metric_data_request)
    assert len(answer.output["metric_data_results"]) == 5
    assert turns == [0] * 5


def test_a_repeated_query_has_a_new_value_at_once(cloudwatch):
    total = {"MetricStat": {"Metric": {"Namespace": "Own", "MetricName": "n"}, "Period": 60, "Stat": "Sum"}, "Id": "n"}
    values = []
    for value in (1.0, 2.0):
        cloudwatch.put_metric_data(
            Namespace="Own", MetricData=[{"MetricName": "n", "Value": value, "Timestamp": START}]
        )
        values += [data(cloudwatch, total)[0]["Values"] for _ in range(2)]
    assert values == [[1.0], [1.0], [3.0], [3.0]]


def test_the_length_of_a_label_is_limited(cloudwatch):
    cloudwatch.put_metric_data(Namespace="Shop", MetricData=[{"MetricName": f"M{n}", "Value": 1} for n in range(60)])
    search = {"Id": "a", "Expression": "SEARCH('{Shop}', 'Sum', 60)"}
    assert len(data(cloudwatch, {**search, "Label": "x" * 10_000})) == 60
    with pytest.raises(ClientError, match="calculates more than 2,000,000 values"):
        data(cloudwatch, {**search, "Label": "x" * 600_000})


def test_a_unit_that_is_not_the_metrics_finds_nothing(cloudwatch):
    other = query()
    other["MetricStat"]["Unit"] = "Bytes"
    assert data(cloudwatch, other)[0]["Values"] == []


@pytest.mark.parametrize(
    ("queries", "message"),
    [
        ([query(), query()], "not unique"),
        ([query(query_id="Big")], "begin with a small letter"),
        ([{"Id": "a"}], "either MetricStat or Expression"),
        ([{"Id": "a", "Expression": "b"}], "'b' is no query"),
        ([{"Id": "a", "Expression": "b"}, {"Id": "b", "Expression": "a"}], "comes back to itself"),
        ([{"Id": "a", "Expression": "SEARCH('x', 'Sum')"}], "Error in expression 'a': SEARCH: a Period is required"),
        ([{"Id": "a", "Expression": "SELECT MAX(x) FROM y"}], "Metrics Insights"),
        ([query(Period=300)], "beside that of its MetricStat"),
        ([query(stat="tm101")], "'tm101' is not supported"),
        ([query(period=7)], "Invalid period 7"),
        ([query(ReturnData=False)], "ReturnData"),
        ([query(Label="${FOO}")], "no dynamic value"),
        ([query(name="")], "MetricName|metricName"),
        ([query(AccountId="1")], "not linked"),
        ([query(query_id="a"), query(query_id="b", period=300), {"Id": "c", "Expression": "a+b"}], "same Period"),
    ],
)
def test_bad_queries(cloudwatch, queries, message):
    with pytest.raises(ClientError, match=message) as exc_info:
        data(cloudwatch, *queries)
    assert exc_info.value.response["Error"]["Code"] in {"ValidationError", "ValidationException"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"Statistics": None}, "InvalidParameterCombination"),
        ({"ExtendedStatistics": ["p50"]}, "InvalidParameterCombination"),
        ({"Statistics": None, "ExtendedStatistics": ["best"]}, "InvalidParameterValue"),
        ({"Period": 61}, "InvalidParameterValue"),
        ({"EndTime": START}, "InvalidParameterValue"),
        ({"EndTime": START + timedelta(days=2)}, "InvalidParameterCombination"),
        ({"Statistics": ["Best"]}, "InvalidParameterValue"),
    ],
)
def test_bad_statistics(cloudwatch, change, code):
    params = {
        "Namespace": "AWS/ECS",
        "MetricName": OK,
        "StartTime": START,
        "EndTime": END,
        "Period": 60,
        "Statistics": ["Sum"],
    }
    with pytest.raises(ClientError) as exc_info:
        cloudwatch.get_metric_statistics(**{name: value for name, value in (params | change).items() if value})
    assert exc_info.value.response["Error"]["Code"].removesuffix("Exception") == code


def test_an_invalid_next_token_is_refused(cloudwatch):
    with pytest.raises(cloudwatch.exceptions.InvalidNextToken):
        data(cloudwatch, query(), NextToken="bogus")
    with pytest.raises(cloudwatch.exceptions.InvalidParameterValueException):
        cloudwatch.list_metrics(NextToken="bogus")


def test_another_account_has_no_metrics(installation, traffic):
    assert installation.client("cloudwatch", key="111122223333").list_metrics()["Metrics"] == []


def test_a_period_of_one_second_is_answered_with_periods_of_five(installation):
    cloudwatch, now = installation.client("cloudwatch"), installation.clock.now()
    cloudwatch.put_metric_data(Namespace="Own", MetricData=[{"MetricName": "n", "Value": 3.0, "StorageResolution": 1}])
    times = {"StartTime": later(now, -60), "EndTime": later(now, 5)}
    asked = {"Namespace": "Own", "MetricName": "n", "Period": 1, "Statistics": ["Sum"], **times}
    assert [point["Sum"] for point in cloudwatch.get_metric_statistics(**asked)["Datapoints"]] == [3.0]
    stat = {"Metric": {"Namespace": "Own", "MetricName": "n"}, "Period": 1, "Stat": "Sum"}
    answer = cloudwatch.get_metric_data(MetricDataQueries=[{"Id": "a", "MetricStat": stat}], **times)
    assert answer["MetricDataResults"][0]["Values"] == [3.0]


def test_a_day_of_minutes_may_begin_within_a_minute(installation):
    cloudwatch, now = installation.client("cloudwatch"), installation.clock.now()
    start = later(now, 30 - now % 60)
    asked = {"Namespace": "Own", "MetricName": "n", "Period": 60, "Statistics": ["Sum"], "StartTime": start}
    assert cloudwatch.get_metric_statistics(**asked, EndTime=later(start, 86400))["Datapoints"] == []
    refused = code(cloudwatch.get_metric_statistics, **asked, EndTime=later(start, 86460))
    assert refused == "InvalidParameterCombination"


def test_anomaly_detectors_are_records(installation):
    cloudwatch = installation.client("cloudwatch")
    metric = {
        "Namespace": "shop",
        "MetricName": "orders",
        "Dimensions": [{"Name": "zone", "Value": "a"}],
        "Stat": "Sum",
    }
    settings = {"Configuration": {"MetricTimezone": "UTC"}}
    cloudwatch.put_anomaly_detector(SingleMetricAnomalyDetector=metric, **settings)
    cloudwatch.put_anomaly_detector(**metric, **settings)
    [detector] = cloudwatch.describe_anomaly_detectors(MetricName="orders")["AnomalyDetectors"]
    assert detector["SingleMetricAnomalyDetector"] == metric
    assert (detector["StateValue"], detector["Configuration"]["MetricTimezone"]) == ("PENDING_TRAINING", "UTC")
    assert cloudwatch.describe_anomaly_detectors(Namespace="other")["AnomalyDetectors"] == []
    cloudwatch.delete_anomaly_detector(SingleMetricAnomalyDetector=metric)
    for wrong in (metric, {"Namespace": "shop"}, {**metric, "SingleMetricAnomalyDetector": metric}):
        with pytest.raises(ClientError):
            cloudwatch.delete_anomaly_detector(**wrong)


def test_a_deleted_alarm_has_no_tags(installation):
    cloudwatch = installation.client("cloudwatch")
    arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:gone"
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == []


def test_a_metric_has_values_of_its_own_for_each_unit(cloudwatch):
    values = (("Milliseconds", 60_000.0), ("Seconds", 60.0), ("Seconds", 20.0))
    for unit, value in values:
        datum = {"MetricName": "Time", "Value": value, "Unit": unit, "Timestamp": START}
        cloudwatch.put_metric_data(Namespace="Own", MetricData=[datum])
    span = {"StartTime": START, "EndTime": END, "Period": 60}

    def statistics(**members: str) -> list[tuple[str, float]]:
        answer = cloudwatch.get_metric_statistics(
            Namespace="Own", MetricName="Time", Statistics=["Sum"], **span, **members
        )
        return [(point["Unit"], point["Sum"]) for point in answer["Datapoints"]]

    assert statistics() == [("Seconds", 80.0), ("Milliseconds", 60_000.0)]
    assert statistics(Unit="Milliseconds") == [("Milliseconds", 60_000.0)]
    assert statistics(Unit="Count") == []
    stat = {"Metric": {"Namespace": "Own", "MetricName": "Time"}, "Period": 60, "Stat": "Sum"}
    queries = [
        {"Id": "any", "MetricStat": stat},
        {"Id": "ms", "MetricStat": {**stat, "Unit": "Milliseconds"}},
    ]
    results = cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=START, EndTime=END)["MetricDataResults"]
    assert [result["Values"] for result in results] == [[80.0], [60_000.0]]
    listed = cloudwatch.list_metrics(Namespace="Own")["Metrics"]
    assert [metric["MetricName"] for metric in listed] == ["Time"]
