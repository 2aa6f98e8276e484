"""Asking the host's own resolvers what is not ours.

Promise: at most so many questions are on their way at once, each from a port and with a number that can't be guessed,
each for a set time; what comes back counts only when it is from the server that was asked, with that number and that
question. One server after the other is tried. Whom to ask is told once, at the start: nobody who asks can choose it.
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

from moyai.dns.answer import PAYLOAD, Elsewhere
from moyai.dns.zone import Dice

PORT: Final = 53
_SERVERS: Final = 3
"""As many as the C library asks."""
_PENDING: Final = 256
_PATIENCE: Final = 2.0
_IDS: Final = 1 << 16
_LENGTH: Final = 2


class Upstream:
    """The resolvers of the host, as addresses; ``port`` is the same for all, ``patience`` in seconds for each."""

    def __init__(self, servers: Sequence[str], dice: Dice, port: int = PORT, patience: float = _PATIENCE) -> None:
        self._servers = servers[:_SERVERS]
        self._dice = dice
        self._port = port
        self._patience = patience
        self._pending = 0

    @property
    def takes_more(self) -> bool:
        """Whether a question can be asked now."""
        return bool(self._servers) and self._pending < _PENDING

    async def ask(self, wanted: Elsewhere, query: Message, *, stream: bool) -> Message | None:
        """What the first server says that knows; None when none does. ``query``: who wants to know, and how."""
        self._pending += 1
        try:
            for server in self._servers:
                question = self._question(wanted, query)
                with suppress(OSError, EOFError, dns.exception.DNSException, ValueError):
                    async with asyncio.timeout(self._patience):
                        exchange = _over_tcp if stream else _over_udp
                        found = await exchange(server, self._port, question)
                    if found.rcode() in {dns.rcode.NOERROR, dns.rcode.NXDOMAIN}:
                        return found
            return None
        finally:
            self._pending -= 1

    def _question(self, wanted: Elsewhere, query: Message) -> Message:
        """Our own question: options belong to one hop, so only what the asker can take is handed on."""
        return dns.message.make_query(
            wanted.name,
            wanted.type,
            use_edns=query.edns >= 0,
            ednsflags=query.ednsflags if query.edns >= 0 else 0,
            payload=PAYLOAD,
            id=self._dice(_IDS),
        )


class _Waiting(asyncio.DatagramProtocol):
    """Waits for the one datagram that answers."""

    def __init__(self, question: Message) -> None:
        self._question = question
        self.answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        cast("asyncio.DatagramTransport", transport).sendto(self._question.to_wire())

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 (connected: there is but one)
        """Take the answer; anything else may be a forgery, and is waited out."""
        with suppress(dns.exception.DNSException, ValueError):
            found = dns.message.from_wire(data)
            if not self.answer.done() and self._question.is_response(found):
                self.answer.set_result(found)

    def error_received(self, exc: Exception) -> None:
        """Nobody listens there."""
        if not self.answer.done():
            self.answer.set_exception(exc)


async def _over_udp(server: str, port: int, question: Message) -> Message:
    """A socket for each question: the kernel draws its port."""
    loop = asyncio.get_running_loop()
    transport, waiting = await loop.create_datagram_endpoint(lambda: _Waiting(question), remote_addr=(server, port))
    try:
        return await waiting.answer
    finally:
        transport.close()


async def _over_tcp(server: str, port: int, question: Message) -> Message:
    reader, writer = await asyncio.open_connection(server, port)
    try:
        writer.write(question.to_wire(prepend_length=True))
        length = int.from_bytes(await reader.readexactly(_LENGTH), "big")
        found = dns.message.from_wire(await reader.readexactly(length))
    finally:
        writer.close()
    if not question.is_response(found):
        raise OSError("what came back answers another question")
    return found
