"""CloudWatch's counts of each edge equal those of the callers, to the request."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from moyai.plan.task.shutdown import REPORT_LIMIT
from tests.e2e.installation import MOYAI, Installation
from tests.e2e.stack import Cluster, Probe, app, offer
from tests.e2e.waiting import PATIENCE, eventually, while_it_lasts

pytestmark = [pytest.mark.e2e, pytest.mark.root]

WEB = {"kind": "http", "url": "http://web/"}
HASTY = {"kind": "http", "url": "http://web/", "keep": False}
RPC = {"kind": "rpc", "target": "rpc:50051"}
LINES = {"kind": "lines", "host": "lines", "port": 7000}
LOADS = {"first": (WEB, HASTY, RPC, LINES), "second": (WEB,)}
ANSWERING = [{"Name": "TargetDiscoveryName", "Value": "metrics-web"}]
TARGETS = {"http": "metrics-web", "rpc": "metrics-rpc", "lines": "metrics-lines"}


@pytest.fixture(scope="module")
def cluster(server):
    new_cluster = Cluster(server, "metrics", "metrics")
    definition = new_cluster.define(
        "metrics-servers", app("web", 8080, "http"), app("rpc", 50051, "grpc"), app("lines", 7000)
    )
    names = {name: f"metrics-{name}" for name in ("web", "rpc", "lines")}
    new_cluster.serve(
        "servers",
        definition,
        offer("web", "web", 80, discoveryName=names["web"]),
        offer("rpc", "rpc", 50051, discoveryName=names["rpc"]),
        offer("lines", "lines", 7000, discoveryName=names["lines"]),
        count=2,
    )
    new_cluster.steady("servers")
    return new_cluster


@pytest.fixture(scope="module")
def sent_requests(cluster):
    """How many requests each edge got: caller and target to count."""
    counts: Counter[tuple[str, str]] = Counter()
    for caller, load in LOADS.items():
        probe = cluster.probe(f"metrics-{caller}")
        for ask in load:
            probe.begin(ask, rate=50)
            eventually(partial(has_sent, probe, 25))
            results = probe.end()
            assert results["failures"] == []
            counts[f"metrics-{caller}", TARGETS[str(ask["kind"])]] += results["sent"]
    return counts


def has_sent(probe: Probe, count: int) -> bool:
    return bool(probe.results()["sent"] >= count)


def requests(sent: Mapping[tuple[str, str], int], target: str) -> int:
    """How many a target got, from whomever."""
    return sum(count for (_, name), count in sent.items() if name == target)


def each(
    server: Installation,
    name: str,
    dimensions: Mapping[str, str],
    namespace: str = "AWS/ECS",
    statistic: str = "Sum",
) -> list[float]:
    """Of each of the last thirty minutes that has any."""
    now = datetime.now(UTC)
    points = server.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        StartTime=now - timedelta(minutes=30),
        EndTime=now + timedelta(minutes=2),
        Period=60,
        Statistics=[statistic],
    )["Datapoints"]
    return [point[statistic] for point in points]


def total(server: Installation, name: str, dimensions: Mapping[str, str], *more: str) -> float:
    """The last half hour's."""
    return sum(each(server, name, dimensions, *more))


def has_reached(server: Installation, name: str, dimensions: Mapping[str, str], count: int) -> bool:
    return total(server, name, dimensions) >= count


def test_each_connection_counts_exactly_the_sent_requests(server, cluster, sent_requests):
    for (caller, target), count in sent_requests.items():
        dimensions = {"TargetDiscoveryName": target, "ServiceName": caller, "ClusterName": "metrics"}
        if target == "metrics-web":
            eventually(
                partial(has_reached, server, "HTTPCode_Target_2XX_Count", dimensions, count), f"{caller} {target}"
            )
            assert total(server, "HTTPCode_Target_2XX_Count", dimensions) == count
            assert total(server, "HTTPCode_Target_5XX_Count", dimensions) == 0


