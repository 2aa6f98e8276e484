"""The proxies' reports over gRPC: OpenTelemetry's MetricsService on the server that also feeds them.

Promise: a report is read, counted and answered at once; nothing waits on a proxy. Who reports is what its bootstrap put
into the call's metadata; the socket is reachable by proxies only, so it is believed.
Refuses: a report that names no proxy (UNAUTHENTICATED) and one that is not OTLP (INVALID_ARGUMENT). The server bounds a
message's size.
Source: https://opentelemetry.io/docs/specs/otlp/#otlpgrpc
"""

from __future__ import annotations

from collections.abc import Callable

import grpc

from moyai.kernel.clock import Clock
from moyai.kernel.ids import PROXY_HEADER, ProxyId
from moyai.telemetry.record import Recorder
from moyai.telemetry.wire import NotOtlp

_SERVICE = "opentelemetry.proto.collector.metrics.v1.MetricsService"
_ACCEPTED = b""  # an empty ExportMetricsServiceResponse: everything was taken
_MAX_NAME = 2048  # no ARN is longer

Reported = Callable[[ProxyId], None]


class MetricsService:
    """Takes pushes into a recorder. ``reported`` is told of each proxy whose report came in."""

    def __init__(self, recorder: Recorder, clock: Clock, reported: Reported) -> None:
        self._recorder = recorder
        self._clock = clock
        self._reported = reported

    def handler(self) -> grpc.GenericRpcHandler:
        """What a gRPC server needs to answer."""
        # Bytes in and bytes out: the generated stub differs between the packages that bring it.
        export: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(self._export)
        return grpc.method_handlers_generic_handler(_SERVICE, {"Export": export})

    async def _export(self, request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        proxy = _caller(context)
        if proxy is None:
            await context.abort(grpc.StatusCode.UNAUTHENTICATED, f"the call has no {PROXY_HEADER}")
        try:
            async with self._recorder.gate:
                self._recorder.take(proxy, request, self._clock.now())
        except NotOtlp as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        self._reported(proxy)
        return _ACCEPTED


def _caller(context: grpc.aio.ServicerContext[bytes, bytes]) -> ProxyId | None:
    for key, value in context.invocation_metadata() or ():
        if key == PROXY_HEADER and isinstance(value, str) and 0 < len(value) <= _MAX_NAME:
            return ProxyId(value)
    return None
