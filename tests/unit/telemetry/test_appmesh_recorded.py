"""Two pushes of real Envoys, as they came: of a virtual node that called a router's two routes 48 times, with a retry,
and of a gateway through which seven requests went to one of them.
"""

from __future__ import annotations

from pathlib import Path

from moyai.telemetry.appmesh_stats import PROXY
from moyai.telemetry.envoy_stats import Figure, Gauge, Report
from tests.unit.telemetry.meshes import read_report

RECORDED = Path(__file__).with_name("recorded")
RED, BLUE = (f"cluster.cds_egress_counted_{node}_http_8080" for node in ("red", "blue"))
BY_HEADER, REST = (f"vhost.color.counted.local.route.{route}" for route in ("by-header", "rest"))


def read(name: str) -> tuple[Report, dict[str, dict[Figure, int]]]:
    """A push, and what it has counted of each endpoint but bytes."""
    report = read_report((RECORDED / f"{name}.otlp").read_bytes())
    named = {endpoint.name: dict(zip(Figure, one.counters, strict=True)) for endpoint, one in report.endpoints.items()}
    return report, {
        name: {figure: value for figure, value in counts.items() if value and figure is not Figure.BYTES}
        for name, counts in named.items()
    }


def test_a_virtual_node():
    report, counted = read("front")
    failing = {Figure.CODE_4XX: 4, Figure.CODE_5XX: 5, Figure.FAILURES: 5, Figure.RETRIES: 1}
    assert counted == {
        RED: {Figure.REQUESTS: 30, Figure.CODE_2XX: 21, **failing},
        BLUE: {Figure.REQUESTS: 18, Figure.CODE_2XX: 18},
        BY_HEADER: {Figure.REQUESTS: 18, Figure.CODE_2XX: 9, **failing},
        REST: {Figure.REQUESTS: 30, Figure.CODE_2XX: 30},
    }
    [red] = [one for endpoint, one in report.endpoints.items() if endpoint.name == RED]
    assert red.gauges[Gauge.TARGETS] == 1
    assert red.time is not None
    assert red.time.histogram.total == 30
    assert red.time.sum > 0
    assert report.began


def test_a_virtual_gateway():
    report, counted = read("door")
    answered = {Figure.REQUESTS: 7, Figure.CODE_2XX: 7}
    assert counted == {
        "http.ingress": {Figure.REQUESTS: 7, Figure.CONNECTIONS: 7},
        "vhost.self_redirect.route.everything": answered,
        BY_HEADER: answered,
        RED: answered,
        BLUE: {},
        PROXY.name: {},
    }
    assert report.endpoints[PROXY].gauges[Gauge.OPEN_CONNECTIONS] == 0
