"""Relays one session between a client's frames and its command, from the handshake to the end.

Promise: output waits for the client only, and input for the command only. The session ends when the
command ends, when the client disconnects, and after twenty minutes without input and output.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from moyai.api.data_channel.message import LARGEST_PAYLOAD, BadFrame, ChannelMessage, MessageType, PayloadType
from moyai.api.data_channel.payloads import (
    ChannelClosed,
    ClientOptions,
    Flag,
    HandshakeComplete,
    HandshakeResponse,
    Size,
    handshake_request,
    read,
    write,
)
from moyai.api.data_channel.stream import DataStream
from moyai.kernel.clock import Clock, Seconds
from moyai.kernel.ids import Ids
from moyai.ports.runtime import RuntimeFault
from moyai.ports.sessions import CommandOutput, CommandSession, StandardStream, TerminalSize

IDLE = 20 * 60.0
"""Seconds, as on AWS."""
IDLE_REASON = "Your session timed out due to inactivity."
_DEFAULT_SIZE = TerminalSize(24, 80)
_HANDSHAKE = 30.0
_FIRST_SIZE = 1.0
"""Seconds to wait for a terminal's size."""
_LAST_OUTPUT = 5.0
"""Seconds to wait for output after the command's end, and for its acknowledgement."""
_MAX_INPUT = 64
"""Frames of input that may wait for the command."""
_TICK = 0.1

Start = Callable[[TerminalSize | None], Awaitable[CommandSession]]


class Link(Protocol):
    """Receives and sends the client's frames."""

    async def receive(self) -> bytes | None:
        """The next frame; None when the client has disconnected. Raises BadFrame for a message that is no frame."""

    async def send(self, frame: bytes) -> None:
        """Send a frame; it is dropped when the client has disconnected."""


