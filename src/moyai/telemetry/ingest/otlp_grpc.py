"""Receives the proxies' reports over gRPC: OpenTelemetry's MetricsService, on the servers that also serve xDS.

The proxies of tasks report over HTTP/1.1, which is cheaper, see ``otlp_http``.

Promise: a report is decoded, counted and answered at once; nothing waits for a proxy. The listener that received the
call identifies the proxy.
Refuses: a caller that the listener does not know, and a report that is not OTLP (INVALID_ARGUMENT). The server limits
a message's size.
Source: https://opentelemetry.io/docs/specs/otlp/#otlpgrpc
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import grpc

from moyai.kernel.clock import Clock
from moyai.kernel.ids import ProxyId
from moyai.telemetry.ingest.otlp_offsets import NotOtlp
from moyai.telemetry.ingest.recorder import Recorder

_SERVICE = "opentelemetry.proto.collector.metrics.v1.MetricsService"
_FULL_SUCCESS = b""  # an empty ExportMetricsServiceResponse: every data point was accepted

OnReport = Callable[[ProxyId], None]
Context = grpc.aio.ServicerContext[bytes, bytes]


class Rejection(NamedTuple):
    """Why a caller's reports are refused."""

    code: grpc.StatusCode
    message: str


Authenticator = Callable[[Context], ProxyId | Rejection]
"""Returns the proxy that has sent a call's report."""


class MetricsService:
    """Passes pushes to a recorder. ``on_report`` is called with each proxy whose report was counted."""

    def __init__(self, recorder: Recorder, clock: Clock, on_report: OnReport) -> None:
        self.clock = clock
        self._recorder = recorder
        self._on_report = on_report

    def handler(self, authenticate: Authenticator) -> grpc.GenericRpcHandler:
        """The service's handler for a gRPC server."""

        async def answer(request: bytes, context: Context) -> bytes:
            proxy = authenticate(context)
            if isinstance(proxy, Rejection):
                await context.abort(proxy.code, proxy.message)
            try:
                await self.receive(proxy, request)
            except NotOtlp as error:
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            return _FULL_SUCCESS

        # Bytes in and bytes out: the generated stub differs between the packages that bring it.
        export: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(answer)
        return grpc.method_handlers_generic_handler(_SERVICE, {"Export": export})

    async def receive(self, proxy: ProxyId, push: bytes) -> None:
        """Count a report as soon as the recorder's lock is free. Raises NotOtlp."""
        await self._recorder.receive(proxy, push, self.clock)
        self._on_report(proxy)
