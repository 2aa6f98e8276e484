"""Which spans ``/_moyai/spans`` selects: single ones, or those of whole traces."""

from __future__ import annotations

import msgspec
import pytest

from moyai.api.control.spans import SpansHandler
from moyai.api.wire.http import HttpRequest
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId
from moyai.kernel.scope import DEFAULT_SCOPE
from moyai.telemetry.reporters.connect_reporter import ServiceReporter
from moyai.telemetry.traces.recorder import SpanRecorder
from moyai.testing.clock import ManualClock
from tests.unit.telemetry.traces.envoy_spans import REQUEST, raw, report

FRONT, CATALOG = ProxyId("arn:aws:ecs:us-east-1:123456789012:task/shop/1"), ProxyId("task/shop/2")
REPORTERS = {
    FRONT: ServiceReporter(DEFAULT_SCOPE, "shop", "front", Instant(0)),
    CATALOG: ServiceReporter(DEFAULT_SCOPE, "shop", "catalog", Instant(0)),
}
SERVED = {**REQUEST, "upstream_cluster": "arn:aws:ecs:task/shop/2/app:8080", "http.status_code": "200", "error": ""}
RATE = 50
"""Requests in a second."""


@pytest.fixture
def handler():
    """Five seconds of requests. The proxy of catalog has not reported yet those of the last second."""
    clock = ManualClock(Instant(7.75))
    recorder = SpanRecorder(REPORTERS.get, 100, clock)
    for second in range(5):
        numbers = range(second * RATE, (second + 1) * RATE)
        recorder.receive(FRONT, report(*(raw(n, REQUEST, trace=trace_id(n)) for n in numbers), later=second + 1))
        if second < 4:
            served = (raw(1000 + n, SERVED, f"{n:016x}", trace_id(n)) for n in numbers)
            recorder.receive(CATALOG, report(*served, later=second + 1))
    return SpansHandler(recorder, clock)


def trace_id(number: int) -> str:
    return f"{number:032x}"


async def spans(handler, query):
    response = await handler(HttpRequest("GET", "/_moyai/spans", query, {}))
    assert response.status == 200
    return msgspec.json.decode(response.body)["spans"]


async def test_the_newest_spans_are_those_that_one_side_has_reported_first(handler):
    newest = await spans(handler, f"limit={RATE}")
    assert {span["kind"] for span in newest} == {"client"}


@pytest.mark.parametrize("service", ["", "&service=front", "&service=catalog"])
async def test_whole_traces_are_read_with_the_spans_of_both_sides_the_newest_first(handler, service):
    selected = await spans(handler, f"traces=20{service}")
    complete = [trace_id(number) for number in range(3 * RATE - 1, 3 * RATE - 21, -1)]
    assert list(dict.fromkeys(span["trace"] for span in selected)) == complete
    assert len(selected) == 40
    assert {span["resource"]["service.name"] for span in selected} == {"front", "catalog"}


async def test_a_service_that_took_part_in_no_trace_has_none(handler):
    assert await spans(handler, "traces=20&service=other") == []


@pytest.mark.parametrize("query", ["traces=-1", "traces=1001", "traces=x", "traces=2&follow=true", "limit=0"])
async def test_other_numbers_and_both_ways_at_once_are_refused(handler, query):
    response = await handler(HttpRequest("GET", "/_moyai/spans", query, {}))
    assert response.status == 400
    assert "traces=N" in msgspec.json.decode(response.body)["message"]
