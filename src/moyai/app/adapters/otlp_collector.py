"""Exports metrics to an OpenTelemetry collector over HTTP, with a time limit.

Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import httpx
from typing_extensions import override

from moyai.app.config import MetricSettings
from moyai.kernel.clock import Clock
from moyai.telemetry.exposition.otlp_exporter import Collector, ExportFault, OtlpExporter, Outbox
from moyai.telemetry.ingest.recorder import Recorder

_PATH: Final = "/v1/metrics"
_TIMEOUT: Final = 10.0
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_RETRIABLE: Final = frozenset({408, 429, 502, 503, 504})
"""Statuses after which OTLP has a client retry; any other error is permanent."""


class HttpCollector(Collector):
    """A collector at ``endpoint``, to which OTLP's path is added where it is missing. It follows no redirects.
    ``headers`` are added to each request.
    """

    def __init__(self, endpoint: str, headers: Mapping[str, str] = _NO_HEADERS) -> None:
        self._url = endpoint if endpoint.endswith(_PATH) else endpoint.rstrip("/") + _PATH
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


async def export(settings: MetricSettings, recorder: Recorder, clock: Clock) -> None:
    """Export every report that the recorder receives, until cancelled; does nothing when no endpoint is configured."""
    if settings.otlp_endpoint is None:
        return
    outbox, collector = Outbox(), HttpCollector(settings.otlp_endpoint, settings.otlp_headers)
    recorder.forward = outbox.put
    try:
        await OtlpExporter(outbox, collector, clock).run()
    finally:
        recorder.forward = None
        await collector.close()
