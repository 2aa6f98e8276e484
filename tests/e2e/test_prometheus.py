"""Prometheus's counts equal those of CloudWatch and of the callers, to the request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from tests.e2e.prometheus import Prometheus
from tests.e2e.stack import Cluster, app, offer
from tests.e2e.test_metrics import has_sent, total
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]

WEB = {"kind": "http", "url": "http://web/"}
WHOSE = {"TargetDiscoveryName": "web", "ServiceName": "caller", "ClusterName": "scraped"}
OWN = "Moyai/ServiceConnect"
AGREE = {
    'sum by (service) (moyai_mesh_responses_total{code_class="2xx"})': ("HTTPCode_Target_2XX_Count", "AWS/ECS"),
    'sum by (service) (moyai_mesh_responses_total{code_class="5xx"})': ("HTTPCode_Target_5XX_Count", "AWS/ECS"),
    'sum by (service) (moyai_mesh_requests_total{target="web"})': ("TargetRequestCount", OWN),
    "sum by (service) (moyai_mesh_failures_total)": ("RequestFailureCount", OWN),
    "sum by (service) (moyai_mesh_retries_total)": ("RetryCount", OWN),
}


@pytest.fixture(scope="module")
def scraped_installation(make_installation, tmp_path_factory):
    """An installation with a caller and a target, and a Prometheus that scrapes it."""
    installation = make_installation()
    installation.up()
    prometheus = Prometheus(tmp_path_factory.mktemp("prometheus"), installation.port)
    try:
        cluster = Cluster(installation, "scraped", "scraped")
        cluster.serve("web", cluster.define("web", app("web", 8080, "http")), offer("web", "web", 80))
        cluster.steady("web")
        yield installation, prometheus, cluster.probe("caller")
    finally:
        prometheus.close()


def test_the_control_plane_exports_its_own_metrics(scraped_installation):
    installation, prometheus, _ = scraped_installation
    installation.client("ecs").list_clusters()
    assert eventually(lambda: set(prometheus.ask("up == 1").keys()) == {"moyai", "mesh"})
    for query in (
        'sum(moyai_requests_total{service="ecs",operation="ListClusters",status="200"}) > 0',
        'sum(moyai_request_duration_seconds_count{service="ecs"}) > 0',
        'sum(moyai_reconcile_keys_total{outcome="done"}) > 0',
        'sum(moyai_xds_responses_total{what="pushed"}) > 0',
        'moyai_proxies{state="synced"} == 2',
        "moyai_tasks == 2",
        "moyai_store_commit_duration_seconds_count > 0",
        "process_resident_memory_bytes > 0",
        "moyai_info == 1",
    ):
        assert eventually(partial(prometheus.ask, query), query)


def test_prometheus_and_cloudwatch_count_the_same_across_a_kill(scraped_installation):
    installation, prometheus, probe = scraped_installation
    first = load(probe)
    agree(installation, prometheus, first, failed=1)
    installation.kill()
    installation.up()
    agree(installation, prometheus, first + load(probe), failed=2)
    assert prometheus.ask("sum by (service) (resets(moyai_mesh_responses_total[10m]))") == {"caller": 0}


def load(probe):
    """How many requests went well; one more failed."""
    probe.begin(WEB, rate=100)
    eventually(partial(has_sent, probe, 100))
    results = probe.end()
    assert results["failures"] == []
    assert probe.ask("http", url="http://web/status/500")["status"] == 500
    return results["sent"]


def agree(installation, prometheus, sent, failed):
    """All that can be compared is equal, once the last request is in."""
    made = 'sum by (service) (moyai_mesh_requests_total{target="web"})'
    eventually(lambda: prometheus.ask(made).get("caller") == sent + failed, f"{sent} and {failed} requests")
    times = "sum by (service) (moyai_mesh_response_time_seconds_count)"
    all_that_agree = AGREE | {times: ("TargetResponseTime", "AWS/ECS", "SampleCount")}

    def differences() -> dict[str, tuple[float, float]]:  # a scrape may be older than what CloudWatch is asked
        pairs = {
            query: (prometheus.ask(query).get("caller", 0), total(installation, metric, WHOSE, *more))
            for query, (metric, *more) in all_that_agree.items()
        }
        return {query: (scraped, counted) for query, (scraped, counted) in pairs.items() if scraped != counted}

    eventually(lambda: not differences(), "both count the same")
    assert prometheus.ask('sum by (service) (moyai_mesh_responses_total{code_class="2xx"})') == {"caller": sent}
    assert prometheus.ask('sum by (service) (moyai_mesh_responses_total{code_class="5xx"})') == {"caller": failed}


def test_prometheus_percentiles_equal_cloudwatchs(scraped_installation):
    installation, prometheus, _ = scraped_installation
    query = "histogram_quantile(0.5, sum by (le) (moyai_mesh_response_time_seconds_bucket))"
    now = datetime.now(UTC)
    [point] = installation.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/ECS",
        MetricName="TargetResponseTime",
        Dimensions=[{"Name": name, "Value": value} for name, value in WHOSE.items()],
        StartTime=now - timedelta(minutes=30),
        EndTime=now,
        Period=3600,
        ExtendedStatistics=["p50"],
    )["Datapoints"]
    assert prometheus.ask(query)[""] * 1000 == pytest.approx(point["ExtendedStatistics"]["p50"], rel=0.01)
