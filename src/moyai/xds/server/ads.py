"""ADS over gRPC, in both forms: one stream for each proxy.

Promise: it moves bytes between gRPC and the Feed and decides nothing; who may come in as whom is its gate's to say, at
the beginning and with every request. A stream that asks for nothing at first, or for more names than any mesh has, is
ended.
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
from moyai.xds.server.gate import Asker, Gate, Refused
from moyai.xds.server.sotw import SotwStream
from moyai.xds.server.stream import Request, Stream

_SERVICE: Final = "/envoy.service.discovery.v3.AggregatedDiscoveryService/"
_DELTA: Final = f"{_SERVICE}DeltaAggregatedResources"
_SOTW: Final = f"{_SERVICE}StreamAggregatedResources"
_PATIENCE: Final = 10.0
"""Seconds for a stream's first request."""
_MOST_NAMES: Final = 20_000
"""Of all types together. The largest mesh that AWS takes leads to a tenth of it."""
_BEARER: Final = "Bearer "


class _Outbox:
    """The Sink of one stream. None in the queue ends it."""

    def __init__(self) -> None:
        self.queue: Queue[bytes | Refused | None] = Queue()

    def send(self, response: bytes) -> None:
        """Queue a response; the Feed waits for its answer before it sends another."""
        self.queue.put_nowait(response)

    def end(self) -> None:
        """Close the stream once everything queued has left."""
        self.queue.put_nowait(None)


class AdsHandler(grpc.GenericRpcHandler):
    """Answers both methods. Responses leave as the bytes they were serialised to."""

    def __init__(self, feed: Feed, gate: Gate) -> None:
        self._feed = feed
        self._gate = gate

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[Any, bytes] | None:
        """The handler of a method, None for what isn't served."""
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
        form: Callable[[], Stream[Request]],
        requests: AsyncIterator[Request],
        context: grpc.aio.ServicerContext[Request, bytes],
    ) -> AsyncIterator[bytes]:
        first = await _first(requests)
        if first is None:
            return
        asker = asker_of(context, first.node.id)
        outbox = _Outbox()
        try:
            entrant = self._gate.admit(asker)
        except Refused as refused:
            self._feed.turned_away.add(refused.code.name.lower())
            await context.abort(refused.code, str(refused))
        stream = form()
        connection = self._feed.connect(entrant.proxy, outbox, stream, entrant.guest_of)

        def take(request: Request) -> None:
            self._gate.allow(asker)
            connection.receive(request)
            if stream.names_wanted > _MOST_NAMES:
                raise Refused(grpc.StatusCode.RESOURCE_EXHAUSTED, f"a stream may ask for {_MOST_NAMES} names")

        listener = create_task(_listen(first, requests, take, outbox))
        try:
            while (response := await outbox.queue.get()) is not None:
                if isinstance(response, Refused):
                    await context.abort(response.code, str(response))
                yield response
        finally:
            listener.cancel()
            connection.close()


async def _listen(
    first: Request, requests: AsyncIterator[Request], take: Callable[[Request], None], outbox: _Outbox
) -> None:
    try:
        take(first)
        async for request in requests:
            take(request)
    except Refused as refused:
        outbox.queue.put_nowait(refused)
    finally:
        outbox.end()


def asker_of(context: grpc.aio.ServicerContext[Any, Any], node: str = "") -> Asker:
    """What a call brings along."""
    metadata = {key: value for key, value in context.invocation_metadata() or () if isinstance(value, str)}
    bearer = metadata.get("authorization", "")
    uris = context.auth_context().get("peer_uri", ())
    return Asker(
        node,
        metadata.get(PROXY_HEADER, ""),
        bearer.removeprefix(_BEARER) if bearer.startswith(_BEARER) else "",
        tuple(uri.decode(errors="replace") for uri in uris),
    )


async def _first(requests: AsyncIterator[Request]) -> Request | None:
    try:
        async with asyncio.timeout(_PATIENCE):
            return await anext(aiter(requests), None)
    except TimeoutError:
        return None
