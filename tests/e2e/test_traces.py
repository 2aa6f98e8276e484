"""Two services, real Envoys, every request traced: one trace has both sides, here and in a collector of the user's."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from moyai.telemetry.traces.otlp import decode_spans
from moyai.telemetry.traces.span import RawSpan
from tests.e2e.appmesh.stage import Stage, listener
from tests.e2e.guide import PROJECT, blocks_of, run_commands
from tests.e2e.installation import Installation
from tests.e2e.stack import Cluster, app, offer
from tests.e2e.waiting import eventually

pytestmark = [pytest.mark.e2e, pytest.mark.root]


class TraceCollector(ThreadingHTTPServer):
    """Takes spans by OTLP over HTTP."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), TraceCollectorHandler)
        self.spans: list[RawSpan] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class TraceCollectorHandler(BaseHTTPRequestHandler):
    server: TraceCollector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/v1/traces":
            self.server.spans += decode_spans(body)
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def collector() -> Iterator[TraceCollector]:
    collector = TraceCollector()
    yield collector
    collector.shutdown()
    collector.server_close()


@pytest.fixture(scope="module")
def cluster(make_installation, collector) -> Cluster:
    """A caller that requests ``catalog`` all the time, and has an alias without endpoints."""
    url = f"http://127.0.0.1:{collector.server_address[1]}"
    installation = make_installation("--trace-sampling", "100", "--otlp-endpoint", url)
    installation.up()
    cluster = Cluster(installation, "traced", "traced")
    cluster.serve("catalog", cluster.define("traced-catalog", app("web", 8080, "http")), offer("web", "catalog"))
    cluster.steady("catalog")
    command = ["python3", "-m", "tests.e2e.apps.caller", "http://catalog/"]
    cluster.serve("front", cluster.define("traced-front", app("caller", command=command)))
    cluster.steady("front")
    return cluster


def moyai_json(installation: Installation, *words: str) -> Any:
    return json.loads(installation.moyai(*words, "--json").splitlines()[0])


def complete_trace(installation: Installation) -> list[dict[str, Any]]:
    """The spans of a trace that has both sides; empty if there is none yet."""
    traces = moyai_json(installation, "trace")
    both = ({"client", "server"} <= {span["kind"] for span in spans} and spans for spans in traces)
    return next(filter(None, both), [])


def test_a_trace_has_the_callers_request_its_attempt_and_the_called_service(cluster, collector):
    installation = cluster.installation
    spans = eventually(lambda: complete_trace(installation), "a trace with both sides is here")
    by_id = {span["id"]: span for span in spans}
    (server,) = (span for span in spans if span["kind"] == "server")
    attempt = by_id[server["parent"]]
    request = by_id[attempt["parent"]]
    assert [s["resource"]["service.name"] for s in (request, attempt, server)] == ["front", "front", "catalog"]
    assert server["attributes"]["http.request.method"] == attempt["attributes"]["http.request.method"] == "GET"
    (task,) = cluster.tasks("catalog")
    assert server["resource"]["aws.ecs.task.arn"] == task["taskArn"]
    assert attempt["attributes"]["network.peer.port"] == 8080
    known = {span["id"] for span in spans}
    eventually(lambda: known <= {span.id for span in collector.spans}, "the collector has all of them")
    tags = next(span.tags for span in collector.spans if span.id == server["id"])
    assert tags["url.path"] == "/"

    request_id = request["attributes"]["http.request.header.x-request-id"]
    said = installation.moyai("explain", request_id)
    assert "catalog serves GET / 200" in said
    assert "1 attempts, 0 of them retries" in said


def test_requests_are_seen_as_they_happen(cluster):
    installation = cluster.installation
    tapped = moyai_json(installation, "tap", "catalog", "--source", "front", "--status", "2xx", "--limit", "1")
    assert (tapped["caller"], tapped["kind"]) == ("front", "server")


def test_the_proxy_shows_what_it_has_and_why_calls_end_as_they_do(cluster):
    installation = cluster.installation
    rows = json.loads(installation.moyai("proxy", "endpoints", "front", "--json"))
    (called,) = [row for row in rows if "egress/web" in row["cluster"]]
    assert (called["state"], int(called["requests"]) > 0) == ("HEALTHY", True)
    routes = json.loads(installation.moyai("proxy", "routes", "front", "--json"))
    assert any(row["to"] == called["cluster"] and row["retries"].startswith("2 on ") for row in routes)
    assert any(
        row["cluster"] == called["cluster"]
        for row in json.loads(installation.moyai("proxy", "clusters", "front", "--json"))
    )
    stats = json.loads(installation.moyai("proxy", "stats", "front", "--filter", "upstream_rq_2xx", "--json"))
    assert stats
    explained = json.loads(installation.moyai("explain", "front", "catalog:80", "--json"))
    assert (explained["verdict"], explained["service"]) == ("reachable", "traced/catalog")
    assert {route["timeout"] for route in explained["routes"]} == {"15s"}
    assert json.loads(installation.moyai("explain", "front", "catalogue", "--json"))["verdict"] == "unknown-name"


def test_a_call_through_app_mesh_has_a_span_of_each_virtual_node(cluster, collector):
    stage = Stage(cluster.installation, "traced-mesh")
    stage.node("color", listener())
    stage.colour("color", 8080)
    stage.service("color", node="color")
    asking = stage.client("asking", "color")
    stage.cluster.steady("color")
    url = f"http://{stage.fqdn('color')}:8080/traced"
    eventually(lambda: asking.get(url).get("status") == 200, "the node answers")

    def spans() -> list[dict[str, Any]]:
        traces = moyai_json(cluster.installation, "trace", "--service", "color")
        trace = moyai_json(cluster.installation, "trace", traces[0][0]["trace"]) if traces else []
        return sorted(trace, key=lambda span: str(span["kind"])) if len(trace) == 2 else []

    request, served = eventually(spans, "a trace of the mesh is complete")
    assert [span["resource"]["service.name"] for span in (request, served)] == ["asking", "color"]
    assert [span["kind"] for span in (request, served)] == ["client", "server"]
    assert served["parent"] == request["id"]
    assert served["resource"]["appmesh.mesh"] == "traced-mesh"
    assert (request["name"], request["attributes"]["url.path"]) == ("GET", "/traced")
    eventually(lambda: served["id"] in {span.id for span in collector.spans}, "the collector has them, too")


@pytest.mark.heavy
@pytest.mark.parametrize("page", ["diagnostics.md", "traces.md"])
def test_the_commands_of_a_guide_page_run_as_printed(page, cluster):
    for block in blocks_of(page):
        ran = run_commands(block, cluster.installation, PROJECT)
        assert ran.returncode == 0, f"{block}\n{ran.stdout}\n{ran.stderr}"
        assert ran.stdout
