"""The client of an ECS Exec session: sends this process's input to the command and prints the command's output.

Both directions have backpressure, and the terminal's settings are restored at the end.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import termios
import threading
import tty
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from moyai.api.data_channel.message import LARGEST_FRAME, ChannelMessage, MessageType, PayloadType
from moyai.api.data_channel.payloads import (
    ChannelClosed,
    ClientOptions,
    Flag,
    HandshakeRequest,
    HandshakeResponse,
    Opening,
    ProcessedAction,
    Size,
    read,
    write,
)
from moyai.api.data_channel.stream import DataStream
from moyai.app.clock import SystemClock
from moyai.app.ids import SystemIds
from moyai.cli.errors import Unreachable
from moyai.kernel.clock import Seconds

_CHUNK = 4096
_RETRANSMIT_SECONDS = 0.1
_SUCCESS = 1
_STDOUT, _STDERR = 1, 2
_PLAIN: Mapping[str, Any] = MappingProxyType(
    {"max_size": LARGEST_FRAME, "compression": None, "proxy": None, "ping_interval": None}
)


@dataclass(frozen=True)
class Session:
    """A session that the server has created and that a client can open."""

    url: str
    token: str = field(repr=False)


class SessionEnd(NamedTuple):
    """How a session ended. ``exit_code``: the command's; None = not known. ``error``: what went wrong, or empty."""

    exit_code: int | None
    error: str


Write = Callable[[int, bytes], None]
"""Writes a command's output: 1 = its standard output, 2 = its standard error."""


def write_all(stream: int, data: bytes) -> None:
    """Write output to this process's stream of the same number."""
    remaining = memoryview(data)
    while remaining:
        remaining = remaining[os.write(stream, remaining) :]


def run_session(session: Session, *, terminal: bool, write_output: Write = write_all) -> SessionEnd:
    """Connect this process's input to the command until it ends, and write its output."""
    with _raw_terminal() if terminal else nullcontext():
        end = asyncio.run(_run(session, write_output, terminal=terminal))
    if end.error:
        sys.stderr.write(f"moyai: {end.error}\n")
    return end


async def _run(session: Session, write_output: Write, *, terminal: bool) -> SessionEnd:
    loop = asyncio.get_running_loop()
    try:
        async with connect(session.url, **_PLAIN) as socket:
            await socket.send(write(Opening(session.token, moyai=ClientOptions(terminal=terminal))).decode())
            client = _Client(socket, write_output, terminal=terminal)
            running = asyncio.create_task(client.run())
            if terminal:
                loop.add_signal_handler(signal.SIGWINCH, client.resize)
            for number in (signal.SIGTERM, signal.SIGHUP):
                loop.add_signal_handler(number, client.stop, running, 128 + number)
            await asyncio.wait({running})
            if not running.cancelled():
                running.result()
            return SessionEnd(client.code, client.reason)
    except (OSError, InvalidStatus) as error:
        raise Unreachable(f"the session could not be opened: {error}") from error


class _Client:
    """A session over its WebSocket: reads this process's input, writes the command's output."""

    def __init__(self, socket: ClientConnection, write_output: Write, *, terminal: bool) -> None:
        self._write_output = write_output
        self.code: int | None = None
        self.reason = "the connection was lost"
        self._socket = socket
        self._terminal = terminal
        self._clock = SystemClock()
        self._stream = DataStream(MessageType.INPUT, SystemIds())
        self._loop = asyncio.get_running_loop()
        self._sending = asyncio.Lock()
        self._can_send_changed = asyncio.Event()
        self._jobs: set[asyncio.Task[None]] = set()

    def stop(self, running: asyncio.Task[None], code: int) -> None:
        """End the session now, with this exit code."""
        self.code, self.reason = code, ""
        running.cancel()

    def resize(self) -> None:
        """Send the terminal's size."""
        columns, rows = os.get_terminal_size(sys.stdout.fileno())
        self._stream.send(PayloadType.SIZE, write(Size(columns, rows)), self._clock.now())
        self._start_job(self._flush)

    async def run(self) -> None:
        """Receive and handle messages until the session is closed."""
        retransmitting = asyncio.create_task(self._retransmit())
        try:
            async for frame in self._socket:
                if isinstance(frame, str):
                    continue
                closed = self._stream.receive(frame, self._clock.now())
                if closed is not None:
                    self._end(read(ChannelClosed, closed.payload))
                    return
                while (message := self._stream.next_message(self._clock.now())) is not None:
                    self._handle(message)
                self._can_send_changed.set()
                await self._flush()
        except ConnectionClosed:
            return
        finally:
            for job in (retransmitting, *self._jobs):
                job.cancel()
            await asyncio.gather(retransmitting, *self._jobs, return_exceptions=True)

    def _end(self, closed: ChannelClosed) -> None:
        self.reason = closed.output if closed.output or self.code is not None else "the session was closed"

    def _handle(self, message: ChannelMessage) -> None:
        """Handle a message from the server."""
        match message.payload_type:
            case PayloadType.HANDSHAKE_REQUEST:
                requested = read(HandshakeRequest, message.payload).requested_client_actions
                processed = tuple(ProcessedAction(action.action_type, _SUCCESS) for action in requested)
                response = write(HandshakeResponse("moyai", processed))
                self._stream.send(PayloadType.HANDSHAKE_RESPONSE, response, self._clock.now())
            case PayloadType.HANDSHAKE_COMPLETE:
                if self._terminal:
                    self.resize()
                self._start_reading_input()
            case PayloadType.OUTPUT:
                self._write_output(_STDOUT, message.payload)
            case PayloadType.STDERR:
                self._write_output(_STDERR, message.payload)
            case PayloadType.EXIT_CODE:
                self.code = int(message.payload)
            case _:
                pass

    def _start_reading_input(self) -> None:
        """Read input in a daemon thread: a read of a terminal may block for ever and cannot be cancelled."""
        threading.Thread(target=self._send_input, name="moyai-input", daemon=True).start()

    def _send_input(self) -> None:
        data = b"begin"
        while data:
            try:
                data = os.read(sys.stdin.fileno(), _CHUNK)
            except OSError:
                data = b""
            try:
                asyncio.run_coroutine_threadsafe(self._send_chunk(data), self._loop).result()
            except (RuntimeError, asyncio.CancelledError):  # the session is over
                return

    async def _send_chunk(self, data: bytes) -> None:
        while not self._stream.can_send:
            self._can_send_changed.clear()
            await self._can_send_changed.wait()
        if data:
            self._stream.send(PayloadType.OUTPUT, data, self._clock.now())
        else:
            flag = Flag.INPUT_ENDED.to_bytes(4)
            self._stream.send(PayloadType.FLAG, flag, self._clock.now())
        await self._flush()

    async def _retransmit(self) -> None:
        while True:
            await self._clock.sleep(Seconds(_RETRANSMIT_SECONDS))
            self._stream.retransmit(self._clock.now())
            await self._flush()

    def _start_job(self, work: Callable[[], Coroutine[None, None, None]]) -> None:
        job = self._loop.create_task(work())
        self._jobs.add(job)
        job.add_done_callback(self._jobs.discard)

    async def _flush(self) -> None:
        async with self._sending:
            while self._stream.outbox:
                await self._socket.send(self._stream.outbox.popleft())


@contextmanager
def _raw_terminal() -> Iterator[None]:
    """Switch the terminal to raw mode, in which every key, including Ctrl-C, goes to the command."""
    fd = sys.stdin.fileno()
    before = termios.tcgetattr(fd)
    try:
        tty.setraw(fd)
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
