"""Proxies without Envoy: in-process ends of streams that take everything they are sent.

For the runtime that runs nothing (``--runtime sim``): there the planner waits for acknowledgements too,
and these give them.
"""

from __future__ import annotations

from asyncio import Queue, Task, create_task

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from moyai.kernel.ids import ProxyId
from moyai.xds.server.delta import DeltaStream
from moyai.xds.server.feed import Connection, Feed
from moyai.xds.server.resource import Kind


class LoopbackProxies:
    """A set of proxies."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._proxies: dict[ProxyId, _LoopbackProxy] = {}

    async def attach(self, proxy: ProxyId) -> None:
        """The proxy has started and opened its stream. Nothing happens when it already has."""
        if proxy not in self._proxies:
            self._proxies[proxy] = _LoopbackProxy(self._feed, proxy)

    async def detach(self, proxy: ProxyId) -> None:
        """The proxy has ended. Nothing happens when there is none."""
        found = self._proxies.pop(proxy, None)
        if found is not None:
            await found.close()

    async def close(self) -> None:
        """End them all."""
        for proxy in tuple(self._proxies):
            await self.detach(proxy)


class _LoopbackProxy:
    """Wants everything of every type and acknowledges it, one response after the other."""

    def __init__(self, feed: Feed, proxy: ProxyId) -> None:
        self._inbox: Queue[bytes | None] = Queue()
        self._connection: Connection[DeltaDiscoveryRequest] = feed.connect(proxy, self, DeltaStream())
        for kind in Kind:
            self._connection.receive(DeltaDiscoveryRequest(type_url=kind))
        self._task: Task[None] = create_task(self._acknowledge())

    def send(self, response: bytes) -> None:
        self._inbox.put_nowait(response)

    def end(self) -> None:
        self._inbox.put_nowait(None)

    async def close(self) -> None:
        self.end()
        await self._task
        self._connection.close()

    async def _acknowledge(self) -> None:
        while (message := await self._inbox.get()) is not None:
            response = DeltaDiscoveryResponse.FromString(message)
            acknowledgement = DeltaDiscoveryRequest(type_url=response.type_url, response_nonce=response.nonce)
            self._connection.receive(acknowledgement)
