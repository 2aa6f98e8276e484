"""An OpenTelemetry collector over HTTP, with limits on the time that it may take.

Source: https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import httpx

from moyai.app.config import MetricSettings
from moyai.kernel.clock import Clock
from moyai.telemetry.exposition.otlp_exporter import ExportFault, OtlpExporter, Outbox
from moyai.telemetry.ingest.recorder import Recorder

_PATH: Final = "/v1/metrics"
_PATIENCE: Final = 10.0
_NOTHING: Mapping[str, str] = MappingProxyType({})
_AGAIN: Final = frozenset({408, 429, 502, 503, 504})
"""Statuses after which OTLP has a client try again; any other refusal is for good."""


class HttpCollector:
    """Takes metrics at ``endpoint``, to which OTLP's path is added where it is not there; follows no redirect.

    ``headers``: what each request has besides.
    """

    def __init__(self, endpoint: str, headers: Mapping[str, str] = _NOTHING) -> None:
        self._url = endpoint if endpoint.endswith(_PATH) else endpoint.rstrip("/") + _PATH
        self._headers = {**headers, "content-type": "application/x-protobuf"}
        self._client = httpx.AsyncClient(timeout=_PATIENCE, follow_redirects=False, trust_env=False)

    async def export(self, body: bytes) -> None:
        """See Collector."""
        try:
            answer = await self._client.post(self._url, content=body, headers=self._headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise ExportFault(f"{self._url}: {type(error).__name__} {error}"[:300]) from error
        if not answer.is_success:
            message = f"{self._url} answered {answer.status_code}"
            raise ExportFault(message, is_permanent=answer.status_code not in _AGAIN)

    async def close(self) -> None:
        """Let go of every connection."""
        await self._client.aclose()


async def export(settings: MetricSettings, recorder: Recorder, clock: Clock) -> None:
    """Bring every report that a recorder takes to a collector until cancelled; without an endpoint, nothing."""
    if settings.otlp_endpoint is None:
        return
    outbox, collector = Outbox(), HttpCollector(settings.otlp_endpoint, settings.otlp_headers)
    recorder.forward = outbox.put
    try:
        await OtlpExporter(outbox, collector, clock).run()
    finally:
        recorder.forward = None
        await collector.close()
