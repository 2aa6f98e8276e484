"""Exports metrics and spans to an OpenTelemetry collector over HTTP, with a time limit.

Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import httpx
from typing_extensions import override

from moyai.app.config import MetricSettings
from moyai.kernel.clock import Clock
from moyai.telemetry.collector import Collector, ExportFault
from moyai.telemetry.exposition.otlp_exporter import OtlpExporter, Outbox
from moyai.telemetry.ingest.recorder import Recorder
from moyai.telemetry.traces.exporter import SpanExporter
from moyai.telemetry.traces.recorder import SpanRecorder

_METRICS_PATH, _TRACES_PATH = "/v1/metrics", "/v1/traces"
_TIMEOUT: Final = 10.0
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_RETRIABLE: Final = frozenset({408, 429, 502, 503, 504})
"""Statuses after which OTLP lets a client retry; any other error is permanent."""


class HttpCollector(Collector):
    """A collector at ``endpoint``, to which OTLP's ``path`` is added where it is missing. It follows no redirects.
    ``headers`` are added to each request.
    """

    def __init__(self, endpoint: str, headers: Mapping[str, str] = _NO_HEADERS, path: str = _METRICS_PATH) -> None:
        base = next((endpoint.removesuffix(p) for p in (_METRICS_PATH, _TRACES_PATH) if endpoint.endswith(p)), endpoint)
        self._url = base.rstrip("/") + path
        self._headers = {**headers, "content-type": "application/x-protobuf"}
        self._client = httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=False)

    @override
    async def export(self, body: bytes) -> None:
        try:
            answer = await self._client.post(self._url, content=body, headers=self._headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ExportFault(f"{self._url}: {type(error).__name__} {error}"[:300]) from error
        if not answer.is_success:
            message = f"{self._url} answered {answer.status_code}"
            raise ExportFault(message, is_permanent=answer.status_code not in _RETRIABLE)

    async def close(self) -> None:
        """Close the connections that are kept for further reports."""
        await self._client.aclose()


async def export(settings: MetricSettings, recorder: Recorder, spans: SpanRecorder, clock: Clock) -> None:
    """Export every report that the recorders receive, until cancelled; does nothing when no endpoint is configured."""
    if settings.otlp_endpoint is None:
        return
    outbox, collector = Outbox(), HttpCollector(settings.otlp_endpoint, settings.otlp_headers)
    trace_collector = HttpCollector(settings.otlp_endpoint, settings.otlp_headers, _TRACES_PATH)
    span_exporter = SpanExporter(trace_collector, clock)
    recorder.forward, spans.forward = outbox.put, span_exporter.put
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(OtlpExporter(outbox, collector, clock).run())
            group.create_task(span_exporter.run())
    finally:
        recorder.forward = spans.forward = None
        await collector.close()
        await trace_collector.close()
