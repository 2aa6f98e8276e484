"""This end of the data channel: what is typed goes out, what the command says comes here.

Promise: output waits for whoever reads it, input for the command; the terminal is as it was afterwards.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from moyai.api.channel.message import LARGEST_FRAME, Kind, Message, PayloadType
from moyai.api.channel.payloads import (
    ChannelClosed,
    Flag,
    HandshakeRequest,
    HandshakeResponse,
    Opening,
    Own,
    ProcessedAction,
    Size,
    read,
    write,
)
from moyai.api.channel.stream import DataStream
from moyai.app.clock import SystemClock
from moyai.app.ids import SystemIds
from moyai.cli.exec.terminal import raw
from moyai.cli.remote import Unreachable
from moyai.kernel.clock import Seconds

_CHUNK = 4096
_TICK = 0.1
_NO_CODE = 255
"""The exit code where the command's is not known; ssh's."""
_SUCCESS = 1
_PLAIN: Mapping[str, Any] = MappingProxyType(
    {"max_size": LARGEST_FRAME, "compression": None, "proxy": None, "ping_interval": None}
)


@dataclass(frozen=True)
class Begun:
    """A session that waits to be opened."""

    url: str
    token: str = field(repr=False)


def run(begun: Begun, *, terminal: bool) -> int:
    """Be the command's other end until it has ended; its exit code."""
    with raw(terminal):
        code, reason = asyncio.run(_run(begun, terminal=terminal))
    if reason:
        sys.stderr.write(f"moyai: {reason}\n")
    return code


async def _run(begun: Begun, *, terminal: bool) -> tuple[int, str]:
    loop = asyncio.get_running_loop()
    try:
        async with connect(begun.url, **_PLAIN) as socket:
            await socket.send(write(Opening(begun.token, moyai=Own(terminal=terminal))).decode())
            client = _Client(socket, terminal=terminal)
            talking = asyncio.create_task(client.talk())
            if terminal:
                loop.add_signal_handler(signal.SIGWINCH, client.resize)
            for number in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, client.stop, talking, 128 + number)
            await asyncio.wait({talking})
            if not talking.cancelled():
                talking.result()
            return client.code, client.reason
    except (OSError, InvalidStatus) as error:
        raise Unreachable(f"the session can't be opened: {error}") from error


class _Client:
    """One session."""

    def __init__(self, socket: ClientConnection, *, terminal: bool) -> None:
        self.code = _NO_CODE
        self.reason = "the connection was lost"
        self._socket = socket
        self._terminal = terminal
        self._clock = SystemClock()
        self._stream = DataStream(Kind.INPUT, SystemIds())
        self._loop = asyncio.get_running_loop()
        self._sending = asyncio.Lock()
        self._moved = asyncio.Event()
        self._jobs: set[asyncio.Task[None]] = set()

    def stop(self, talking: asyncio.Task[None], code: int) -> None:
        """End now, with this code."""
        self.code, self.reason = code, ""
        talking.cancel()

    def resize(self) -> None:
        """Tell the terminal's size."""
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
        self._stream.say(PayloadType.SIZE, write(Size(columns, rows)), self._clock.now())
        self._do(self._flush)

    async def talk(self) -> None:
        """Listen until the session is closed."""
        ticking = asyncio.create_task(self._tick())
        try:
            async for frame in self._socket:
                if isinstance(frame, str):
                    continue
                closed = self._stream.hear(frame, self._clock.now())
                if closed is not None:
                    self._end(read(ChannelClosed, closed.payload))
                    return
                while (message := self._stream.take(self._clock.now())) is not None:
                    self._act(message)
                self._moved.set()
                await self._flush()
        except ConnectionClosed:
            return
        finally:
            for job in (ticking, *self._jobs):
                job.cancel()
            await asyncio.gather(ticking, *self._jobs, return_exceptions=True)

    def _end(self, closed: ChannelClosed) -> None:
        self.reason = closed.output if closed.output or self.code != _NO_CODE else "the session was closed"

    def _act(self, message: Message) -> None:
        """Do what the other end wants."""
        match message.payload_type:
            case PayloadType.HANDSHAKE_REQUEST:
                asked = read(HandshakeRequest, message.payload).requested_client_actions
                done = tuple(ProcessedAction(action.action_type, _SUCCESS) for action in asked)
                answer = write(HandshakeResponse("moyai", done))
                self._stream.say(PayloadType.HANDSHAKE_RESPONSE, answer, self._clock.now())
            case PayloadType.HANDSHAKE_COMPLETE:
                if self._terminal:
                    self.resize()
                self._listen_to_keyboard()
            case PayloadType.OUTPUT:
                _write_all(sys.stdout.fileno(), message.payload)
            case PayloadType.STDERR:
                _write_all(sys.stderr.fileno(), message.payload)
            case PayloadType.EXIT_CODE:
                self.code = int(message.payload)
            case _:
                pass

    def _listen_to_keyboard(self) -> None:
        """In a thread, for any kind of input. It may wait for a key for ever, so nobody waits for it."""
        threading.Thread(target=self._type_all, name="moyai-input", daemon=True).start()

    def _type_all(self) -> None:
        data = b"begin"
        while data:
            try:
                data = os.read(sys.stdin.fileno(), _CHUNK)
            except OSError:
                data = b""
            try:
                asyncio.run_coroutine_threadsafe(self._type(data), self._loop).result()
            except (RuntimeError, asyncio.CancelledError):  # the session is over
                return

    async def _type(self, data: bytes) -> None:
        while not self._stream.has_room:
            self._moved.clear()
            await self._moved.wait()
        if data:
            self._stream.say(PayloadType.OUTPUT, data, self._clock.now())
        else:
            flag = Flag.INPUT_ENDED.to_bytes(4)
            self._stream.say(PayloadType.FLAG, flag, self._clock.now())
        await self._flush()

    async def _tick(self) -> None:
        while True:
            await self._clock.sleep(Seconds(_TICK))
            self._stream.again(self._clock.now())
            await self._flush()

    def _do(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        job = self._loop.create_task(work())
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    async def _flush(self) -> None:
        async with self._sending:
            while self._stream.outbox:
                await self._socket.send(self._stream.outbox.popleft())


def _write_all(fd: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]
