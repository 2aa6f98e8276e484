"""The rows of ``moyai top``, and their order."""

from __future__ import annotations

import pytest

from moyai.cli.mesh.values import Edge, MeshTraffic, Party, Span
from moyai.cli.top import TopOrder, _rank_rows, _row, _Usage

CATALOG = {
    "clusterArn": "arn:aws:ecs:us-east-1:123456789012:cluster/shop",
    "serviceName": "catalog",
    "runningCount": 2,
    "desiredCount": 3,
}


def edge(caller: str, target: str, requests: int, failures: int, p99: float | None) -> Edge:
    return Edge(
        namespace="shop",
        caller=Party("shop", caller),
        target=target,
        targets=(Party("shop", target),),
        protocol="http",
        requests=requests,
        failures=failures,
        retries=0,
        timeouts=0,
        rate=0.0,
        success=None,
        p50=p99,
        p95=p99,
        p99=p99,
        ejected=0,
        deploying=(),
    )


TRAFFIC = MeshTraffic(
    Span(0.0, 100.0),
    (
        edge("front", "catalog", 300, 0, 12.0),
        edge("batch", "catalog", 100, 4, 80.0),
        edge("catalog", "stock", 9, 9, None),
    ),
)


def test_a_service_has_the_requests_of_all_callers_and_the_times_of_the_slowest():
    row = _row(CATALOG, TRAFFIC, {("shop", "catalog"): _Usage(12.5, None)})
    assert (row.cluster, row.service, row.running, row.desired) == ("shop", "catalog", 2, 3)
    assert (row.rate, row.success, row.p50, row.p99) == (4.0, 0.99, 80.0, 80.0)
    assert (row.cpu, row.memory) == (12.5, None)


def test_a_service_without_requests_has_no_success_rate():
    row = _row({**CATALOG, "serviceName": "batch"}, TRAFFIC, {})
    assert (row.rate, row.success, row.p99, row.cpu) == (0.0, None, None, None)


@pytest.mark.parametrize(
    ("order", "names"),
    [
        (TopOrder.RATE, ["catalog", "stock", "batch"]),
        (TopOrder.SUCCESS, ["stock", "catalog", "batch"]),
        (TopOrder.P99, ["catalog", "batch", "stock"]),
        (TopOrder.CPU, ["batch", "catalog", "stock"]),
        (TopOrder.NAME, ["batch", "catalog", "stock"]),
    ],
)
def test_rows_that_need_attention_come_first(order, names):
    usage = {("shop", "batch"): _Usage(90.0, 1.0)}
    rows = [_row({**CATALOG, "serviceName": name}, TRAFFIC, usage) for name in ("stock", "batch", "catalog")]
    assert [row.service for row in _rank_rows(rows, order)] == names
