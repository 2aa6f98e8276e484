"""Envoy's spans of requests, in the terms of OpenTelemetry's conventions."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from itertools import islice

import pytest
from msgspec.structs import replace

from moyai.domain.sandbox.host_proxy import HOST_PROXY
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId
from moyai.kernel.scope import DEFAULT_SCOPE
from moyai.ports.spans import SpanKind, TooManyReaders, TraceSpan
from moyai.telemetry.collector import Collector, ExportFault
from moyai.telemetry.ingest.otlp_offsets import NotOtlp
from moyai.telemetry.reporters.connect_reporter import ServiceReporter
from moyai.telemetry.traces.exporter import BATCH, MOST_WAITING, SpanExporter
from moyai.telemetry.traces.otlp import decode_spans, encode_spans
from moyai.telemetry.traces.recorder import MOST_SPANS, SpanRecorder
from moyai.telemetry.traces.span import by_task, conventional_spans
from moyai.testing.clock import ManualClock
from tests.unit.telemetry.traces.envoy_spans import ATTEMPT, REQUEST, raw, report

RESOURCE = {"service.name": "front"}
FRONT, BACK = (ServiceReporter(DEFAULT_SCOPE, "shop", name, Instant(0)) for name in ("front", "back"))


def recorder() -> SpanRecorder:
    return SpanRecorder(lambda proxy: FRONT if proxy == "front" else None, 100, ManualClock())


def test_a_request_has_the_attributes_of_the_conventions_and_no_query():
    (span,) = conventional_spans([raw(1, REQUEST)], RESOURCE)
    assert (span.name, span.kind, span.is_error, span.request_id) == ("GET", SpanKind.CLIENT, True, "r-1")
    assert dict(span.attributes) == {
        "http.request.method": "GET",
        "http.request.header.x-request-id": "r-1",
        "envoy.upstream_cluster": "egress/catalog.shop",
        "http.response.status_code": 503,
        "envoy.response_flags": "UH",
        "client.address": "172.31.0.9",
        "network.protocol.version": "1.1",
        "url.scheme": "http",
        "url.path": "/items/42",
        "server.address": "catalog",
        "server.port": 8080,
        "url.full": "http://catalog:8080/items/42",
        "error.type": "UH",
    }


@pytest.mark.parametrize("cluster", ["arn:aws:ecs:task/shop/1/app:8080", "cds_ingress_mesh_node_http_8080"])
def test_a_request_for_the_application_is_of_the_called_side(cluster):
    (span,) = conventional_spans([raw(1, {**REQUEST, "upstream_cluster": cluster})], RESOURCE)
    assert span.kind is SpanKind.SERVER
    assert "url.full" not in span.attributes


def test_an_attempt_gets_its_request_from_its_parent():
    _, attempt = conventional_spans([raw(1, REQUEST), raw(2, ATTEMPT, f"{1:016x}")], RESOURCE)
    assert (attempt.name, attempt.request_id, attempt.attributes["http.request.resend_count"]) == ("GET", "r-1", 1)
    assert (attempt.attributes["network.peer.address"], attempt.attributes["network.peer.port"]) == (
        "172.31.16.4",
        8080,
    )


@pytest.mark.parametrize("url", ["http://[::1", "http://catalog:99999/", "", "\x1b"])
def test_a_url_that_cannot_be_read_costs_only_its_attributes(url):
    (span,) = conventional_spans([raw(1, {**REQUEST, "http.url": url, "http.status_code": "x"})], RESOURCE)
    assert "server.address" not in span.attributes


def test_spans_survive_encoding_and_decoding():
    (span,) = conventional_spans([raw(1, REQUEST)], RESOURCE)
    (decoded,) = decode_spans(encode_spans([span]))
    assert (decoded.trace, decoded.id, decoded.start, decoded.duration) == (span.trace, span.id, 1.5, 0.25)
    assert decoded.tags["http.response.status_code"] == "503"
    with pytest.raises(NotOtlp):
        decode_spans(b"\xff")


def test_the_newest_spans_are_kept_and_those_of_unknown_proxies_are_not():
    spans = recorder()
    spans.receive(ProxyId("stranger"), report(raw(1, REQUEST)))
    assert list(spans.spans()) == []
    for first in range(0, MOST_SPANS + 5000, 5000):
        spans.receive(ProxyId("front"), report(*(raw(first + n, REQUEST) for n in range(5000))))
    ids = [span.id for span in spans.spans()]
    assert len(ids) == MOST_SPANS
    assert ids[0] == f"{MOST_SPANS + 4999:016x}"


async def test_a_slow_reader_misses_spans_and_the_number_of_readers_is_limited():
    spans = recorder()
    async with aclosing(spans.follow()) as first:
        waiting = asyncio.ensure_future(anext(first))
        await asyncio.sleep(0)
        spans.receive(ProxyId("front"), report(*(raw(n, REQUEST) for n in range(3000))))
        assert (await waiting).id == f"{0:016x}"
        others = [spans.follow() for _ in range(20)]
        pending = [asyncio.ensure_future(anext(other)) for other in others]
        await asyncio.sleep(0)
        with pytest.raises(TooManyReaders):
            await pending[-1]
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)


class Memory(Collector):
    """Refuses the first export."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.refusals = 1

    async def export(self, body: bytes) -> None:
        if self.refusals:
            self.refusals -= 1
            raise ExportFault("not now")
        self.sizes.append(len(decode_spans(body)))


