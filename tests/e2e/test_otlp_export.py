"""A collector of the user's own gets what the mesh counts, and it is what CloudWatch says."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote

import pytest

from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, offer
from tests.e2e.waiting import eventually
from tests.unit.telemetry.receiver import ReceivedPoint, received_points

pytestmark = [pytest.mark.e2e]

TOKEN = "open sesame"


class Collector(ThreadingHTTPServer):
    """Takes OTLP over HTTP, of those who bring its token; refuses the first export."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), CollectorHandler)
        self.refused = 0
        self.points: list[ReceivedPoint] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def newest(self, name: str) -> dict[str, int]:
        """The last count of each service."""
        return {point.resource["service.name"]: point.point.as_int for point in self.points if point.name == name}


class CollectorHandler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        assert self.headers["authorization"] == f"Bearer {TOKEN}"
        self.server.refused += 1
        if self.server.refused > 1:
            self.server.points += received_points(body)
        self.send_response(200 if self.server.refused > 1 else 503)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    new_collector = Collector()
    yield new_collector
    new_collector.shutdown()
    new_collector.server_close()


@pytest.fixture
def installation(tmp_path, collector) -> Iterator[Installation]:
    headers = f"authorization=Bearer {quote(TOKEN)}"
    options = ("--otlp-endpoint", collector.url, "--otlp-headers", headers)
    new_installation = Installation(tmp_path / "state", "--runtime", "sim", *options)
    new_installation.state.mkdir()
    new_installation.up()
    yield new_installation
    assert TOKEN not in new_installation.log.read_text()
    assert new_installation.leave() == []


def container(name: str, *words: str) -> dict[str, Any]:
    return {"name": name, "image": "any", "command": ["sim", *words]}


def sums(installation: Installation) -> list[float]:
    """The requests of each minute so far, as CloudWatch has them."""
    now = datetime.now(UTC)
    response = installation.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/ECS",
        MetricName="RequestCount",
        Dimensions=[{"Name": "DiscoveryName", "Value": "stock"}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=1),
        Period=60,
        Statistics=["Sum"],
    )
    return [point["Sum"] for point in response["Datapoints"]]


def test_the_collector_has_every_request(installation, collector):
    cluster = Cluster(installation, "shop", "shop")
    stock = container("stock") | {"portMappings": [{"name": "stock", "containerPort": 80, "appProtocol": "http"}]}
    cluster.serve("stock", cluster.define("stock", stock), offer("stock", "stock"))
    cluster.steady("stock")
    cluster.serve("front", cluster.define("front", container("front", "calls=stock:40")))
    cluster.steady("front")
    eventually(lambda: collector.newest("moyai.mesh.requests").get("front"), "the caller's requests are delivered")
    cluster.update("front", desiredCount=0)
    cluster.quiet("front")

    def all_are_delivered() -> bool:  # both go on counting until the last export of a proxy that is gone is in
        served = collector.newest("moyai.mesh.served_requests").get("stock")
        return bool(served == sum(sums(installation)) > 0)

    eventually(all_are_delivered, "all are delivered")
    [point] = [first_point for first_point in collector.points if first_point.name == "moyai.mesh.served_requests"][-1:]
    assert point.resource["aws.ecs.cluster.arn"].endswith(":cluster/shop")
    assert point.resource["aws.ecs.task.arn"] in {task["taskArn"] for task in cluster.tasks("stock")}
