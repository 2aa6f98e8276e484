"""Proxies without Envoy: in-process clients that acknowledge every response.

The simulated runtime (``--runtime sim``) uses them, since the planner waits for acknowledgements there as well.
"""

from __future__ import annotations

from asyncio import Queue, Task, create_task

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse

from moyai.kernel.ids import ProxyId
from moyai.xds.server.delta import DeltaStream
from moyai.xds.server.feed import Feed
from moyai.xds.server.proxy import ProxyConnection
from moyai.xds.server.resource import ResourceType


class LoopbackProxies:
    """The simulated proxies of one feed."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._proxies: dict[ProxyId, _LoopbackProxy] = {}

    async def attach(self, proxy: ProxyId) -> None:
        """Start a proxy, which opens its stream. Does nothing when it already runs."""
        if proxy not in self._proxies:
            self._proxies[proxy] = _LoopbackProxy(self._feed, proxy)

    async def detach(self, proxy: ProxyId) -> None:
        """End a proxy. Does nothing when it does not run."""
        running_proxy = self._proxies.pop(proxy, None)
        if running_proxy is not None:
            await running_proxy.close()

    async def close(self) -> None:
        """End all proxies that run."""
        for proxy in tuple(self._proxies):
            await self.detach(proxy)


class _LoopbackProxy:
    """Subscribes to all resources of every type and acknowledges each response."""

    def __init__(self, feed: Feed, proxy: ProxyId) -> None:
        self._inbox: Queue[bytes | None] = Queue()
        self._connection: ProxyConnection[DeltaDiscoveryRequest] = feed.connect(proxy, self, DeltaStream())
        for type_ in ResourceType:
            self._connection.receive(DeltaDiscoveryRequest(type_url=type_))
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
