"""The proxies' reports, and the way that they come over gRPC: OpenTelemetry's MetricsService on the servers that also
feed them. Our own proxies have a cheaper one, see ``otlp_http``.

Promise: a report is read, counted and answered at once; nothing waits on a proxy. Whose it is, the door says that it
came in by.
Refuses: whom the door does not know, and a report that is not OTLP (INVALID_ARGUMENT). The server bounds a message's
size.
Source: https://opentelemetry.io/docs/specs/otlp/#otlpgrpc
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import grpc

from moyai.kernel.clock import Clock
from moyai.kernel.ids import ProxyId
from moyai.telemetry.record import Recorder
from moyai.telemetry.wire import NotOtlp

_SERVICE = "opentelemetry.proto.collector.metrics.v1.MetricsService"
_ACCEPTED = b""  # an empty ExportMetricsServiceResponse: everything was taken

Reported = Callable[[ProxyId], None]
Context = grpc.aio.ServicerContext[bytes, bytes]


class Stranger(NamedTuple):
    """Nobody whose reports are taken, and why."""

    code: grpc.StatusCode
    message: str


Whose = Callable[[Context], ProxyId | Stranger]
"""Whose report a call brings."""


class MetricsService:
    """Takes pushes into a recorder. ``reported`` is told of each proxy whose report came in. ``clock`` says when."""

    def __init__(self, recorder: Recorder, clock: Clock, reported: Reported) -> None:
        self._recorder = recorder
        self.clock = clock
        self._reported = reported

    def handler(self, whose: Whose) -> grpc.GenericRpcHandler:
        """What a gRPC server needs to answer."""

        async def answer(request: bytes, context: Context) -> bytes:
            proxy = whose(context)
            if isinstance(proxy, Stranger):
                await context.abort(proxy.code, proxy.message)
            try:
                await self.take(proxy, request)
            except NotOtlp as error:
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            return _ACCEPTED

        # Bytes in and bytes out: the generated stub differs between the packages that bring it.
        export: grpc.RpcMethodHandler[bytes, bytes] = grpc.unary_unary_rpc_method_handler(answer)
        return grpc.method_handlers_generic_handler(_SERVICE, {"Export": export})

    async def take(self, proxy: ProxyId, push: bytes) -> None:
        """Count a report as soon as figures may move. Raises NotOtlp."""
        await self._recorder.receive(proxy, push, self.clock)
        self._reported(proxy)