async def test_spans_wait_for_a_collector_within_limits():
    collector = Memory()
    exporter = SpanExporter(collector, ManualClock())
    span: TraceSpan = conventional_spans([raw(1, REQUEST)], RESOURCE)[0]
    exporter.put([span] * (MOST_WAITING + 1))
    await exporter.deliver()
    assert collector.sizes == []
    await exporter.deliver()
    assert collector.sizes == [BATCH] * (MOST_WAITING // BATCH)
    assert list(islice(exporter._waiting, 1)) == []
    assert exporter.dropped == 1


class Busy(Collector):
    """Takes every export; during each of them, as many new spans come as may wait."""

    def __init__(self) -> None:
        self.exporter = SpanExporter(self, ManualClock())
        self.ids: list[str] = []
        self.meanwhile: list[TraceSpan] = []

    async def export(self, body: bytes) -> None:
        self.ids += [span.id for span in decode_spans(body)]
        self.exporter.put(self.meanwhile)
        self.meanwhile = []


async def test_spans_that_come_during_an_export_are_sent_all_the_same(caplog):
    collector = Busy()
    span: TraceSpan = conventional_spans([raw(1, REQUEST)], RESOURCE)[0]
    new = [replace(span, id=f"{number:016x}") for number in range(MOST_WAITING)]
    collector.meanwhile = new
    collector.exporter.put([span])
    await collector.exporter.deliver()
    assert collector.ids == [span.id, *(one.id for one in new)]
    assert collector.exporter.dropped == 0
    assert "dropped" not in caplog.text


def test_the_spans_of_a_hosts_envoy_are_of_the_tasks_at_both_ends():
    request, attempt = (
        raw(1, {**REQUEST, "moyai.task": "front"}),
        raw(2, {**ATTEMPT, "moyai.target": "back"}, f"{1:016x}"),
    )
    spans = by_task([request, attempt, raw(3, ATTEMPT)])
    assert spans[ProxyId("front")] == [request, attempt]
    (served,) = spans[ProxyId("back")]
    assert (served.parent, served.trace, served.duration) == (attempt.id, attempt.trace, attempt.duration)
    assert served.id != attempt.id
    (span,) = conventional_spans([served], RESOURCE)
    assert (span.kind, span.request_id, span.attributes["http.request.method"]) == (SpanKind.SERVER, "r-1", "GET")
    assert "network.peer.address" not in span.attributes


def test_the_target_of_a_hosts_envoy_knows_which_service_called():
    spans = SpanRecorder({"front": FRONT, "back": BACK}.get, 100, ManualClock())
    tags = {"moyai.task": "front", "moyai.target": "back"}
    attempt = {**ATTEMPT, **tags, "peer.address": "envoy://back/pass:8080/172.31.16.4:8080"}
    spans.receive(HOST_PROXY, report(raw(1, {**REQUEST, **tags}), raw(2, attempt, f"{1:016x}")))
    (served,) = (span for span in spans.spans() if span.kind is SpanKind.SERVER)
    assert (served.resource["service.name"], served.attributes["peer.service"]) == ("back", "front")
    assert "client.address" not in served.attributes


def test_an_attempt_of_a_hosts_envoy_is_the_callers_also_in_a_report_before_its_requests():
    tags = {"moyai.task": "front", "moyai.target": "back"}
    request, attempt = raw(1, {**REQUEST, **tags}), raw(2, {**ATTEMPT, **tags}, f"{1:016x}")
    first, second = by_task([attempt]), by_task([request])
    assert first[ProxyId("front")] == [attempt]
    assert [served.parent for served in first[ProxyId("back")]] == [attempt.id]
    assert second == {ProxyId("front"): [request]}
