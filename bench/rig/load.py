"""Load from a process of its own: the same requests again and again, each connection waiting for its answer. A server
that closes a connection gets the next request on a new one.

Run as a program: ``load.py HOST PORT CONNECTIONS SECONDS RATE`` with the raw requests on standard input, each after its
length in eight bytes; all connections together send them in turn. RATE is
requests a second over all connections, 0 for as many as are answered. It prints one JSON object: the requests,
the seconds they took, the median latency in ms, and how many requests had no answer or one other than 200.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import BinaryIO, NamedTuple

import uvloop

_END = b"\r\n\r\n"
_LENGTH = 8
"""Bytes of a request's length on standard input."""
_RETRY_AFTER = 0.1
"""Seconds."""


class Result(NamedTuple):
    """What one run of the load saw."""

    requests: int
    seconds: float
    p50_ms: float
    failures: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


class Load(NamedTuple):
    """Where to, how much of it, and for how long."""

    host: str
    port: int
    connections: int
    seconds: float
    rate: float = 0

    def run(self, requests: bytes | Sequence[bytes], prefix: tuple[str, ...] = ()) -> Result:
        """Run it in a process of its own; ``prefix`` is a command to run it under. A failure ends the benchmark."""
        result = self.start(requests, prefix)()
        if result.failures:
            sys.exit(f"{result.failures} of {result.requests} requests failed")
        return result

    def start(self, requests: bytes | Sequence[bytes], prefix: tuple[str, ...] = ()) -> Callable[[], Result]:
        """Begin it, and return what waits for its result, in which failures are counted."""
        command = [*prefix, sys.executable, str(Path(__file__)), *map(str, self)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # noqa: S603
        assert process.stdin is not None  # noqa: S101
        for request in [requests] if isinstance(requests, bytes) else requests:
            process.stdin.write(len(request).to_bytes(_LENGTH) + request)
        process.stdin.close()

        def result() -> Result:
            assert process.stdout is not None  # noqa: S101
            with process:
                return Result(**json.loads(process.stdout.read()))

        return result


class _Client(asyncio.Protocol):
    """One connection at a time."""

    def __init__(self, load: Load, requests: Iterator[bytes], waits: list[float]) -> None:
        self.failures = 0
        self._load, self._requests, self._waits = load, requests, waits
        self._is_waiting = False
        self._pause = load.connections / load.rate if load.rate else 0.0
        self._over = False
        self._data = b""
        self._sent = 0.0

    async def open(self) -> None:
        """Connect."""
        await asyncio.get_running_loop().create_connection(lambda: self, self._load.host, self._load.port)

    def end(self) -> None:
        """Hang up."""
        self._over = True
        self._transport.abort()  # type: ignore[attr-defined]

    def connection_lost(self, _: Exception | None) -> None:
        self._data = b""
        if self._over:
            return
        self.failures += self._is_waiting
        self._is_waiting = False
        if self._pause:
            asyncio.get_running_loop().call_later(self._pause, self._reopen)
        else:
            self._reopen()

    def _reopen(self) -> None:
        if not self._over:
            self._opening = asyncio.ensure_future(self._open_again())

    async def _open_again(self) -> None:
        try:
            await self.open()
        except OSError:
            self.failures += 1
            asyncio.get_running_loop().call_later(_RETRY_AFTER, self._reopen)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        if not self._transport.is_closing():
            self._sent, self._is_waiting = perf_counter(), True
            self._transport.write(next(self._requests))  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._data += data
        head = self._data.find(_END)
        if head < 0 or len(self._data) < head + len(_END) + _length(self._data[:head]):
            return
        self._is_waiting = False
        self.failures += not self._data.startswith(b"HTTP/1.1 200")
        closing = b"onnection: close" in self._data[:head]
        self._data = b""
        wait = perf_counter() - self._sent
        self._waits.append(wait)
        if closing:
            self._transport.close()
        elif self._pause:
            asyncio.get_running_loop().call_later(max(0.0, self._pause - wait), self._send)
        else:
            self._send()


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)


def _read(stream: BinaryIO) -> Iterator[bytes]:
    while length := int.from_bytes(stream.read(_LENGTH)):
        yield stream.read(length)


async def _run(load: Load, requests: Iterator[bytes]) -> Result:
    waits: list[float] = []
    clients = [_Client(load, requests, waits) for _ in range(load.connections)]
    started = perf_counter()
    for client in clients:
        await client.open()
        await asyncio.sleep(1 / load.rate if load.rate else 0)
    await asyncio.sleep(load.seconds)
    elapsed = perf_counter() - started
    for client in clients:
        client.end()
    return Result(len(waits), elapsed, 1000 * median(waits), sum(client.failures for client in clients))


if __name__ == "__main__":
    host, *numbers = sys.argv[1:]
    port, connections, seconds, rate = map(float, numbers)
    load = Load(host, int(port), int(connections), seconds, rate)
    print(json.dumps(uvloop.run(_run(load, cycle(list(_read(sys.stdin.buffer)))))._asdict()))