def test_each_endpoint_counts_exactly_the_requests_of_all_callers(server, cluster, sent_requests):
    for target, metric in {"metrics-web": "RequestCount", "metrics-rpc": "GrpcRequestCount"}.items():
        count = requests(sent_requests, target)
        for dimensions in (
            {"DiscoveryName": target},
            {"DiscoveryName": target, "ServiceName": "servers", "ClusterName": "metrics"},
        ):
            eventually(partial(has_reached, server, metric, dimensions, count), f"{metric} of {target}")
            assert total(server, metric, dimensions) == count


def test_a_tcp_endpoint_counts_connections_and_bytes(server, cluster, sent_requests):
    count = sent_requests["metrics-first", "metrics-lines"]
    dimensions = {"DiscoveryName": "metrics-lines"}
    eventually(lambda: total(server, "NewConnectionCount", dimensions) >= count)
    assert total(server, "NewConnectionCount", dimensions) == count
    assert total(server, "ProcessedBytes", dimensions) == count * len(b"hello\n")
    assert total(server, "RequestCount", dimensions) == 0


def test_counters_do_not_grow_without_calls(server, cluster, sent_requests):
    count, dimensions = requests(sent_requests, "metrics-web"), {"DiscoveryName": "metrics-web"}
    eventually(partial(has_reached, server, "RequestCount", dimensions, count))
    while_it_lasts(3)  # three reports of every proxy
    assert total(server, "RequestCount", dimensions) == count


def test_response_times_are_listed_with_percentiles_in_milliseconds(server, cluster, sent_requests):
    by_id = eventually(partial(response_times, server, requests(sent_requests, "metrics-web")))
    assert 0 < max(by_id["p50"]) <= max(by_id["p99"]) < 10_000, by_id
    assert sum(by_id["samplecount"]) == requests(sent_requests, "metrics-web")
    cloudwatch = server.client("cloudwatch")
    response = cloudwatch.list_metrics(Namespace="AWS/ECS", MetricName="TargetResponseTime", Dimensions=ANSWERING)
    assert response["Metrics"]


def response_times(server: Installation, count: int) -> Any:
    """Of the answers of web, once there are so many."""
    now = datetime.now(UTC)
    answer = server.client("cloudwatch").get_metric_data(
        StartTime=now - timedelta(minutes=30),
        EndTime=now + timedelta(minutes=2),
        MetricDataQueries=[
            {
                "Id": stat.lower(),
                "MetricStat": {
                    "Metric": {"Namespace": "AWS/ECS", "MetricName": "TargetResponseTime", "Dimensions": ANSWERING},
                    "Period": 1800,
                    "Stat": stat,
                },
            }
            for stat in ("p50", "p99", "SampleCount")
        ],
    )["MetricDataResults"]
    found = {result["Id"]: result["Values"] for result in answer}
    return found if sum(found["samplecount"]) >= count else None


def mesh_table(server: Installation, count: int) -> Any:
    """The table of ``moyai mesh``, once it has so many requests."""
    document = json.loads(server.moyai("mesh", "--json", "--cluster", "metrics", "--since", "1h"))
    return document if sum(edge["requests"] for edge in document["edges"]) >= count else None


def test_the_mesh_command_shows_each_edge_to_the_request(server, cluster, sent_requests):
    mesh = eventually(partial(mesh_table, server, sum(sent_requests.values())))
    edges = {(edge["caller"]["service"], edge["target"]): edge for edge in mesh["edges"]}
    assert {key: edge["requests"] for key, edge in edges.items()} == sent_requests
    for (caller, target), edge in edges.items():
        assert edge["caller"] == {"cluster": "metrics", "service": caller}
        assert edge["targets"] == [{"cluster": "metrics", "service": "servers"}]
        assert edge["namespace"] == "metrics"
        assert edge["protocol"] == ("tcp" if target == TARGETS["lines"] else "http")
        assert edge["rate"] == pytest.approx(edge["requests"] / mesh["seconds"])
        assert (edge["failures"], edge["success"], edge["deploying"]) == (0, 1.0, [])


