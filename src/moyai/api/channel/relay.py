"""Between a client's frames and a command: one session, from the handshake to its end.

Promise: output waits for the client and input for the command, and neither for the other. The session ends with the
command, with the client, and after twenty minutes in which nothing was said by either.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from moyai.api.channel.message import LARGEST_PAYLOAD, BadFrame, Kind, Message, PayloadType
from moyai.api.channel.payloads import (
    ChannelClosed,
    Flag,
    HandshakeComplete,
    HandshakeResponse,
    Own,
    Size,
    handshake,
    read,
    write,
)
from moyai.api.channel.stream import DataStream
from moyai.kernel.clock import Clock, Seconds
from moyai.kernel.ids import Ids
from moyai.ports.runtime import RuntimeFault
from moyai.ports.sessions import Output, Session, Stream, TerminalSize

IDLE = 20 * 60.0
"""Seconds, as on AWS."""
IDLE_REASON = "Your session timed out due to inactivity."
_DEFAULT_SIZE = TerminalSize(24, 80)
_HANDSHAKE = 30.0
_FIRST_SIZE = 1.0
"""Seconds that a terminal's size is waited for."""
_LAST_WORDS = 5.0
"""Seconds for the client to acknowledge what was said last, and for output that comes after the end."""
_INPUT_WAITING = 64
"""Frames of input that the command has not taken yet."""
_TICK = 0.1

Start = Callable[[TerminalSize | None], Awaitable[Session]]


class Link(Protocol):
    """The client's frames."""

    async def receive(self) -> bytes | None:
        """The next frame; None when the client has gone. Raises BadFrame for a message that is none."""

    async def send(self, frame: bytes) -> None:
        """Send a frame; one that can't be sent any more is dropped."""


class Relay:
    """One session. ``run`` it once."""

    def __init__(self, name: str, link: Link, own: Own | None, clock: Clock, ids: Ids) -> None:
        """``name``: the session's id. ``own``: what moyai's own client asked for."""
        self._name, self._link, self._own = name, link, own
        self._clock, self._ids = clock, ids
        self._stream = DataStream(Kind.OUTPUT, ids)
        self._input: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._size = TerminalSize(0, 0)
        self._shaken, self._sized, self._moved = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._active = clock.now()
        self._session: Session | None = None
        self._sending = asyncio.Lock()

    async def run(self, start: Start) -> None:
        """Shake hands, start the command, and stand between until one of them ends; then the other does, too."""
        work = (self._hear(), self._send_again(), self._watch(), self._serve(start))
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
        await self._say_closed(reason)

    # ------------------------------------------------------------------------------------------------ the client

    async def _hear(self) -> str:
        """Take the client's frames until it has gone."""
        while (frame := await self._link.receive()) is not None:
            if self._stream.hear(frame, self._clock.now()) is not None or self._take_all():
                break
            await self._flush()
        return ""

    def _take_all(self) -> bool:
        """Act on what the client said, as long as its input has a place; True when it ends the session."""
        while self._input.qsize() < _INPUT_WAITING:
            message = self._stream.take(self._clock.now())
            if message is None:
                break
            if self._take(message):
                return True
        return False

    def _take(self, message: Message) -> bool:
        """Act on one message; True when it ends the session."""
        match message.payload_type:
            case PayloadType.HANDSHAKE_RESPONSE:
                read(HandshakeResponse, message.payload)
                self._shaken.set()
            case PayloadType.SIZE:
                self._resize(read(Size, message.payload).terminal)
            case PayloadType.OUTPUT:
                self._active = self._clock.now()
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
        self._sized.set()
        if self._session is not None:
            self._session.resize(size)

    async def _send_again(self) -> str:
        """Send again what is not acknowledged in time."""
        while True:
            await self._until(lambda: not self._stream.all_heard)
            await self._clock.sleep(Seconds(_TICK))
            self._stream.again(self._clock.now())
            await self._flush()

    async def _watch(self) -> str:
        """Wait until nobody has said anything for too long."""
        while (left := self._active + IDLE - self._clock.now()) > 0:
            await self._clock.sleep(Seconds(left))
        return IDLE_REASON

    # ----------------------------------------------------------------------------------------------- the command

    async def _serve(self, start: Start) -> str:
        self._stream.say(PayloadType.HANDSHAKE_REQUEST, write(handshake()), self._clock.now())
        await self._flush()
        if not await self._within(_HANDSHAKE, self._shaken.wait()):
            return "The client did not answer the handshake."
        self._stream.say(PayloadType.HANDSHAKE_COMPLETE, write(HandshakeComplete()), self._clock.now())
        await self._flush()
        size = None
        if self._own is None or self._own.terminal:
            size = self._size if await self._within(_FIRST_SIZE, self._sized.wait()) else _DEFAULT_SIZE
        try:
            session = self._session = await start(size)
        except RuntimeFault as fault:
            return str(fault)
        if size is not None and self._sized.is_set():
            session.resize(self._size)  # it may have changed while the command was being started
        feeding = asyncio.create_task(self._feed(session))
        try:
            await self._speak(session)
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
        return ""

    async def _feed(self, session: Session) -> None:
        while (data := await self._input.get()) is not None:
            await session.write(data)
            if self._take_all():
                break
            await self._flush()
        session.end_input()

    async def _speak(self, session: Session) -> None:
        """Say what the command says, and in the end its exit code to a client that knows what to do with it."""
        speaking = asyncio.create_task(self._say_all(session))
        try:
            code = await session.wait()
            await self._within(_LAST_WORDS, asyncio.shield(speaking))
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
        if self._own is not None:
            self._stream.say(PayloadType.EXIT_CODE, str(code).encode(), self._clock.now())
            await self._flush()
        await self._within(_LAST_WORDS, self._until(lambda: self._stream.all_heard))

    async def _say_all(self, session: Session) -> None:
        while (output := await session.read()) is not None:
            self._active = self._clock.now()
            for at in range(0, len(output.data), LARGEST_PAYLOAD):
                await self._until(lambda: self._stream.has_room)
                piece = output.data[at : at + LARGEST_PAYLOAD]
                self._stream.say(self._type_of(output), piece, self._clock.now())
                await self._flush()

    def _type_of(self, output: Output) -> PayloadType:
        return PayloadType.STDERR if output.stream is Stream.ERR else PayloadType.OUTPUT

    # ------------------------------------------------------------------------------------------------- the frames

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._moved.clear()
            await self._moved.wait()

    async def _within(self, seconds: float, wait: Awaitable[object]) -> bool:
        """Wait so long at most; whether it came to be."""
        waiting = asyncio.ensure_future(wait)
        timer = asyncio.create_task(self._clock.sleep(Seconds(seconds)))
        try:
            await asyncio.wait({waiting, timer}, return_when=asyncio.FIRST_COMPLETED)
            return waiting.done()
        finally:
            for task in (waiting, timer):
                task.cancel()
            await asyncio.gather(waiting, timer, return_exceptions=True)

    async def _say_closed(self, reason: str) -> None:
        now = self._clock.now()
        closed = ChannelClosed(self._ids.uuid(), str(int(now * 1000)), self._name, reason)
        self._stream.tell(Kind.CHANNEL_CLOSED, write(closed), now)
        await self._flush()

    async def _flush(self) -> None:
        async with self._sending:
            while self._stream.outbox:
                await self._link.send(self._stream.outbox.popleft())
        self._moved.set()
