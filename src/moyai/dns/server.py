"""The DNS server's sockets: UDP and TCP.

Promise: only permitted clients get responses (a VPC's own tasks, or this machine), so the server can't be used to
attack others, nor as an open resolver. Datagrams are handled in bounded bursts, between which other tasks of the event
loop run. Idle TCP connections are closed, and their number is bounded. No packet ends the server.
Source: RFC 5358 (resolvers that answer everybody), RFC 7766 (TCP)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from ipaddress import IPv4Network
from socket import inet_aton, socket
from typing import Final

from moyai.dns.resolver import Resolver

Admits = Callable[[str], bool]
"""Whether a client with this address gets responses."""

_log = logging.getLogger(__name__)

_DATAGRAM: Final = 4096
_BURST: Final = 64
_MAX_CONNECTIONS: Final = 128
_IDLE_TIMEOUT: Final = 10.0
_LENGTH: Final = 2


def within(networks: Sequence[IPv4Network]) -> Admits:
    """Permits the addresses of these networks, also when the sequence changes later."""

    def admits(host: str) -> bool:
        number = int.from_bytes(inet_aton(host), "big")
        return any(number & int(network.netmask) == int(network.network_address) for network in networks)

    return admits


class DatagramServer:
    """Serves one UDP socket, which it owns and closes."""

    def __init__(self, sock: socket, resolver: Resolver, admits: Admits) -> None:
        self._sock = sock
        self._resolver = resolver
        self._admits = admits
        self._loop = asyncio.get_running_loop()
        self._slow: set[asyncio.Task[None]] = set()
        self._loop.add_reader(sock, self._receive)

    async def close(self) -> None:
        """Close the socket, and cancel pending questions to upstream resolvers."""
        self._loop.remove_reader(self._sock)
        for task in self._slow:
            task.cancel()
        await asyncio.gather(*self._slow, return_exceptions=True)
        self._sock.close()

    def _receive(self) -> None:
        receive, admits, reply = self._sock.recvfrom, self._admits, self._resolver.reply
        for _ in range(_BURST):
            try:
                packet, peer = receive(_DATAGRAM)
            except OSError:  # no datagram is left, or one of ours could not be delivered
                return
            if not admits(peer[0]):
                continue
            response = reply(packet)
            if isinstance(response, bytes):
                self._send(response, peer)
            elif response is not None:
                task = self._loop.create_task(self._send_later(response, peer))
                self._slow.add(task)
                task.add_done_callback(self._slow.discard)

    async def _send_later(self, response: Awaitable[bytes], peer: tuple[str, int]) -> None:
        self._send(await response, peer)

    def _send(self, response: bytes, peer: tuple[str, int]) -> None:
        with suppress(OSError):  # a full buffer loses the response, as the network might; clients retry
            self._sock.sendto(response, peer)


class StreamServer:
    """Serves one TCP socket, which it owns and closes. Made by ``open``."""

    def __init__(self, resolver: Resolver, admits: Admits) -> None:
        self._resolver = resolver
        self._admits = admits
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(cls, sock: socket, resolver: Resolver, admits: Admits) -> StreamServer:
        """A server that accepts connections on the socket, from the clients that ``admits`` allows."""
        server = cls(resolver, admits)
        server._server = await asyncio.start_server(server._accept, sock=sock)
        return server

    async def close(self) -> None:
        """Close the socket and every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        if peer is None or not self._admits(peer[0]) or len(self._connections) >= _MAX_CONNECTIONS:
            writer.close()
            return
        task = asyncio.create_task(self._serve_connection(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one query after the other until the client closes the connection."""
        try:
            while True:
                async with asyncio.timeout(_IDLE_TIMEOUT):
                    length = int.from_bytes(await reader.readexactly(_LENGTH), "big")
                    packet = await reader.readexactly(length)
                reply = self._resolver.reply(packet)
                if reply is None:
                    return
                response = reply if isinstance(reply, bytes) else await reply
                writer.write(len(response).to_bytes(_LENGTH, "big") + response)
                async with asyncio.timeout(_IDLE_TIMEOUT):
                    await writer.drain()
        except (OSError, EOFError):  # the client has disconnected, or was idle for too long
            return
        finally:
            writer.close()
