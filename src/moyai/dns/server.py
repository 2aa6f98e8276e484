"""The resolver on its sockets: UDP and TCP.

Promise: only those who may ask are answered (a VPC's own tasks, or this machine), so nobody else can be made a target
or have us ask for them. A burst of datagrams is taken in pieces, so that others have their turn in the loop; a TCP
connection that says nothing is closed, and there are only so many. Nothing that arrives ends the server.
Source: RFC 5358 (resolvers that answer everybody), RFC 7766 (TCP)
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from ipaddress import IPv4Network
from socket import inet_aton, socket
from typing import Final

from moyai.dns.resolver import Resolver

Admits = Callable[[str], bool]
"""Whether the one with this address may ask."""

_log = logging.getLogger(__name__)

_DATAGRAM: Final = 4096
_BURST: Final = 64
_CONNECTIONS: Final = 128
_IDLE: Final = 10.0
_LENGTH: Final = 2


def within(network: IPv4Network) -> Admits:
    """Admits the addresses of one network."""
    base, mask = int(network.network_address), int(network.netmask)
    return lambda host: int.from_bytes(inet_aton(host), "big") & mask == base


class DatagramServer:
    """Answers on one UDP socket, which it owns from here on."""

    def __init__(self, sock: socket, resolver: Resolver, admits: Admits) -> None:
        self._sock = sock
        self._resolver = resolver
        self._admits = admits
        self._loop = asyncio.get_running_loop()
        self._slow: set[asyncio.Task[None]] = set()
        self._loop.add_reader(sock, self._take)

    async def close(self) -> None:
        """Stop answering; what others are still asked is forgotten."""
        self._loop.remove_reader(self._sock)
        for task in self._slow:
            task.cancel()
        await asyncio.gather(*self._slow, return_exceptions=True)
        self._sock.close()

    def _take(self) -> None:
        receive, admits, reply = self._sock.recvfrom, self._admits, self._resolver.reply
        for _ in range(_BURST):
            try:
                packet, peer = receive(_DATAGRAM)
            except OSError:  # there is none, or one of ours could not be delivered
                return
            if not admits(peer[0]):
                continue
            said = reply(packet)
            if isinstance(said, bytes):
                self._send(said, peer)
            elif said is not None:
                task = self._loop.create_task(self._later(said, peer))
                self._slow.add(task)
                task.add_done_callback(self._slow.discard)

    async def _later(self, said: Awaitable[bytes], peer: tuple[str, int]) -> None:
        self._send(await said, peer)

    def _send(self, said: bytes, peer: tuple[str, int]) -> None:
        with suppress(OSError):  # a full buffer loses it, as the network might; who asked will ask again
            self._sock.sendto(said, peer)


class StreamServer:
    """Answers on one TCP socket, which it owns from here on. Made by ``open``."""

    def __init__(self, resolver: Resolver, admits: Admits) -> None:
        self._resolver = resolver
        self._admits = admits
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(cls, sock: socket, resolver: Resolver, admits: Admits) -> StreamServer:
        """Begin to answer."""
        server = cls(resolver, admits)
        server._server = await asyncio.start_server(server._connected, sock=sock)
        return server

    async def close(self) -> None:
        """Stop answering, and close every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        if peer is None or not self._admits(peer[0]) or len(self._connections) >= _CONNECTIONS:
            writer.close()
            return
        task = asyncio.create_task(self._talk(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One question after the other, until the peer has nothing more to say."""
        try:
            while True:
                async with asyncio.timeout(_IDLE):
                    length = int.from_bytes(await reader.readexactly(_LENGTH), "big")
                    packet = await reader.readexactly(length)
                said = self._resolver.reply(packet)
                if said is None:
                    return
                answer = said if isinstance(said, bytes) else await said
                writer.write(len(answer).to_bytes(_LENGTH, "big") + answer)
                async with asyncio.timeout(_IDLE):
                    await writer.drain()
        except (OSError, EOFError):  # the peer is gone, or has been silent for too long
            return
        finally:
            writer.close()
