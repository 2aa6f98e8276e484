"""Rejects callers inside a container's own networks, where the API's port is published on the host's loopback.

Then callers need no access keys, as on a machine's own loopback. Published ports are reached through the network's
gateway or, on a virtual machine of Docker Desktop, from an address outside of the network. But the API listens on all
addresses, where tasks (whose connections to the outside start at an address of this container) and other containers of
its networks reach it, too. They are answered with 403.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, ip_address, ip_interface
from typing import Final, NamedTuple

from pyroute2 import IPRoute

from moyai.api.asgi import AsgiScope, Receive, Send
from moyai.kernel.clock import Clock

Application = Callable[[AsgiScope, Receive, Send], Awaitable[None]]

_REFRESH: Final = 5.0
"""Seconds until the networks are read again: an engine can connect a running container to another one."""
_REFUSAL: Final = (
    "Callers in the container's own networks need access keys, and this server has none, because its port is published"
    " on the host's loopback. Call it there, or start it without MOYAI_PUBLISHED_AT and with access keys."
)


class Networks(NamedTuple):
    """The networks of this container: its addresses in them, and the gateways of its default routes."""

    interfaces: tuple[IPv4Interface | IPv6Interface, ...]
    gateways: frozenset[IPv4Address | IPv6Address]

    def has_caller(self, address: str) -> bool:
        """Whether a caller is in one of the networks: this container itself or a neighbour, but not the gateway."""
        caller = ip_address(address.partition("%")[0])
        caller = getattr(caller, "ipv4_mapped", None) or caller
        if caller.is_loopback or caller in self.gateways:
            return False
        return any(caller in interface.network for interface in self.interfaces)


def read_networks() -> Networks:
    """The networks as they are now."""
    with IPRoute() as links:
        addresses = [f"{item.get_attr('IFA_ADDRESS')}/{item['prefixlen']}" for item in links.get_addr()]
        gateways = [route.get_attr("RTA_GATEWAY") for route in links.get_default_routes()]
    return Networks(
        tuple(interface for interface in map(ip_interface, addresses) if not interface.is_loopback),
        frozenset(ip_address(gateway) for gateway in gateways if gateway),
    )


class PublishedOnLoopback:
    """An ASGI application that answers callers from elsewhere than this container's networks by another one."""

    def __init__(self, app: Application, clock: Clock, read: Callable[[], Networks] = read_networks) -> None:
        """``read`` may block."""
        self._app = app
        self._clock = clock
        self._read = read
        self._networks: Networks | None = None
        self._read_at = clock.now()

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        address, *_ = scope.get("client") or ("",)
        if not address or not (await self._current_networks()).has_caller(address):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})
        else:
            body = json.dumps({"message": _REFUSAL}).encode()
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    async def _current_networks(self) -> Networks:
        networks = self._networks
        if networks is None or abs(self._clock.now() - self._read_at) > _REFRESH:
            networks = await asyncio.to_thread(self._read)
            self._networks, self._read_at = networks, self._clock.now()
        return networks
