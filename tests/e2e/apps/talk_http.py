"""Uses of HTTP/1.1 and HTTP/2 beyond a request and its response, from inside a task."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import http.client
import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import h11
import httpx

from tests.e2e.apps import frames

PATIENCE, QUIET = 60, 3
FIRST, LAST = 40, 15
"""Seconds until an answer begins, and between its parts where the other side closes the connection after it."""
PIECE = b"moyai" * 13000


def raw(host: str, port: int, texts: list[str]) -> dict[str, object]:
    """These bytes there (Latin-1), each text on a connection of its own, and everything that comes back of each."""
    with ThreadPoolExecutor(len(texts)) as callers:
        return {"texts": list(callers.map(lambda text: exchange(host, port, text), texts))}


def exchange(host: str, port: int, text: str) -> str:
    """The same for one: until the end, or until nothing comes any more."""
    received = b""
    last = "connection: close" in text.lower()
    with socket.create_connection((host, port), timeout=FIRST) as connection:
        connection.sendall(text.encode("latin-1"))
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while piece := connection.recv(65536):
                received += piece
                connection.settimeout(LAST if last else QUIET)
    return received.decode("latin-1")


def keep_alive(host: str, port: int, paths: list[str]) -> dict[str, object]:
    """Requests one after the other; how many connections that took."""
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    ports, statuses = set(), []
    for path in paths:
        connection.request("GET", path)
        ports.add(connection.sock.getsockname()[1])
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
    connection.close()
    return {"connections": len(ports), "statuses": statuses}


def websocket(host: str, port: int, texts: list[str]) -> dict[str, object]:
    """Opens a WebSocket, reads the greeting, and sends each text when the one before has come back."""
    key = base64.b64encode(os.urandom(16)).decode()
    head = f"GET /ws HTTP/1.1\r\nhost: {host}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n"
    with socket.create_connection((host, port), timeout=PATIENCE) as connection:
        connection.sendall(f"{head}sec-websocket-key: {key}\r\nsec-websocket-version: 13\r\n\r\n".encode())
        stream = connection.makefile("rb")
        status = stream.readline().decode().strip()
        while stream.readline().strip():
            pass
        messages = [frames.read(stream)]
        for text in texts:
            connection.sendall(frames.text(text, os.urandom(4)))
            messages.append(frames.read(stream))
        connection.sendall(frames.close(os.urandom(4)))
        return {"status": status, "heard": messages, "end": frames.read(stream)}


def events(host: str, port: int) -> dict[str, object]:
    """Server-sent events; the second one is asked for only when the first has arrived."""
    url = f"http://{host}:{port}"
    with httpx.Client(timeout=PATIENCE, trust_env=False) as client, client.stream("GET", f"{url}/events") as answer:
        lines = (line for line in answer.iter_lines() if line)
        first = next(lines)
        client.post(f"{url}/go").raise_for_status()
        return {"status": answer.status_code, "events": [first, *lines]}


def conversation(host: str, port: int, pieces: list[str]) -> dict[str, object]:
    """A chunked request and a chunked answer at once: each piece is sent when the one before has come back.
    Ends with a trailer, and tells which trailers came.
    """
    connection = h11.Connection(h11.CLIENT)
    with socket.create_connection((host, port), timeout=PATIENCE) as wire:

        def send(event: h11.Event) -> None:
            wire.sendall(connection.send(event) or b"")

        def receive() -> object:
            while (event := connection.next_event()) is h11.NEED_DATA:
                connection.receive_data(wire.recv(65536))
            return event

        headers = [("host", host), ("transfer-encoding", "chunked"), ("trailer", "x-sent")]
        send(h11.Request(method="POST", target="/echo", headers=headers))
        back, status = [], 0
        for piece in pieces:
            send(h11.Data(piece.encode()))
            while not isinstance(event := receive(), h11.Data):
                status = getattr(event, "status_code", status)
            back.append(bytes(event.data).decode())
        send(h11.EndOfMessage(headers=[("x-sent", "all")]))
        while not isinstance(event := receive(), h11.EndOfMessage):
            pass
    return {"status": status, "back": back, "trailers": [name.decode() for name, _ in event.headers]}


def upload(url: str, size: int, *, chunked: bool, http2: bool = False) -> dict[str, object]:
    """A body of so many bytes; its SHA-256, and what the application says."""
    digest = hashlib.sha256()
    headers = {} if chunked else {"content-length": str(size)}
    with httpx.Client(http1=not http2, http2=http2, timeout=PATIENCE, trust_env=False) as client:
        answer = client.post(url, content=body(size, digest), headers=headers)
    return {"status": answer.status_code, "text": answer.text, "sha256": digest.hexdigest()}


def body(size: int, digest: hashlib._Hash) -> Iterator[bytes]:
    """Pieces of a body, added to the digest."""
    while size:
        piece = PIECE[:size]
        size -= len(piece)
        digest.update(piece)
        yield piece


def download(url: str) -> dict[str, object]:
    """How many bytes came, and their SHA-256."""
    size, digest = 0, hashlib.sha256()
    with httpx.Client(timeout=PATIENCE, trust_env=False) as client, client.stream("GET", url) as answer:
        for piece in answer.iter_raw():
            size += len(piece)
            digest.update(piece)
    return {"status": answer.status_code, "bytes": size, "sha256": digest.hexdigest()}


def together(url: str, number: int) -> dict[str, object]:
    """So many HTTP/2 requests at once on one connection."""

    async def ask() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=1)
        async with httpx.AsyncClient(
            http1=False, http2=True, timeout=PATIENCE, trust_env=False, limits=limits
        ) as client:
            return list(await asyncio.gather(*(client.get(f"{url}/together/{number}") for _ in range(number))))

    return {"statuses": sorted(answer.status_code for answer in asyncio.run(ask()))}


def crowd(url: str, number: int) -> dict[str, object]:
    """So many requests at once, each on a connection of its own."""

    async def ask() -> list[httpx.Response]:
        limits = httpx.Limits(max_connections=number, max_keepalive_connections=0)
        async with httpx.AsyncClient(timeout=PATIENCE, trust_env=False, limits=limits) as client:
            return list(await asyncio.gather(*(client.get(url) for _ in range(number))))

    return {"statuses": sorted(answer.status_code for answer in asyncio.run(ask()))}
