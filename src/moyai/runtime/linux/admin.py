"""Questions to an Envoy's admin interface, over its Unix socket or at its port in a task's network.

Source: https://www.envoyproxy.io/docs/envoy/latest/operations/admin#get--stats
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, socket
from urllib.parse import quote

from moyai.runtime.linux import netns
from moyai.runtime.linux.netns import NetworkThread

Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Ends]]

_TIMEOUT = 1.0
_ANSWER_LIMIT = 256 * 1024
_MESH_APP = "cluster.cds_ingress_"
_ACTIVE = r"^(http\.ingress\.(.*\.)?downstream_rq_active|cluster\.(ingress\..*|cds_ingress_[^.]*)\.upstream_rq_active)$"


async def in_flight(connect: Connect) -> int | None:
    """Requests and TCP connections that a proxy is serving inbound; None when it doesn't answer in time."""
    try:
        async with asyncio.timeout(_TIMEOUT):
            return total(await _ask(connect, "GET", f"/stats?filter={quote(_ACTIVE)}"))
    except (OSError, TimeoutError, ValueError):
        return None


async def post(connect: Connect, path: str) -> None:
    """Have it do something. Raises OSError, TimeoutError, ValueError when it doesn't say that it will."""
    async with asyncio.timeout(_TIMEOUT):
        await _ask(connect, "POST", path)


async def by_socket(run: Path) -> Ends:
    """A connection to the socket in a proxy's run directory."""
    # Through its descriptor: a socket's path may have 107 bytes, and the proxy may not have put a link there.
    end = os.open(run / "admin.sock", os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return await asyncio.open_unix_connection(f"/proc/self/fd/{end}")
    finally:
        os.close(end)


async def by_port(pin: Path, port: int, thread: NetworkThread) -> Ends:
    """A connection to a port of a task's loopback. Only the socket is made on the thread, which all tasks share: a task
    could let a connection wait.
    """
    link = await thread.run(partial(_socket_in, pin))
    try:
        await asyncio.get_running_loop().sock_connect(link, ("127.0.0.1", port))
        return await asyncio.open_connection(sock=link)
    except BaseException:
        link.close()
        raise


def _socket_in(pin: Path) -> socket:
    with netns.inside(pin):
        link = socket(AF_INET, SOCK_STREAM)
    link.setblocking(False)  # noqa: FBT003
    return link


async def _ask(connect: Connect, method: str, path: str) -> str:
    reader, writer = await connect()
    try:
        writer.write(
            f"{method} {path} HTTP/1.1\r\nhost: moyai\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".encode()
        )
        answer = b""
        while len(answer) < _ANSWER_LIMIT and (chunk := await reader.read(_ANSWER_LIMIT)):
            answer += chunk
    finally:
        writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise ValueError(head.partition(b"\r\n")[0])
    return (_joined(body) if b"transfer-encoding: chunked" in head.lower() else body).decode(errors="replace")


def _joined(body: bytes) -> bytes:
    """A chunked body as one piece. Raises ValueError when it isn't one."""
    whole = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        if length < 0:
            raise ValueError("a chunk has a negative length")
        if length == 0:
            return whole
        whole, body = whole + body[:length], body[length + 2 :]


def total(body: str) -> int:
    """The requests and connections in these statistics. Raises ValueError for what Envoy would not answer.

    Envoy counts a request on both sides, a TCP connection only on the application's: Service Connect's have a port
    each, by which the two are compared; App Mesh's need not.
    """
    counts = [(name, int(count)) for name, separator, count in map(_parted, body.splitlines()) if separator]
    if any(name.startswith(_MESH_APP) for name, _ in counts):
        applications = sum(count for name, count in counts if name.startswith(_MESH_APP))
        return max(applications, sum(count for _, count in counts) - applications)
    most: dict[str, int] = {}
    for name, count in counts:
        _, _, port, *_ = name.split(".")  # ValueError where there are fewer words
        most[port] = max(count, most.get(port, 0))
    return sum(most.values())


def _parted(line: str) -> tuple[str, str, str]:
    return line.rpartition(": ")
