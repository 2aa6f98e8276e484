"""The load generator, the application and CloudWatch count the same, whatever happens meanwhile.

A kill of the control plane is among it: proxies count on, and what they have counted comes once.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, Probe, app, checked, offer
from tests.e2e.waiting import eventually, while_it_lasts

pytestmark = [pytest.mark.e2e, pytest.mark.root]

SAVED = 6  # seconds within which what was counted is on disk
SERVER = {"DiscoveryName": "exact", "ServiceName": "exact", "ClusterName": "exact"}
CALLER = {"TargetDiscoveryName": "exact", "ServiceName": "exact-caller", "ClusterName": "exact"}
OWN = "Moyai/ServiceConnect"
BOUNDS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 1500, 2000)
"""Of the histogram; milliseconds."""
LATENCIES = ("/slow/30",) * 7 + ("/slow/120",) * 2 + ("/slow/600",)
COUNTING = app("counting", 8080, "http", healthCheck=checked(8080))
"""Healthy once it listens: what a proxy answers in the place of one that does not yet, no application counts."""
KINDS = ("/ok", "/ok", "/status/503", "/ok", "/status/500", "/slow/20", "/status/404", "/status/302")


@pytest.fixture(scope="module")
def installation(installed: Callable[[], Installation]) -> Installation:
    made = installed()
    made.up()
    return made


@pytest.fixture(scope="module")
def cluster(installation: Installation) -> Cluster:
    made = Cluster(installation, "exact", "exact")
    definition = made.define("exact", COUNTING)
    made.serve("exact", definition, offer("counting", "exact", discoveryName="exact"), count=2)
    made.serve("exact-caller", made.define("exact-caller", app("probe", 8080, "http")), public=True)
    made.steady("exact", "exact-caller")
    return made


@pytest.fixture(scope="module")
def probe(cluster: Cluster) -> Probe:
    made = Probe(cluster.public_address("exact-caller"), 8080)
    eventually(made.answers, "the caller answers")
    return made


@pytest.fixture(scope="module")
def times(installation: Installation, cluster: Cluster, probe: Probe) -> list[float]:
    """Milliseconds of requests none of which fails, and nothing else has been asked yet."""
    tally = load(probe, 6, 2.5, LATENCIES)
    assert set(tally["statuses"]) == {"200"}
    eventually(partial(counted, installation, len(tally["times"])), "every request is counted")
    return list(tally["times"])


def load(probe: Probe, callers: int, seconds: float, paths: tuple[str, ...]) -> Any:
    command = ("python3", "-m", "tests.e2e.apps.mixed", "http://exact/", str(callers), str(seconds), *paths)
    ran = probe.run(*command)
    assert ran["code"] == 0, ran
    return json.loads(ran["out"])


def counted(installation: Installation, count: int) -> bool:
    return total(installation, "TargetRequestCount", CALLER, OWN) >= count


def statistics(installation: Installation, name: str, whose: Mapping[str, str], namespace: str, **asked: Any) -> Any:
    now = datetime.now(UTC)
    return installation.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in whose.items()],
        StartTime=now - timedelta(minutes=20),
        EndTime=now + timedelta(minutes=1),
        **asked,
    )["Datapoints"]


def total(
    installation: Installation, name: str, whose: Mapping[str, str], namespace: str = "AWS/ECS", period: int = 60
) -> float:
    points = statistics(installation, name, whose, namespace, Period=period, Statistics=["Sum"])
    return float(sum(point["Sum"] for point in points))


def stood(cluster: Cluster) -> set[str]:
    """The service's tasks, those that have stopped too."""
    return {task["taskArn"] for status in ("RUNNING", "STOPPED") for task in cluster.tasks("exact", status)}


def got(cluster: Cluster, arns: set[str]) -> int:
    """How many requests the application has written down, in all its tasks."""
    return sum(line.startswith("got ") for arn in arns for line in cluster.said(arn, "counting"))


@pytest.mark.parametrize("percentile", [50, 80, 95, 99])
def test_percentiles_agree_within_a_bucket(installation, times, percentile):
    name = f"p{percentile}"
    asked = {"Period": 1800, "ExtendedStatistics": [name]}
    [point] = statistics(installation, "TargetResponseTime", CALLER, "AWS/ECS", **asked)
    measured = times[min(len(times) * percentile // 100, len(times) - 1)]
    away = bisect_left(BOUNDS, measured) - bisect_left(BOUNDS, point["ExtendedStatistics"][name])
    assert abs(away) <= 1, (point, measured)


def test_everyone_counts_the_same_through_failures_a_deployment_and_a_kill(installation, cluster, probe, times):
    arns = {task["taskArn"] for task in cluster.tasks("exact")}
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(load, probe, 6, 7, KINDS)
        while_it_lasts(1)
        cluster.update("exact", taskDefinition=cluster.define("exact", COUNTING))
        tally = Counter(sending.result()["statuses"])
        cluster.steady("exact")
        cluster.quiet("exact")
        arns |= stood(cluster)
        # what a proxy counted last is lost where it ends while nobody listens, or less than a save before the kill
        eventually(lambda: total(installation, "RequestCount", SERVER) >= got(cluster, arns), "the ended have reported")
        while_it_lasts(SAVED)
        sending = pool.submit(load, probe, 6, 6, KINDS)
        while_it_lasts(1)
        installation.kill()
        while_it_lasts(2)
        installation.up()
        tally += Counter(sending.result()["statuses"])
    arns |= stood(cluster)
    assert len(arns) == 4
    statuses = Counter({"200": len(times)}) + tally
    sent = statuses.total()
    assert statuses["none"] == 0
    eventually(partial(counted, installation, sent), f"all {sent} requests are counted")
    of = partial(total, installation)
    for period in (60, 5):
        assert of("TargetRequestCount", CALLER, OWN, period) == sent
        assert of("RequestFailureCount", CALLER, OWN, period) == statuses["500"] + statuses["503"]
        for cls, codes in {"2XX": ("200",), "3XX": ("302",), "4XX": ("404",), "5XX": ("500", "503")}.items():
            count = sum(statuses[code] for code in codes)
            assert of(f"HTTPCode_Target_{cls}_Count", CALLER, period=period) == count > 0
    attempts = got(cluster, arns)
    assert attempts > sent
    eventually(lambda: of("RequestCount", SERVER) >= attempts, f"all {attempts} attempts are counted")
    for whose in (SERVER, {"DiscoveryName": "exact"}):
        assert of("RequestCount", whose) == attempts
    assert of("RetryCount", CALLER, OWN) == attempts - sent
