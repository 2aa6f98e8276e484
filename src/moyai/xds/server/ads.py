"""The gRPC door for proxies: one ADS stream each, on a Unix socket.

Promise: it moves bytes between gRPC and the Feed and decides nothing but who may speak for whom: a stream
whose metadata and node id name different proxies is refused. The socket is for the
proxies' group and root; a task's own containers never see it.
"""

from __future__ import annotations

import os
from asyncio import Queue, create_task
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import grpc
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from moyai.kernel.ids import PROXY_HEADER, ProxyId
from moyai.xds.server.delta import DeltaStream
from moyai.xds.server.feed import Feed

_METHOD = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources"
_MAX_REQUEST = 4 * 1024 * 1024
_SOCKET_MODE = 0o660
_OPTIONS = (
    ("grpc.max_receive_message_length", _MAX_REQUEST),
    ("grpc.so_reuseport", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", 5000),
)
"""Proxies ping an idle stream every 15 s; gRPC's own limit (five minutes) would hang up on them."""


class _Outbox:
    """The Sink of one stream. None in the queue ends it."""

    def __init__(self) -> None:
        self.queue: Queue[bytes | None] = Queue()

    def send(self, response: bytes) -> None:
        """Queue a response; the Feed waits for its answer before it sends another."""
        self.queue.put_nowait(response)

    def end(self) -> None:
        """Close the stream once everything queued has left."""
        self.queue.put_nowait(None)


class AdsHandler(grpc.GenericRpcHandler):
    """Answers delta ADS. Responses leave as the bytes they were serialised to."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> grpc.RpcMethodHandler[DeltaDiscoveryRequest, bytes] | None:
        """The handler of the one method, None for every other."""
        if handler_call_details.method != _METHOD:
            return None
        return grpc.stream_stream_rpc_method_handler(
            self._stream, request_deserializer=DeltaDiscoveryRequest.FromString
        )

    async def _stream(
        self,
        requests: AsyncIterator[DeltaDiscoveryRequest],
        context: grpc.aio.ServicerContext[DeltaDiscoveryRequest, bytes],
    ) -> AsyncIterator[bytes]:
        proxy = _caller(context)
        first = await anext(aiter(requests), None)
        if first is None:
            return
        if not proxy or first.node.id != proxy:
            message = f"the metadata {PROXY_HEADER} and the node id must name the same proxy"
            await context.abort(grpc.StatusCode.PERMISSION_DENIED, message)
        outbox = _Outbox()
        connection = self._feed.connect(proxy, outbox, DeltaStream())

        async def listen() -> None:
            try:
                async for request in requests:
                    connection.receive(request)
            finally:
                outbox.end()

        listener = create_task(listen())
        try:
            connection.receive(first)
            while (response := await outbox.queue.get()) is not None:
                yield response
        finally:
            listener.cancel()
            connection.close()


async def serve(path: Path, group: int, handlers: Sequence[grpc.GenericRpcHandler]) -> grpc.aio.Server:
    """Listen on a Unix socket that root and ``group`` (a gid) may connect to. A stale socket is replaced."""
    server = grpc.aio.server(options=_OPTIONS)
    server.add_generic_rpc_handlers(handlers)
    _bind(server, path, group)
    await server.start()
    return server


def _bind(server: grpc.aio.Server, path: Path, group: int) -> None:
    path.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_PATH | os.O_CLOEXEC)
    before = os.umask(0o177)
    try:  # through the directory's descriptor, because a socket's path may have 107 bytes only
        server.add_insecure_port(f"unix:/proc/self/fd/{directory}/{path.name}")
    finally:
        os.umask(before)
        os.close(directory)
    if os.geteuid() == 0:
        os.chown(path, 0, group)
        path.chmod(_SOCKET_MODE)


def _caller(context: grpc.aio.ServicerContext[DeltaDiscoveryRequest, bytes]) -> ProxyId:
    metadata = dict(context.invocation_metadata() or ())
    value = metadata.get(PROXY_HEADER, "")
    return ProxyId(value if isinstance(value, str) else value.decode())
