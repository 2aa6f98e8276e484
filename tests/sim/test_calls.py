"""Calls that scripts play: what callers have counted, the tasks behind the name have, whatever happens to either."""

from __future__ import annotations

from collections import Counter

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import ResourceMetrics

from moyai.kernel.ids import ServiceArn
from moyai.runtime.sim.script import Script, SimulatedCall, simulated_calls
from moyai.testing.world import container
from tests.sim.control import Installation

SCOPES = ResourceMetrics.DESCRIPTOR.fields_by_number[2].name


def counts(installation: Installation) -> Counter[str]:
    """The last report of each proxy there ever was, added up."""
    total: Counter[str] = Counter()
    for body in dict(installation.reports).values():
        resource = ExportMetricsServiceRequest.FromString(body).resource_metrics[0]
        for metric in getattr(resource, SCOPES)[0].metrics:
            if metric.WhichOneof("data") == "sum":
                total[metric.name] += metric.sum.data_points[0].as_int
            elif metric.WhichOneof("data") == "histogram":
                assert sum(metric.histogram.data_points[0].bucket_counts) == metric.histogram.data_points[0].count
                total[metric.name] += metric.histogram.data_points[0].count
    return total


async def shop(installation: Installation, calls: str) -> tuple[ServiceArn, ServiceArn]:
    """Two tasks of ``back``, and one of ``front`` that calls it so."""
    installation.start()
    back = installation.build.service(
        "back", installation.build.definition("back", container("api", port=9000)), 2, offers=["api"]
    )
    await installation.steady(back)
    front = installation.build.service(
        "front", installation.build.definition("front", container("app", ("sim", calls))), 1, offers=[]
    )
    await installation.steady(front)
    return back, front


async def test_sent_calls_equal_received_calls_across_a_deployment():
    installation = Installation(1)
    back, _ = await shop(installation, "calls=back-api:10:5:20")
    await installation.clock.advance(60)
    before = counts(installation)
    installation.build.deploy(back, installation.build.definition("back", container("api", port=9000)))
    await installation.steady(back)
    await installation.clock.advance(60)
    after = counts(installation)
    await installation.crash()
    sent = after["http.egress.back-api.downstream_rq_completed"]
    assert sent >= before["http.egress.back-api.downstream_rq_completed"] + 600
    assert after["http.ingress.back-api.downstream_rq_completed"] == sent
    failed = after["http.egress.back-api.downstream_rq_5xx"]
    assert failed == sent * 20 // 100
    assert after["cluster.egress.back-api.upstream_rq_2xx"] == sent - failed
    assert after["http.ingress.back-api.downstream_rq_5xx"] == failed
    assert (
        after["cluster.egress.back-api.upstream_rq_time"] == sent + after["cluster.egress.back-api.upstream_rq_retry"]
    )


async def test_calls_to_a_name_without_tasks_fail():
    installation = Installation(2)
    back, _ = await shop(installation, "calls=back-api:10")
    await installation.clock.advance(20)
    before = counts(installation)
    assert before["http.egress.back-api.downstream_rq_5xx"] == 0
    installation.build.scale(back, 0)
    await installation.until(lambda: not installation.build.tasks(back))
    await installation.clock.advance(30)
    after = counts(installation)
    await installation.crash()
    assert after["http.egress.back-api.downstream_rq_5xx"] >= 300
    assert after["cluster.egress.back-api.upstream_rq_5xx"] == 0


async def test_a_name_that_a_task_cannot_call_is_not_called():
    installation = Installation(3)
    await shop(installation, "calls=elsewhere:10")
    await installation.clock.advance(20)
    await installation.crash()
    assert not counts(installation)


def test_call_scripts_are_parsed():
    assert simulated_calls(Script(calls="a:1,b:2.5:30,c:3:4:5")) == (
        SimulatedCall("a", 1),
        SimulatedCall("b", 2.5, 30),
        SimulatedCall("c", 3, 4, 5),
    )


@pytest.mark.parametrize("words", ["a", "a:", ":1", "a:-1", "a:1:0", "a:1:1:101", "a:1:2:3:4", "a:nan", "a:inf"])
def test_invalid_call_scripts_are_refused(words):
    with pytest.raises(ValueError, match=r"NAME|range"):
        Script(calls=words)
