"""Two pushes of real Envoys, as they came: of a virtual node that called a router's two routes 48 times, with a retry,
and of a gateway through which seven requests went to one of them.
"""

from __future__ import annotations

from pathlib import Path

from moyai.telemetry.reporters.appmesh_stats import PROXY
from moyai.telemetry.reporters.envoy_stats import EndpointCounter, EndpointGauge, ProxyReport
from tests.unit.telemetry.meshes import read_report

RECORDED = Path(__file__).with_name("recorded")
RED, BLUE = (f"cluster.cds_egress_counted_{node}_http_8080" for node in ("red", "blue"))
BY_HEADER, REST = (f"vhost.color.counted.local.route.{route}" for route in ("by-header", "rest"))


def read(name: str) -> tuple[ProxyReport, dict[str, dict[EndpointCounter, int]]]:
    """A push, and the counters of each endpoint without the bytes."""
    report = read_report((RECORDED / f"{name}.otlp").read_bytes())
    metrics = {
        endpoint.name: dict(zip(EndpointCounter, one.counters, strict=True))
        for endpoint, one in report.endpoints.items()
    }
    return report, {
        name: {counter: value for counter, value in counts.items() if value and counter is not EndpointCounter.BYTES}
        for name, counts in metrics.items()
    }


def test_a_virtual_node():
    report, counted = read("front")
    failing = {
        EndpointCounter.CODE_4XX: 4,
        EndpointCounter.CODE_5XX: 5,
        EndpointCounter.FAILURES: 5,
        EndpointCounter.RETRIES: 1,
    }
    assert counted == {
        RED: {EndpointCounter.REQUESTS: 30, EndpointCounter.CODE_2XX: 21, **failing},
        BLUE: {EndpointCounter.REQUESTS: 18, EndpointCounter.CODE_2XX: 18},
        BY_HEADER: {EndpointCounter.REQUESTS: 18, EndpointCounter.CODE_2XX: 9, **failing},
        REST: {EndpointCounter.REQUESTS: 30, EndpointCounter.CODE_2XX: 30},
    }
    [red] = [one for endpoint, one in report.endpoints.items() if endpoint.name == RED]
    assert red.gauges[EndpointGauge.TARGETS] == 1
    assert red.times is not None
    assert red.times.histogram.total == 30
    assert red.times.sum > 0
    assert report.proxy_start


def test_a_virtual_gateway():
    report, counted = read("gateway")
    answered = {EndpointCounter.REQUESTS: 7, EndpointCounter.CODE_2XX: 7}
    assert counted == {
        "http.ingress": {EndpointCounter.REQUESTS: 7, EndpointCounter.CONNECTIONS: 7},
        "vhost.self_redirect.route.everything": answered,
        BY_HEADER: answered,
        RED: answered,
        BLUE: {},
        PROXY.name: {},
    }
    assert report.endpoints[PROXY].gauges[EndpointGauge.OPEN_CONNECTIONS] == 0