class SessionRelay:
    """The relay of one session; ``run`` is called once."""

    def __init__(self, session_id: str, link: Link, options: ClientOptions | None, clock: Clock, ids: Ids) -> None:
        """``options``: those of moyai's own client; None for any other."""
        self._session_id, self._link, self._options = session_id, link, options
        self._clock, self._ids = clock, ids
        self._stream = DataStream(MessageType.OUTPUT, ids)
        self._input: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._size = TerminalSize(0, 0)
        self._handshake_done, self._size_received, self._progress = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._last_activity = clock.now()
        self._session: CommandSession | None = None
        self._sending = asyncio.Lock()

    async def run(self, start: Start) -> None:
        """Do the handshake, start the command, and relay until the client or the command ends; then end the other."""
        work = (self._receive_frames(), self._retransmit(), self._wait_until_idle(), self._serve(start))
        jobs = [asyncio.create_task(job) for job in work]
        reason = ""
        try:
            done, _ = await asyncio.wait(jobs, return_when=asyncio.FIRST_COMPLETED)
            reason = "".join([await job for job in done])
        except BadFrame as error:
            reason = str(error)
        finally:
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)
            if self._session is not None:
                await self._session.close()
        await self._send_closed(reason)

    # ------------------------------------------------------------------------------------------------ the client

    async def _receive_frames(self) -> str:
        """Receive the client's frames until it disconnects."""
        while (frame := await self._link.receive()) is not None:
            if self._stream.receive(frame, self._clock.now()) is not None or self._handle_messages():
                break
            await self._flush()
        return ""

    def _handle_messages(self) -> bool:
        """Handle the client's messages while there is room for its input; True when one ends the session."""
        while self._input.qsize() < _MAX_INPUT:
            message = self._stream.next_message(self._clock.now())
            if message is None:
                break
            if self._handle(message):
                return True
        return False

    def _handle(self, message: ChannelMessage) -> bool:
        """Handle one message; True when it ends the session."""
        match message.payload_type:
            case PayloadType.HANDSHAKE_RESPONSE:
                read(HandshakeResponse, message.payload)
                self._handshake_done.set()
            case PayloadType.SIZE:
                self._resize(read(Size, message.payload).terminal)
            case PayloadType.OUTPUT:
                self._last_activity = self._clock.now()
                self._input.put_nowait(message.payload)
            case PayloadType.FLAG:
                flag = int.from_bytes(message.payload)
                if flag == Flag.INPUT_ENDED:
                    self._input.put_nowait(None)
                return flag == Flag.TERMINATE
            case _:
                pass
        return False

    def _resize(self, size: TerminalSize) -> None:
        self._size = size
        self._size_received.set()
        if self._session is not None:
            self._session.resize(size)

    async def _retransmit(self) -> str:
        """Retransmit frames that are not acknowledged in time."""
        while True:
            await self._until(lambda: not self._stream.all_acknowledged)
            await self._clock.sleep(Seconds(_TICK))
            self._stream.retransmit(self._clock.now())
            await self._flush()

    async def _wait_until_idle(self) -> str:
        """Wait until neither side has sent anything for too long."""
        while (left := self._last_activity + IDLE - self._clock.now()) > 0:
            await self._clock.sleep(Seconds(left))
        return IDLE_REASON

    # ----------------------------------------------------------------------------------------------- the command

    async def _serve(self, start: Start) -> str:
        self._stream.send(PayloadType.HANDSHAKE_REQUEST, write(handshake_request()), self._clock.now())
        await self._flush()
        if not await self._within(_HANDSHAKE, self._handshake_done.wait()):
            return "The client did not answer the handshake."
        self._stream.send(PayloadType.HANDSHAKE_COMPLETE, write(HandshakeComplete()), self._clock.now())
        await self._flush()
        size = None
        if self._options is None or self._options.terminal:
            size = self._size if await self._within(_FIRST_SIZE, self._size_received.wait()) else _DEFAULT_SIZE
        try:
            session = self._session = await start(size)
        except RuntimeFault as fault:
            return str(fault)
        if size is not None and self._size_received.is_set():
            session.resize(self._size)  # it may have changed while the command was being started
        forwarding_input = asyncio.create_task(self._forward_input(session))
        try:
            await self._forward_output(session)
        finally:
            forwarding_input.cancel()
            await asyncio.gather(forwarding_input, return_exceptions=True)
        return ""

    async def _forward_input(self, session: CommandSession) -> None:
        while (data := await self._input.get()) is not None:
            await session.write(data)
            if self._handle_messages():
                break
            await self._flush()
        session.end_input()

    async def _forward_output(self, session: CommandSession) -> None:
        """Send the command's output, and at its end the exit code to moyai's own client."""
        sending_output = asyncio.create_task(self._send_output(session))
        try:
            code = await session.wait()
            await self._within(_LAST_OUTPUT, asyncio.shield(sending_output))
        finally:
            sending_output.cancel()
            await asyncio.gather(sending_output, return_exceptions=True)
        if self._options is not None:
            self._stream.send(PayloadType.EXIT_CODE, str(code).encode(), self._clock.now())
            await self._flush()
        await self._within(_LAST_OUTPUT, self._until(lambda: self._stream.all_acknowledged))

    async def _send_output(self, session: CommandSession) -> None:
        while (output := await session.read()) is not None:
            self._last_activity = self._clock.now()
            for at in range(0, len(output.data), LARGEST_PAYLOAD):
                await self._until(lambda: self._stream.can_send)
                piece = output.data[at : at + LARGEST_PAYLOAD]
                self._stream.send(self._type_of(output), piece, self._clock.now())
                await self._flush()

    def _type_of(self, output: CommandOutput) -> PayloadType:
        return PayloadType.STDERR if output.stream is StandardStream.ERR else PayloadType.OUTPUT

    # ------------------------------------------------------------------------------------------------- the frames

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._progress.clear()
            await self._progress.wait()

    async def _within(self, seconds: float, wait: Awaitable[object]) -> bool:
        """Whether the awaitable completes within so many seconds; it is cancelled otherwise."""
        waiting = asyncio.ensure_future(wait)
        timer = asyncio.create_task(self._clock.sleep(Seconds(seconds)))
        try:
            await asyncio.wait({waiting, timer}, return_when=asyncio.FIRST_COMPLETED)
            return waiting.done()
        finally:
            for task in (waiting, timer):
                task.cancel()
            await asyncio.gather(waiting, timer, return_exceptions=True)

    async def _send_closed(self, reason: str) -> None:
        now = self._clock.now()
        closed = ChannelClosed(self._ids.uuid(), str(int(now * 1000)), self._session_id, reason)
        self._stream.send_control(MessageType.CHANNEL_CLOSED, write(closed), now)
        await self._flush()

    async def _flush(self) -> None:
        async with self._sending:
            while self._stream.outbox:
                await self._link.send(self._stream.outbox.popleft())
        self._progress.set()
