"""An application in a namespace of ``envoy_rig``, in the test's own process."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from tests.e2e.envoy_rig import Namespace


class App:
    """An HTTP application: ``/cut`` breaks off after the request was read, ``/socket`` is upgraded and echoes
    four bytes, ``/hold`` is answered when ``released`` is set, ``/ping`` as ``health`` says, everything else with the
    next of ``statuses`` or 200, and with the cookie after ``?set-cookie=``.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.requests: list[str] = []
        self.heads: list[dict[str, str]] = []
        """Of those requests."""
        self.peers: list[str] = []
        """The addresses that they came from."""
        self.statuses: deque[int] = deque()
        self.health = 200
        self.released = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self, namespace: Namespace, port: int, address: str = "127.0.0.1") -> None:
        listening = await namespace.listen(address, port)
        self._server = await asyncio.start_server(self._serve, sock=listening)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                first, *rest = head.decode("latin-1").split("\r\n")
                length = next((int(h.partition(":")[2]) for h in rest if h.lower().startswith("content-length")), 0)
                await reader.readexactly(length)
                if "/ping" in first:
                    writer.write(b"HTTP/1.1 %d Health\r\ncontent-length: 0\r\n\r\n" % self.health)
                    continue
                self.requests.append(first)
                self.peers.append(writer.get_extra_info("peername")[0])
                self.heads.append({k.lower(): v.strip() for k, _, v in (line.partition(":") for line in rest if line)})
                if "/cut" in first:
                    break
                if "/socket" in first:
                    writer.write(
                        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"
                    )
                    writer.write(await reader.readexactly(4))
                    break
                if "/hold" in first:
                    await self.released.wait()
                status = self.statuses.popleft() if self.statuses else 200
                body = json.dumps({"app": self.name, "request": first}).encode()
                phrase = HTTPStatus(status).phrase.encode()
                cookie = first.split()[1].partition("?set-cookie=")[2].encode()
                extra = b"set-cookie: %s\r\n" % cookie if cookie else b""
                head = b"HTTP/1.1 %d %s\r\n%scontent-length: %d\r\n\r\n" % (status, phrase, extra, len(body))
                writer.write(head + body)
                if "/last" in first:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()


@asynccontextmanager
async def one_and_two(
    namespace: Namespace, addresses: tuple[str, str] = ("127.0.0.1", "127.0.0.1")
) -> AsyncIterator[tuple[App, App]]:
    """The applications ``one`` and ``two``, on ports 8081 and 8082 of their addresses."""
    app, two = App("one"), App("two")
    await app.start(namespace, 8081, addresses[0])
    await two.start(namespace, 8082, addresses[1])
    yield app, two
    await app.stop()
    await two.stop()
