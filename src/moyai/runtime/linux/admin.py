"""Questions to an Envoy's admin interface, over its Unix socket.

Source: https://www.envoyproxy.io/docs/envoy/latest/operations/admin#get--stats
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

_TIMEOUT = 1.0
_ANSWER_LIMIT = 256 * 1024
_ACTIVE = "^(http%5C.ingress%5C..*%5C.downstream_rq_active%7Ctcp%5C.ingress%5C..*%5C.downstream_cx_active)$"


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
        writer.write(f"GET {path} HTTP/1.0\r\nhost: moyai\r\n\r\n".encode())
        answer = b""
        while len(answer) < _ANSWER_LIMIT and (chunk := await reader.read(_ANSWER_LIMIT)):
            answer += chunk
    finally:
        writer.close()
    head, _, body = answer.decode(errors="replace").partition("\r\n\r\n")
    if " 200 " not in head.partition("\r\n")[0]:
        raise ValueError(head.partition("\r\n")[0])
    return body


def _total(body: str) -> int:
    return sum(int(line.rpartition(": ")[2]) for line in body.splitlines() if ": " in line)
