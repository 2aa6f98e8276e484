"""The access logs of real Envoys, whatever a client sends."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import (
    Destination,
    EndpointGroup,
    EndpointGroupSource,
    InboundPort,
    Member,
    MeshIR,
    MeshService,
    OutboundView,
    OutlierPolicy,
    Protocol,
    RouteRule,
    RouteRules,
    ServiceAddress,
    StdoutLog,
    StreamSplit,
    TimeoutPolicy,
    WeightedDestination,
    Workload,
)
from tests.e2e.envoy_rig import Rig, rig
from tests.e2e.rig_app import App

pytestmark = [pytest.mark.e2e, pytest.mark.root]

CALLER, BACK = WorkloadId("caller"), WorkloadId("back")
TIMEOUTS = TimeoutPolicy(request=15, idle=300)
HTTP, STREAM = ("127.255.0.1", 80), ("127.255.0.2", 6379)
REDIRECTS = {"10.99.0.1:8081": 15101, "10.99.0.1:8084": 15101, "127.255.0.0/16": 15001}
HOSTILE = (
    b'GET /a"b?token=secret HTTP/1.1\r\nhost: back\r\nuser-agent: x" 200 "\ty\xe9\r\nx-request-id: "}\r\n'
    b'x-forwarded-for: 1.2.3.4" \r\nx-envoy-original-path: /forged?token=secret\r\nconnection: close\r\n\r\n'
)
TEXT = re.compile(
    r'\[\S+Z\] "GET (?P<path>[^" ]*) HTTP/1.1" 200 0 \d+ \d+ \d+ "(?P<xff>[^"]*)" "(?P<agent>[^"]*)" "(?P<id>[^"]*)"'
    r' "(?P<authority>[^"]*)" "(?P<host>[\d.:]+)" - (?P<cluster>(e|in)gress\.http)'
)
TCP_TEXT = re.compile(r'\[\S+Z\] "[\d.:]+" "[\d.:]+" 30 \d+ \d+ "[\d.:]+" - (e|in)gress\.stream')


def mesh(log: StdoutLog) -> MeshIR:
    services = [
        MeshService(
            "http", Protocol.HTTP, RouteRules((RouteRule((WeightedDestination("http"),), TIMEOUTS),)), "egress.http"
        ),
        MeshService(
            "stream", Protocol.TCP, StreamSplit((WeightedDestination("stream"),), TIMEOUTS, 3), "egress.stream"
        ),
    ]
    outlier = OutlierPolicy(5, 10, 30, 300, 50)
    inbound = (
        InboundPort(8081, Protocol.HTTP, TIMEOUTS, 0.25, "ingress.http"),
        InboundPort(8084, Protocol.TCP, TIMEOUTS, 0.25, "ingress.stream"),
    )
    calls = (ServiceAddress(*HTTP, "http"), ServiceAddress(*STREAM, "stream"))
    workloads = [
        Workload(CALLER, "a", 15100, 15001, outbound=OutboundView(calls), access_log=log),
        Workload(BACK, "a", 15101, 15991, inbound, access_log=log),
    ]
    return MeshIR(
        workloads={w.id: w for w in workloads},
        services={s.name: s for s in services},
        destinations={
            s.name: Destination(s.name, EndpointGroupSource(s.name), s.protocol, 1, outlier, s.stat_name)
            for s in services
        },
        groups={
            "http": EndpointGroup("http", (Member("a", "10.99.0.1", 8081),)),
            "stream": EndpointGroup("stream", (Member("a", "10.99.0.1", 8084),)),
        },
    )


@pytest.fixture
async def envoys():
    async with rig(REDIRECTS) as new_rig:
        apps = {8081: App("app"), 8084: App("raw")}
        for port, app in apps.items():
            await app.start(new_rig.namespace, port)
        yield new_rig
        for app in apps.values():
            await app.stop()


async def lines(envoys: Rig, log: StdoutLog) -> list[str]:
    """The lines of both proxies about one hostile HTTP request and one TCP connection, HTTP first."""
    envoys.feed.publish(mesh(log))
    for workload in (CALLER, BACK):
        await envoys.start(workload)
    assert (await envoys.namespace.talk(*HTTP, HOSTILE)).startswith(b"HTTP/1.1 200")
    assert b"200 OK" in await envoys.namespace.talk(*STREAM, b"GET /last?token=s HTTP/1.1\r\n\r\n")
    written = [*map(envoys.run, (CALLER, BACK))]
    await envoys.until(lambda: all((run / "log").read_bytes().count(b"\n") >= 2 for run in written))
    results = [
        line for run in written for line in (run / "log").read_bytes().decode(errors="replace").split("\n") if line
    ]
    assert len(results) == 4, results
    return sorted(results, key=lambda line: "gress.stream" in line)


async def objects(envoys: Rig, *, query: bool) -> list[dict[str, Any]]:
    return [json.loads(line) for line in await lines(envoys, StdoutLog(json=True, query=query))]


async def test_a_text_access_log_keeps_its_fields_for_any_client_input(envoys):
    *http, one, two = await lines(envoys, StdoutLog(json=False, query=False))
    assert TCP_TEXT.fullmatch(one), one
    assert TCP_TEXT.fullmatch(two), two
    for line in http:
        match = TEXT.fullmatch(line)
        assert match, line
        assert match["path"] == "/a%22b"
        assert (match["id"], match["xff"], match["authority"]) == ("%22}", "1.2.3.4%22", "back")
        assert match["agent"].startswith("x%22 200 %22\ty")
        assert "secret" not in line
    assert {match["cluster"] for line in http if (match := TEXT.fullmatch(line))} == {"egress.http", "ingress.http"}


async def test_a_text_access_log_can_include_the_query(envoys):
    for line in (await lines(envoys, StdoutLog(json=False, query=True)))[:2]:
        match = TEXT.fullmatch(line)
        assert match, line
        assert match["path"] == "/a%22b?token=secret"


async def test_a_json_access_log_line_is_one_object_for_any_client_input(envoys):
    *http, one, two = await objects(envoys, query=False)
    assert {one["upstream_cluster"], two["upstream_cluster"]} == {"egress.stream", "ingress.stream"}
    assert (one["bytes_received"], one["upstream_host"].rpartition(":")[2]) == (30, "8084")
    for line in http:
        assert (line["path"], line["method"], line["response_code"]) == ('/a"b', "GET", 200)
        assert (line["request_id"], line["x_forwarded_for"]) == ('"}', '1.2.3.4"')
        assert "secret" not in json.dumps(line)


async def test_a_json_access_log_can_include_the_query(envoys):
    for found in (await objects(envoys, query=True))[:2]:
        assert found["path"] == '/a"b?token=secret'
