"""The data channel on a WebSocket: a thin ASGI application.

Promise: a path without a pending session is refused before the upgrade, a client has ten seconds to send its token, and
a message that is no frame ends the channel. ``asgi`` refuses requests of foreign web pages before they come here.
Source: https://asgi.readthedocs.io/en/latest/specs/www.html#websocket
"""

from __future__ import annotations

import asyncio
import logging

from msgspec.structs import replace

from moyai.api.asgi import Send
from moyai.api.bodies import Receive
from moyai.api.data_channel.message import LARGEST_FRAME, BadFrame
from moyai.api.data_channel.payloads import Opening, read
from moyai.api.data_channel.relay import SessionRelay
from moyai.api.exec_sessions import PATH, ExecSessionRegistry, RegisteredSession
from moyai.kernel.ids import Ids
from moyai.ports.sessions import CommandSession, TerminalSize

_OPENING_SECONDS = 10.0
_LARGEST_OPENING = 16 * 1024
_NORMAL, _POLICY, _WENT_WRONG = 1000, 1008, 1011
_log = logging.getLogger(__name__)


class DataChannelEndpoint:
    """Serves the WebSockets of exec sessions."""

    def __init__(self, sessions: ExecSessionRegistry, ids: Ids) -> None:
        self._sessions = sessions
        self._ids = ids

    async def __call__(self, path: str, receive: Receive, send: Send) -> None:
        """Serve one WebSocket at this path."""
        session_id = path.removeprefix(PATH)
        await receive()
        if not path.startswith(PATH) or not self._sessions.is_pending(session_id):
            await send({"type": "websocket.close"})
            return
        await send({"type": "websocket.accept"})
        opening = await _opening(receive)
        session = None if opening is None else self._sessions.open(session_id, opening.token_value)
        if opening is None or session is None:
            await _close(send, _POLICY, "The token does not open this session.")
            return
        try:
            await self._relay(session, opening, _WebSocket(receive, send))
            await _close(send, _NORMAL, "")
        except Exception:  # noqa: BLE001  the top: a session's failure is its own
            _log.exception("session %s failed", session_id)
            await _close(send, _WENT_WRONG, "The session failed.")
        finally:
            self._sessions.close(session_id)

    async def _relay(self, session: RegisteredSession, opening: Opening, link: _WebSocket) -> None:
        async def start(size: TerminalSize | None) -> CommandSession:
            return await self._sessions.runtime.execute(replace(session.execution, terminal=size))

        relay = SessionRelay(session.id, link, opening.moyai, self._sessions.clock, self._ids)
        await relay.run(start)


class _WebSocket:
    """The frames of a client, as the relay receives and sends them."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self._receive, self._send = receive, send

    async def receive(self) -> bytes | None:
        """The next frame; None when the client has disconnected. Raises BadFrame for text and for too large ones."""
        message = await self._receive()
        if message["type"] == "websocket.disconnect":
            return None
        frame = message.get("bytes")
        if not isinstance(frame, bytes) or len(frame) > LARGEST_FRAME:
            raise BadFrame("the channel takes binary frames")
        return frame

    async def send(self, frame: bytes) -> None:
        """Send a frame; it is dropped when the client has disconnected."""
        try:
            await self._send({"type": "websocket.send", "bytes": frame})
        except (OSError, RuntimeError):  # the client has disconnected; ``receive`` returns None
            return


async def _opening(receive: Receive) -> Opening | None:
    """The client's first message; None when it is invalid or does not arrive in time."""
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
    except (OSError, RuntimeError):  # the client has disconnected
        return
