"""Pushes over a real gRPC server on a Unix socket."""

from __future__ import annotations

import grpc
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse

from moyai.kernel.ids import PROXY_HEADER, ProxyId
from moyai.telemetry.ingest.otlp_grpc import MetricsService, Rejection
from moyai.testing.clock import EPOCH, ManualClock
from tests.unit.telemetry.pushes import FRONT, SCOPE, Telemetry, push

METHOD = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
PUSH = push(1, {"http.egress.cart.downstream_rq_completed": 3})


def authenticate(context: grpc.aio.ServicerContext[bytes, bytes]) -> ProxyId | Rejection:
    found = dict(context.invocation_metadata() or ()).get(PROXY_HEADER)
    return ProxyId(str(found)) if found else Rejection(grpc.StatusCode.UNAUTHENTICATED, "who are you?")


@pytest.fixture
async def grpc_server(tmp_path):
    telemetry = Telemetry()
    reported: list[ProxyId] = []
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(
        (MetricsService(telemetry.recorder, ManualClock(), reported.append).handler(authenticate),)
    )
    server.add_insecure_port(f"unix:{tmp_path}/s")
    await server.start()
    async with grpc.aio.insecure_channel(f"unix:{tmp_path}/s") as channel:
        yield channel.unary_unary(METHOD), telemetry, reported
    await server.stop(None)


async def test_a_push_is_counted_and_its_proxy_reported(grpc_server):
    export, telemetry, reported = grpc_server
    answer = await export(PUSH, metadata=((PROXY_HEADER, FRONT),))
    assert ExportMetricsServiceResponse.FromString(answer) == ExportMetricsServiceResponse()
    assert reported == [FRONT]
    assert telemetry.called_requests(EPOCH) == 3


@pytest.mark.parametrize(
    ("body", "metadata", "code"),
    [
        pytest.param(PUSH, (), grpc.StatusCode.UNAUTHENTICATED, id="nobody's"),
        pytest.param(b"\xff\xff", ((PROXY_HEADER, FRONT),), grpc.StatusCode.INVALID_ARGUMENT, id="not OTLP"),
    ],
)
async def test_invalid_pushes_are_refused(grpc_server, body, metadata, code):
    export, telemetry, reported = grpc_server
    with pytest.raises(grpc.aio.AioRpcError) as exc_info:
        await export(body, metadata=metadata)
    assert exc_info.value.code() is code
    assert reported == []
    assert telemetry.reader.metrics(SCOPE) == []
