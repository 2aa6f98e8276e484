"""Forwards questions to the host's own resolvers.

Promise: the number of pending questions and the time of each are bounded. Each question has an unpredictable port and
id; a response is accepted only from the server that was asked, with that id and that question. Servers are tried one
after the other. They are fixed at the start: no client can choose them.
Source: RFC 5452 (forged answers), RFC 7766 (TCP)
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, cast

import dns.exception
import dns.message
import dns.rcode
from dns.message import Message

from moyai.dns.answer import PAYLOAD, UpstreamQuestion
from moyai.dns.zone import RandomBelow

PORT: Final = 53
_SERVERS: Final = 3
"""The number of servers that the C library asks."""
_MAX_PENDING: Final = 256
_TIMEOUT: Final = 2.0
_IDS: Final = 1 << 16
_LENGTH: Final = 2


class Upstream:
    """The host's resolvers, by address. ``port`` is the port of all of them; ``timeout``: seconds for each."""

    def __init__(
        self, servers: Sequence[str], random_below: RandomBelow, port: int = PORT, timeout: float = _TIMEOUT
    ) -> None:
        self._servers = servers[:_SERVERS]
        self._random_below = random_below
        self._port = port
        self._timeout = timeout
        self._pending = 0

    @property
    def has_capacity(self) -> bool:
        """Whether a question can be asked now."""
        return bool(self._servers) and self._pending < _MAX_PENDING

    async def ask(self, question: UpstreamQuestion, query: Message, *, stream: bool) -> Message | None:
        """The response of the first server that has one; None when none has. ``query``: the client's own query."""
        self._pending += 1
        try:
            for server in self._servers:
                message = self._message(question, query)
                with suppress(OSError, EOFError, dns.exception.DNSException, ValueError):
                    async with asyncio.timeout(self._timeout):
                        exchange = _over_tcp if stream else _over_udp
                        response = await exchange(server, self._port, message)
                    if response.rcode() in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
                        return response
            return None
        finally:
            self._pending -= 1

    def _message(self, question: UpstreamQuestion, query: Message) -> Message:
        """A query of our own. EDNS options belong to one hop, so only the client's flags are passed on."""
        return dns.message.make_query(
            question.name,
            question.type,
            use_edns=query.edns >= 0,
            ednsflags=query.ednsflags if query.edns >= 0 else 0,
            payload=PAYLOAD,
            id=self._random_below(_IDS),
        )


class _UdpExchange(asyncio.DatagramProtocol):
    """Sends a query and waits for the datagram with its response."""

    def __init__(self, query: Message) -> None:
        self._query = query
        self.response: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the query as soon as the socket is connected."""
        cast("asyncio.DatagramTransport", transport).sendto(self._query.to_wire())

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 (the socket is connected)
        """Accept the response. Any other datagram may be a forgery and is ignored."""
        with suppress(dns.exception.DNSException, ValueError):
            message = dns.message.from_wire(data)
            if not self.response.done() and self._query.is_response(message):
                self.response.set_result(message)

    def error_received(self, exc: Exception) -> None:
        """Fail, because the server does not listen."""
        if not self.response.done():
            self.response.set_exception(exc)


async def _over_udp(server: str, port: int, query: Message) -> Message:
    """Exchange datagrams on a socket of its own, for which the kernel chooses a random port."""
    loop = asyncio.get_running_loop()
    transport, exchange = await loop.create_datagram_endpoint(lambda: _UdpExchange(query), remote_addr=(server, port))
    try:
        return await exchange.response
    finally:
        transport.close()


async def _over_tcp(server: str, port: int, query: Message) -> Message:
    reader, writer = await asyncio.open_connection(server, port)
    try:
        writer.write(query.to_wire(prepend_length=True))
        length = int.from_bytes(await reader.readexactly(_LENGTH), "big")
        response = dns.message.from_wire(await reader.readexactly(length))
    finally:
        writer.close()
    if not query.is_response(response):
        raise OSError("the response answers another question")
    return response
