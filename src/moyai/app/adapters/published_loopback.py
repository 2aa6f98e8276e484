"""Answers only callers of the published port without access keys, if that port is on the loopback of the host.

An engine forwards connections to a port on its host's loopback from the gateway of the container's network, on Docker
Desktop as well. The API listens on all addresses of the container, but all other callers are answered with 403: tasks,
whose connections to the outside start at an address of this container, other containers in its networks, and machines
that have a route to it.
Source: https://docs.docker.com/engine/network/packet-filtering-firewalls/
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

import pyroute2

from moyai.api.asgi import AsgiScope, Send
from moyai.api.bodies import Receive
from moyai.kernel.clock import Clock

Application = Callable[[AsgiScope, Receive, Send], Awaitable[None]]

Gateways = frozenset[IPv4Address | IPv6Address]

_REFRESH: Final = 5.0
"""Seconds until the gateways are read again: an engine can connect a running container to another network."""


def read_gateways() -> Gateways:
    """The gateways of this container's default routes, as they are now."""
    with pyroute2.IPRoute() as links:
        addresses = [route.get_attr("RTA_GATEWAY") for route in links.get_default_routes()]
    return frozenset(ip_address(address) for address in addresses if address)


def is_published_port(caller: str, gateways: Gateways) -> bool:
    """Whether a connection from this address came through the published port, or from within the container."""
    try:
        address = ip_address(caller.partition("%")[0])
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address in gateways


def _refusal(caller: str) -> str:
    return (
        f"Callers at {caller} need access keys, and this server has none: its port is published on the host's loopback,"
        " whose connections come from the gateway of the container's network. Call it there, or start it without"
        " MOYAI_PUBLISHED_AT and with access keys."
    )


class PublishedOnLoopback:
    """An ASGI application that passes calls through the published port on to another one, and rejects all others."""

    def __init__(self, app: Application, clock: Clock, read: Callable[[], Gateways] = read_gateways) -> None:
        """``read`` may block."""
        self._app = app
        self._clock = clock
        self._read = read
        self._gateways: Gateways | None = None
        self._read_at = clock.now()

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        caller, *_ = scope.get("client") or ("an unknown address",)
        if is_published_port(caller, await self._current_gateways()):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close"})
        else:
            body = json.dumps({"message": _refusal(caller)}).encode()
            headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    async def _current_gateways(self) -> Gateways:
        gateways = self._gateways
        if gateways is None or abs(self._clock.now() - self._read_at) > _REFRESH:
            gateways = await asyncio.to_thread(self._read)
            self._gateways, self._read_at = gateways, self._clock.now()
        return gateways
