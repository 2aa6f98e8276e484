"""The data channel on a WebSocket: a thin ASGI application.

Promise: a path that is no session that waits is refused before the upgrade, a client has ten seconds to show its token,
and whatever is no frame ends the channel. Whether a request may come at all (browsers) is the application's to say.
Source: https://asgi.readthedocs.io/en/latest/specs/www.html#websocket
"""

from __future__ import annotations

import asyncio
import logging

from msgspec.structs import replace

from moyai.api.asgi import Receive, Send
from moyai.api.channel.message import LARGEST_FRAME, BadFrame
from moyai.api.channel.payloads import Opening, read
from moyai.api.channel.relay import Relay
from moyai.api.channel.tickets import PATH, Ticket, Tickets
from moyai.kernel.ids import Ids
from moyai.ports.sessions import Session, TerminalSize

_OPENING_SECONDS = 10.0
_LARGEST_OPENING = 16 * 1024
_NORMAL, _POLICY, _WENT_WRONG = 1000, 1008, 1011
_log = logging.getLogger(__name__)


class DataChannels:
    """Serves the WebSockets of sessions."""

    def __init__(self, tickets: Tickets, ids: Ids) -> None:
        self._tickets = tickets
        self._ids = ids

    async def __call__(self, path: str, receive: Receive, send: Send) -> None:
        """Serve one WebSocket that asks for this path."""
        session = path.removeprefix(PATH)
        await receive()
        if not path.startswith(PATH) or not self._tickets.awaits(session):
            await send({"type": "websocket.close"})
            return
        await send({"type": "websocket.accept"})
        opening = await _opening(receive)
        ticket = None if opening is None else self._tickets.open(session, opening.token_value)
        if opening is None or ticket is None:
            await _close(send, _POLICY, "The token does not open this session.")
            return
        try:
            await self._relay(ticket, opening, _WebSocket(receive, send))
            await _close(send, _NORMAL, "")
        except Exception:  # noqa: BLE001  the top: a session's failure is its own
            _log.exception("session %s failed", session)
            await _close(send, _WENT_WRONG, "The session failed.")
        finally:
            self._tickets.close(session)

    async def _relay(self, ticket: Ticket, opening: Opening, link: _WebSocket) -> None:
        async def start(size: TerminalSize | None) -> Session:
            return await self._tickets.runtime.execute(replace(ticket.execution, terminal=size))

        relay = Relay(ticket.session, link, opening.moyai, self._tickets.clock, self._ids)
        await relay.run(start)


class _WebSocket:
    """A link of frames."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send

    async def receive(self) -> bytes | None:
        """See Link."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            return None
        frame = message.get("bytes")
        if not isinstance(frame, bytes) or len(frame) > LARGEST_FRAME:
            raise BadFrame("the channel takes binary frames")
        return frame

    async def send(self, frame: bytes) -> None:
        """See Link."""
        try:
            await self._send({"type": "websocket.send", "bytes": frame})
        except (OSError, RuntimeError):  # the client has gone; ``receive`` says so
            return


async def _opening(receive: Receive) -> Opening | None:
    """The client's first message, if it is one and comes in time."""
    try:
        async with asyncio.timeout(_OPENING_SECONDS):
            message = await receive()
        text = message.get("text") or ""
        return read(Opening, text) if len(text) <= _LARGEST_OPENING else None
    except (TimeoutError, BadFrame):
        return None


async def _close(send: Send, code: int, reason: str) -> None:
    try:
        await send({"type": "websocket.close", "code": code, "reason": reason})
    except (OSError, RuntimeError):  # the client has gone
        return
