"""The feed's state of one proxy, and notifications of its changes."""

from __future__ import annotations

from asyncio import Event
from collections.abc import Iterable
from typing import Generic, Protocol

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DiscoveryRequest

from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId, WorkloadId
from moyai.xds.server.resource import ResourceType
from moyai.xds.server.stream import AnyStream, Request

RESEND_AFTER = 4.0
"""The least seconds until a listener that the host's Envoy could not open is sent again. It reports every five."""


class Sink(Protocol):
    """The sending end of one proxy's stream. Neither call waits."""

    def send(self, response: bytes) -> None:
        """Send a serialised discovery response. At most one of each type is unanswered at a time."""

    def end(self) -> None:
        """Close the stream, because the proxy has opened another one."""


class StreamHandler(Protocol):
    """Handles the requests on the streams of all proxies, and their ends. The Feed implements it."""

    def receive(self, proxy: ProxyId, sink: Sink, request: DeltaDiscoveryRequest | DiscoveryRequest) -> None:
        """Handle a request."""

    def disconnect(self, proxy: ProxyId, sink: Sink) -> None:
        """Handle the end of a stream."""


class ProxyConnection(Generic[Request]):
    """An open stream of a proxy. Made by ``Feed.connect``."""

    def __init__(self, handler: StreamHandler, proxy: ProxyId, sink: Sink) -> None:
        self._handler, self._proxy, self._sink = handler, proxy, sink

    def receive(self, request: Request) -> None:
        """Handle a request that came in on this stream."""
        self._handler.receive(self._proxy, self._sink, request)

    def close(self) -> None:
        """Handle the end of the stream."""
        self._handler.disconnect(self._proxy, self._sink)


class Proxy:
    """An Envoy, with its open stream and the stream before. ``serves_host``: it serves all hosted workloads."""

    def __init__(self, *, serves_host: bool = False) -> None:
        self.serves_host = serves_host
        self.workload: WorkloadId | None = None
        """The workload whose configuration the proxy gets; None until one is assigned."""
        self.is_external = False
        """Whether the proxy belongs to no task: it is known by its stream only, and forgotten when the stream ends."""
        self.stream: AnyStream | None = None
        self.previous_stream: AnyStream | None = None
        """The previous stream, until the proxy has reported on the new one which endpoints it still has."""
        self.sink: Sink | None = None
        self.reported_at: Instant | None = None
        self._resent_at: Instant | None = None

    def resend_rejected(self, now: Instant) -> list[bytes]:
        """Send the host's Envoy the listeners again that it could not open, because a port, a descriptor or memory may
        be free by now. Called with each of its reports.
        """
        is_early = self._resent_at is not None and 0 <= now - self._resent_at < RESEND_AFTER
        if self.stream is None or not self.serves_host or is_early:
            return []
        self._resent_at = now
        return self.stream.resend_rejected_listeners()

    @property
    def has_reported_versions(self) -> bool:
        """Whether the proxy has reported on its stream what it still has: it has subscribed to endpoints, or it is the
        host's Envoy and has just started, without any resources.
        """
        if self.stream is None:
            return False
        is_new = self.serves_host and self.stream.has_started_empty
        return is_new or self.stream.has_subscribed(ResourceType.ENDPOINT)

    def streams(self) -> tuple[AnyStream, ...]:
        """The streams that show which configurations the proxy may be using."""
        return tuple(stream for stream in (self.stream, self.previous_stream) if stream is not None)

    @property
    def is_settled(self) -> bool:
        """Whether the proxy certainly has the endpoints of its newest snapshot, or none."""
        if self.stream is None or (self.workload is None and not self.serves_host):
            return True
        has_one_stream = self.sink is not None and self.previous_stream is None
        return has_one_stream and self.stream.is_settled(ResourceType.ENDPOINT)


class ProxyChanges:
    """The proxies whose state has changed since a listener last asked. Several changes of a proxy become one."""

    def __init__(self) -> None:
        self._event = Event()
        self._proxies: set[ProxyId] = set()

    def notify(self, proxies: Iterable[ProxyId]) -> None:
        """Add proxies whose state has changed."""
        self._proxies.update(proxies)
        if self._proxies:
            self._event.set()

    async def wait(self) -> tuple[ProxyId, ...]:
        """Wait for a change; then take all changed proxies."""
        await self._event.wait()
        self._event.clear()
        proxies, self._proxies = self._proxies, set()
        return tuple(sorted(proxies))