def test_the_mesh_command_prints_a_table_where_there_is_no_terminal(server, cluster, sent_requests):
    eventually(partial(mesh_table, server, sum(sent_requests.values())))
    output = server.moyai("mesh", "--service", TARGETS["http"])
    assert "\x1b" not in output
    for caller, target in sent_requests:
        is_there = any(caller in line and target in line for line in output.splitlines())
        assert is_there == (target == TARGETS["http"]), output


def test_the_mesh_command_refreshes_in_a_terminal_until_q(server, cluster, sent_requests):
    controller, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
    before = termios.tcgetattr(terminal)
    command = [*MOYAI, "mesh", "--cluster", "metrics", "--since", "1h"]
    environment = server.environment() | {"TERM": "xterm"}
    with (
        subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=environment) as mesh,
        ExitStack() as ends,
    ):
        ends.callback(mesh.kill)  # or it would be waited for for ever after a failure
        until = read_until(controller, "metrics/metrics-first")
        os.write(controller, b"/second\n")
        read_until(controller, "find: second (Esc)")
        os.write(controller, b"q")
        rest = read_until(controller, "\x1b[?1049l")
        assert mesh.wait(30) == 0
    assert "\x1b[?1049h" in until
    assert "metrics-web" in until
    assert "Traceback" not in until + rest
    assert termios.tcgetattr(terminal) == before
    for end in (controller, terminal):
        os.close(end)


def read_until(terminal: int, wanted: str) -> str:
    """What a terminal shows up to something, which has to come before long, and before much else does."""
    seen, until = b"", time.monotonic() + PATIENCE
    while wanted not in seen.decode(errors="ignore"):
        assert time.monotonic() < until, seen.decode(errors="ignore")[-2000:]
        assert len(seen) < 200_000, seen.decode(errors="ignore")[-2000:]
        assert select.select([terminal], [], [], 60)[0], seen.decode(errors="ignore")[-2000:]
        seen += os.read(terminal, 65536)
    return seen.decode(errors="ignore")


def test_task_usage_is_in_cloudwatch_and_container_insights(server, cluster, sent_requests, topology):
    dimensions = {"ClusterName": "metrics", "ServiceName": "servers"}
    cluster.ecs.update_cluster_settings(
        cluster="metrics", settings=[{"name": "containerInsights", "value": "enhanced"}]
    )

    def most(name: str, namespace: str = "ECS/ContainerInsights") -> float:
        return max(each(server, name, dimensions, namespace, "Maximum"), default=0.0)

    # Calls inside of a shared proxy cross no network.
    network = () if topology == "node" else ("NetworkRxBytes", "NetworkTxBytes")
    for name in ("CpuUtilized", "MemoryUtilized", *network, "RunningTaskCount"):
        eventually(partial(most, name), f"{name} is there")
    assert most("RunningTaskCount") == 2
    assert most("CpuUtilized") < most("CpuReserved") == 1024
    assert most("MemoryUtilized") < most("MemoryReserved") == 2048
    assert 0 < most("CPUUtilization", "AWS/ECS") < 100
    assert 0 < most("MemoryUtilization", "AWS/ECS") < 100


def test_a_client_without_targets_reports_and_stops(server):
    lonely = Cluster(server, "lonely", "lonely")
    lonely.serve("client", lonely.define("lonely-client", app("probe", 8080, "http")))
    lonely.steady("client")
    (task,) = lonely.tasks("client")
    lonely.update("client", desiredCount=0)
    lonely.quiet("client")
    (ended_task,) = lonely.ecs.describe_tasks(cluster="lonely", tasks=[task["taskArn"]])["tasks"]
    assert (ended_task["executionStoppedAt"] - ended_task["stoppingAt"]).total_seconds() < REPORT_LIMIT
