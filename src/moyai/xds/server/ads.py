"""The gRPC service of ADS, in both variants: one stream for each proxy.

Promise: this module moves messages between gRPC and the Feed and decides nothing. Its ProxyAuth decides which proxies
are admitted, when a stream opens and again with every request. A stream that sends no first request, or subscribes to
more names than any mesh has, is ended.
"""

from __future__ import annotations

import asyncio
from asyncio import Queue, create_task
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, Final

import grpc
from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DiscoveryRequest

from moyai.kernel.ids import PROXY_HEADER
from moyai.xds.server.delta import DeltaStream
from moyai.xds.server.feed import Feed
from moyai.xds.server.proxy_auth import Peer, ProxyAuth, ProxyRejected
from moyai.xds.server.sotw import SotwStream
from moyai.xds.server.stream import AdsStream, Request

_SERVICE: Final = "/envoy.service.discovery.v3.AggregatedDiscoveryService/"
_DELTA: Final = f"{_SERVICE}DeltaAggregatedResources"
_SOTW: Final = f"{_SERVICE}StreamAggregatedResources"
_FIRST_REQUEST_TIMEOUT: Final = 10.0
"""Seconds."""
_MAX_NAMES: Final = 20_000
"""The most names of all types together. The largest mesh that AWS allows needs a tenth of them."""
_BEARER: Final = "Bearer "


class _Outbox:
    """The Sink of one gRPC stream. None in the queue ends the stream, an error aborts it."""

    def __init__(self) -> None:
        self.queue: Queue[bytes | ProxyRejected | None] = Queue()

    def send(self, response: bytes) -> None:
        self.queue.put_nowait(response)

    def end(self) -> None:
        self.queue.put_nowait(None)


class AdsHandler(grpc.GenericRpcHandler):
    """Handles both methods. Responses are sent as the bytes that they were serialised to."""

    def __init__(self, feed: Feed, auth: ProxyAuth) -> None:
        self._feed = feed
        self._auth = auth

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, bytes] | None:
        """The handler of a method; None for a method that isn't served."""
        if handler_call_details.method == _DELTA:
            return grpc.stream_stream_rpc_method_handler(
                partial(self._stream, DeltaStream), request_deserializer=DeltaDiscoveryRequest.FromString
            )
        if handler_call_details.method == _SOTW:
            return grpc.stream_stream_rpc_method_handler(
                partial(self._stream, SotwStream), request_deserializer=DiscoveryRequest.FromString
            )
        return None

    async def _stream(
        self,
        make_stream: Callable[[], AdsStream[Request]],
        requests: AsyncIterator[Request],
        context: grpc.aio.ServicerContext[Request, bytes],
    ) -> AsyncIterator[bytes]:
        first = await _first(requests)
        if first is None:
            return
        peer = peer_of(context, first.node.id)
        outbox = _Outbox()
        try:
            admission = self._auth.admit(peer)
        except ProxyRejected as rejection:
            self._feed.rejected_streams.add(rejection.code.name.lower())
            await context.abort(rejection.code, str(rejection))
        stream = make_stream()
        connection = self._feed.connect(admission.proxy, outbox, stream, admission.external_workload)

        def handle(request: Request) -> None:
            self._auth.recheck(peer)
            connection.receive(request)
            if stream.subscribed_name_count > _MAX_NAMES:
                message = f"a stream may subscribe to {_MAX_NAMES} names at most"
                raise ProxyRejected(grpc.StatusCode.RESOURCE_EXHAUSTED, message)

        reader = create_task(_read(first, requests, handle, outbox))
        try:
            while (response := await outbox.queue.get()) is not None:
                if isinstance(response, ProxyRejected):
                    await context.abort(response.code, str(response))
                yield response
        finally:
            reader.cancel()
            connection.close()


async def _read(
    first: Request, requests: AsyncIterator[Request], handle: Callable[[Request], None], outbox: _Outbox
) -> None:
    try:
        handle(first)
        async for request in requests:
            handle(request)
    except ProxyRejected as rejection:
        outbox.queue.put_nowait(rejection)
    finally:
        outbox.end()


def peer_of(context: grpc.aio.ServicerContext[Any, Any], node: str = "") -> Peer:
    """The caller of a gRPC method, by its metadata and its verified certificate."""
    metadata = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
    bearer = metadata.get("authorization", "")
    uris = context.auth_context().get("peer_uri", ())
    return Peer(
        node,
        metadata.get(PROXY_HEADER, ""),
        bearer.removeprefix(_BEARER) if bearer.startswith(_BEARER) else "",
        tuple(uri.decode(errors="replace") for uri in uris),
    )


async def _first(requests: AsyncIterator[Request]) -> Request | None:
    try:
        async with asyncio.timeout(_FIRST_REQUEST_TIMEOUT):
            return await anext(aiter(requests), None)
    except TimeoutError:
        return None
