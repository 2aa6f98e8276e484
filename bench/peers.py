"""DiscoverInstances, DescribeServices and GetMetricData beside moto_server, like for like, in turns inside one run.

Run by `make bench`, or by hand: `.venv/bin/python bench/peers.py`. moto is the one in `.venv`.

Both are given the same by the same calls: an HTTP namespace, a service in it, and ten instances that were registered
with the same attributes; a cluster with ten services; an hour of five metrics. The requests are the same bytes but for
the signature, which moyai verifies and moto doesn't look at. moyai answers an equal GetMetricData from memory for up to
a second, so there is a row of equal requests, as several viewers of a dashboard send them, and one in which each has
another end. On a busy machine the processor time says more than the
rate, because moto_server has a thread for each connection. No number here is a test.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from api import CONNECTIONS, SERVICES, answers, free_port, signed
from rig.load import Load
from rig.report import show
from rig.server import Server, server, wait_until
from rig.tasks import cpu_seconds

SECONDS: Final = 2.0
ROUNDS: Final = 5
INSTANCES: Final = 10
METRICS: Final = tuple(f"metric-{number}" for number in range(5))
START: Final = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=2)
MOTO_SERVER: Final = "moto_server"
MOTO: Final = Path(sys.executable).with_name("moto_server")
METRIC_CALLS: Final = MappingProxyType(
    {
        "GetMetricData, 5 metrics of 60 minutes, equal requests": 1,
        "GetMetricData, 5 metrics of 60 minutes, each another end": 1100,
    }
)
"""Titles, and how many different requests there are: one, or more than moyai has parsed or answered in memory."""
CALLS: Final = ("DiscoverInstances, 10 instances", "DescribeServices, 10 services")


@contextmanager
def moto(program: str = str(MOTO)) -> Iterator[Server]:
    """The other server, for all services."""
    port = free_port()
    process = subprocess.Popen([program, "-p", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
    try:
        wait_until(lambda: answers(port), "moto_server answers")
        yield Server(port, Path(), process.pid)
    finally:
        process.terminate()
        process.wait()


def fill(target: Server) -> None:
    """The namespace ``bench`` with the service ``web``, which has ten instances, and the cluster ``bench`` with ten
    services without tasks.
    """
    cloudmap = target.client("servicediscovery")
    operation = cloudmap.create_http_namespace(Name="bench")["OperationId"]
    wait_until(lambda: done(cloudmap, operation), "the namespace is there")
    [namespace] = cloudmap.list_namespaces()["Namespaces"]
    service = cloudmap.create_service(Name="web", NamespaceId=namespace["Id"])["Service"]["Id"]
    for number in range(INSTANCES):
        attributes = {"AWS_INSTANCE_IPV4": f"10.0.0.{number + 1}", "AWS_INSTANCE_PORT": "8080", "zone": "a"}
        cloudmap.register_instance(ServiceId=service, InstanceId=f"i{number}", Attributes=attributes)
    wait_until(lambda: found(cloudmap) == INSTANCES, "all instances are found")
    ecs = target.client("ecs")
    ecs.create_cluster(clusterName="bench")
    app = {"name": "app", "image": "moyai.local/host", "memory": 128}
    ecs.register_task_definition(family="bench", containerDefinitions=[app])
    for name in SERVICES:
        ecs.create_service(cluster="bench", serviceName=name, taskDefinition="bench", desiredCount=0, launchType="EC2")


def done(cloudmap: Any, operation: str) -> bool:  # noqa: ANN401 (botocore makes its clients' classes at run time)
    """Whether an operation has succeeded."""
    return bool(cloudmap.get_operation(OperationId=operation)["Operation"]["Status"] == "SUCCESS")


def found(cloudmap: Any) -> int:  # noqa: ANN401
    """How many instances are found."""
    return len(cloudmap.discover_instances(NamespaceName="bench", ServiceName="web")["Instances"])


def fill_metrics(target: Server) -> None:
    """Five metrics with a value for each minute of an hour that is over."""
    cloudwatch = target.client("cloudwatch")
    for name in METRICS:
        values = [
            {"MetricName": name, "Value": float(minute), "Timestamp": START + timedelta(minutes=minute)}
            for minute in range(60)
        ]
        cloudwatch.put_metric_data(Namespace="bench", MetricData=values)


def metric_data(target: Server, ends: int) -> Sequence[bytes]:
    """Raw GetMetricData of all metrics, as botocore signs and sends them, with so many different ends of the time."""
    cloudwatch, requests = target.client("cloudwatch"), []
    cloudwatch.meta.events.register("before-send", lambda request, **_: requests.append(request))
    queries = [
        {
            "Id": f"m{n}",
            "MetricStat": {"Metric": {"Namespace": "bench", "MetricName": name}, "Period": 60, "Stat": "Sum"},
        }
        for n, name in enumerate(METRICS)
    ]
    for seconds in range(ends):
        end = START + timedelta(hours=1, seconds=seconds)
        answer = cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=START, EndTime=end)
        assert [len(result["Values"]) for result in answer["MetricDataResults"]] == [60] * len(METRICS)  # noqa: S101
    return [_raw(target, request) for request in requests]


def _raw(target: Server, request: Any) -> bytes:  # noqa: ANN401 (botocore's)
    texts = {name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()}
    lines = [f"Host: 127.0.0.1:{target.port}", *(f"{name}: {value}" for name, value in texts.items())]
    head = "\r\n".join((f"POST {urlsplit(request.url).path} HTTP/1.1", *lines, "", ""))
    return head.encode() + bytes(request.body)


def main() -> None:
    """Both in turns."""
    print(f"load: {CONNECTIONS} connections, closed loop, {ROUNDS} rounds of {SECONDS} s in turn")
    with server("--runtime", "sim", keys=True) as ours, moto() as theirs:
        targets = {MOTO_SERVER: theirs, "moyai, signatures verified": ours}
        for target in targets.values():
            fill(target)
            fill_metrics(target)
        for call in CALLS:
            measure(call, targets, {name: [signed(target, call)] for name, target in targets.items()})
        for title, ends in METRIC_CALLS.items():
            measure(title, targets, {name: metric_data(target, ends) for name, target in targets.items()})


def measure(call: str, targets: Mapping[str, Server], requests: Mapping[str, Sequence[bytes]]) -> None:
    """Requests a second of each and their processor time, in turns."""
    rates: dict[str, list[float]] = {name: [] for name in targets}
    costs: dict[str, list[float]] = {name: [] for name in targets}
    for _ in range(ROUNDS):
        for name, target in targets.items():
            used = cpu_seconds(target.pid)
            result = Load("127.0.0.1", target.port, CONNECTIONS, SECONDS).run(requests[name])
            rates[name].append(result.rate)
            costs[name].append(1e6 * (cpu_seconds(target.pid) - used) / result.requests)
    show(call, "requests/s", rates, MOTO_SERVER)
    show(f"{call}: processor time for each", "µs", costs, MOTO_SERVER)


if __name__ == "__main__":
    main()
