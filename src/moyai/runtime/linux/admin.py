"""Questions to an Envoy's admin interface, over its Unix socket.

Source: https://www.envoyproxy.io/docs/envoy/latest/operations/admin#get--stats
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

_TIMEOUT = 1.0
_ANSWER_LIMIT = 256 * 1024
_ACTIVE = "^(http%5C.ingress%5C..*%5C.downstream_rq_active%7Ccluster%5C.ingress%5C..*%5C.upstream_rq_active)$"


async def in_flight(run: Path) -> int | None:
    """Requests and TCP connections that a proxy is serving inbound; None when it doesn't answer in time."""
    try:
        async with asyncio.timeout(_TIMEOUT):
            return _total(await _get(run, f"/stats?filter={_ACTIVE}"))
    except (OSError, TimeoutError, ValueError):
        return None


async def _get(run: Path, path: str) -> str:
    directory = os.open(run, os.O_PATH | os.O_CLOEXEC)
    try:  # through the directory's descriptor, because a socket's path may have 107 bytes only
        reader, writer = await asyncio.open_unix_connection(f"/proc/self/fd/{directory}/admin.sock")
    finally:
        os.close(directory)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nhost: moyai\r\nconnection: close\r\n\r\n".encode())
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
        if length == 0:
            return whole
        whole, body = whole + body[:length], body[length + 2 :]


def _total(body: str) -> int:
    """The sum over all ports. Envoy counts a request on both sides, a TCP connection only on the application's."""
    most: dict[str, int] = {}
    for line in body.splitlines():
        name, separator, count = line.rpartition(": ")
        if separator:
            port = name.split(".")[2]
            most[port] = max(int(count), most.get(port, 0))
    return sum(most.values())
