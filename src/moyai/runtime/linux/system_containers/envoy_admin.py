"""Requests to the admin interface of an Envoy, over its Unix socket or at its port in a task's network.

A program of the task may listen at such a port instead of Envoy, so an answer is limited in time and size, and checked.
Source: https://www.envoyproxy.io/docs/envoy/latest/operations/admin#get--stats
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from socket import AF_INET, SOCK_STREAM, socket
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from moyai.domain.sandbox.host_proxy import HOST_SANDBOX
from moyai.domain.sandbox.state import InboundTraffic
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.network import namespaces
from moyai.runtime.linux.network.connection_drain import inbound_connections
from moyai.runtime.linux.network.namespaces import NetworkThread
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.system_containers.proxies import ProxyInfo

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[], Awaitable[Connection]]

_TIMEOUT = 1.0
_READ_BYTES = 256 * 1024
_MAX_ANSWER_BYTES = 256 * 1024
_MAX_STATISTICS = 4 * 1024 * 1024
_APP_MESH_APPLICATION = "cluster.cds_ingress_"
_ACTIVE = r"^(http\.ingress\.(.*\.)?downstream_rq_active|cluster\.(ingress\..*|cds_ingress_[^.]*)\.upstream_rq_active)$"
_HOST_ACTIVE = r"^(http\.%s\.ingress\..*\.downstream_rq_active|cluster\.%s\.ingress\..*\.upstream_rq_active)$"


_LISTENER_FAILURES = "/config_dump?resource=dynamic_listeners&mask=name,error_state.details"


class _ErrorState(msgspec.Struct, frozen=True):
    details: str = ""


class _DynamicListener(msgspec.Struct, frozen=True):
    name: str = ""
    error_state: _ErrorState | None = None


class _ListenersDump(msgspec.Struct, frozen=True):
    configs: tuple[_DynamicListener, ...] = ()


_LISTENERS = msgspec.json.Decoder(_ListenersDump)


class ServingProxy(NamedTuple):
    """The run directory of the proxy that serves a task. ``scope``: the task in its statistics, if it serves others."""

    run: Path
    scope: str = ""


def serving_proxy(paths: RuntimePaths, task: TaskId, *, shares_proxy: bool) -> ServingProxy:
    """The host's proxy for a task that shares it, or else the task's own, which need not exist."""
    return ServingProxy(paths.proxy(HOST_SANDBOX), task) if shares_proxy else ServingProxy(paths.proxy(task))


async def inbound_traffic(
    proxy: ServingProxy, netns: Path, info: ProxyInfo, thread: NetworkThread
) -> InboundTraffic | None:
    """The traffic from outside that a task's proxy serves; None if it doesn't answer. ``netns``: the task's network
    namespace.
    """
    if not namespaces.exists(netns):
        return None
    # The kernel is asked first: a connection that Envoy accepts meanwhile is counted twice instead of never.
    inbound = await thread.run(partial(inbound_connections, netns, info.uid, info.inner_ports))
    active = await active_requests(connector(proxy.run, netns, info, thread), proxy.scope)
    return None if active is None else InboundTraffic(active + inbound.unread, inbound.open)


def connector(run: Path, netns: Path, info: ProxyInfo, thread: NetworkThread) -> Connect:
    """The function that connects to a proxy's admin socket, or to its admin port, which a proxy of App Mesh has."""
    if info.admin_port is None:
        return partial(connect_to_socket, run)
    return partial(connect_to_port, netns, info.admin_port, thread)


async def statistics(connect: Connect, pattern: str, scope: str = "") -> dict[str, str] | None:
    """The statistics whose names match a regular expression; None if the proxy doesn't answer in time. ``scope``: only
    those of one task that it serves.
    """
    try:
        async with asyncio.timeout(_TIMEOUT):
            body = await request(connect, "GET", f"/stats?usedonly&filter={quote(pattern, safe='')}", _MAX_STATISTICS)
    except (OSError, TimeoutError, ValueError):
        return None
    lines = (line.partition(": ") for line in body.decode(errors="replace").splitlines())
    return {name: value for name, separator, value in lines if separator and (not scope or f".{scope}." in name)}


async def listener_failures(connect: Connect) -> dict[str, str] | None:
    """The names of the listeners from files or streams that Envoy could not open, with the reasons; None if it doesn't
    answer in time. Source: https://www.envoyproxy.io/docs/envoy/latest/api-v3/admin/v3/config_dump_shared.proto
    """
    try:
        async with asyncio.timeout(_TIMEOUT):
            body = await request(connect, "GET", _LISTENER_FAILURES, _MAX_STATISTICS)
        listeners = _LISTENERS.decode(body).configs
    except (OSError, TimeoutError, ValueError):
        return None
    # Each failure is also in an entry without a name.
    return {entry.name: entry.error_state.details for entry in listeners if entry.name and entry.error_state}


async def active_requests(connect: Connect, scope: str = "") -> int | None:
    """Inbound requests and TCP connections that a proxy is serving; None if it doesn't answer in time. ``scope``: only
    those of one task that it serves.
    """
    pattern = _HOST_ACTIVE.replace("%s", scope) if scope else _ACTIVE
    try:
        async with asyncio.timeout(_TIMEOUT):
            body = await request(connect, "GET", f"/stats?filter={quote(pattern)}")
            return count_active(body.decode().replace(f".{scope}.", ".") if scope else body.decode())
    except (OSError, TimeoutError, ValueError):
        return None


async def post(connect: Connect, path: str) -> None:
    """Send a POST request. Raises OSError, TimeoutError or ValueError unless the answer is 200."""
    async with asyncio.timeout(_TIMEOUT):
        await request(connect, "POST", path)


async def connect_to_socket(run: Path) -> Connection:
    """Connect to the admin socket in a proxy's run directory."""
    # Through a descriptor: a socket's path may have only 107 bytes, and a link that the proxy made is not followed.
    fd = os.open(run / "admin.sock", os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        return await asyncio.open_unix_connection(f"/proc/self/fd/{fd}")
    finally:
        os.close(fd)


async def connect_to_port(netns: Path, port: int, thread: NetworkThread) -> Connection:
    """Connect to a port of a task's loopback. Only the socket is made on the thread, which all tasks share: a task
    could let a connection wait.
    """
    link = await thread.run(partial(_open_socket, netns))
    try:
        await asyncio.get_running_loop().sock_connect(link, ("127.0.0.1", port))
        return await asyncio.open_connection(sock=link)
    except BaseException:
        link.close()
        raise


def _open_socket(netns: Path) -> socket:
    with namespaces.inside(netns):
        link = socket(AF_INET, SOCK_STREAM)
    link.setblocking(False)  # noqa: FBT003
    return link


async def request(connect: Connect, method: str, path: str, limit: int = _MAX_ANSWER_BYTES) -> bytes:
    """The body of an answer with the status 200, of at most ``limit`` bytes. Raises OSError and ValueError."""
    reader, writer = await connect()
    try:
        writer.write(
            f"{method} {path} HTTP/1.1\r\nhost: moyai\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".encode()
        )
        answer = bytearray()
        while len(answer) < limit and (chunk := await reader.read(_READ_BYTES)):
            answer += chunk
    finally:
        writer.close()
    head, _, body = bytes(answer).partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise ValueError(head.partition(b"\r\n")[0])
    is_chunked = b"transfer-encoding: chunked" in head.lower()
    return _join_chunks(body) if is_chunked else body


def _join_chunks(body: bytes) -> bytes:
    """Decode a chunked body, in time that is linear in its length. Raises ValueError if it is malformed."""
    chunks: list[bytes] = []
    position = 0
    while True:
        start = body.index(b"\r\n", position) + 2
        length = int(body[position:start], 16)
        if length < 0:
            raise ValueError("a chunk has a negative length")
        if length == 0:
            return b"".join(chunks)
        chunks.append(body[start : start + length])
        position = start + length + 2


def count_active(body: str) -> int:
    """The requests and connections in these statistics. Raises ValueError for what Envoy would not answer.

    Envoy counts a request on both sides, a TCP connection only on the application's side. The statistics of Service
    Connect's listeners name a port, by which the two sides are compared; App Mesh's need not.
    """
    lines = (line.rpartition(": ") for line in body.splitlines())
    counts = [(name, int(count)) for name, separator, count in lines if separator]
    if any(name.startswith(_APP_MESH_APPLICATION) for name, _ in counts):
        applications = sum(count for name, count in counts if name.startswith(_APP_MESH_APPLICATION))
        return max(applications, sum(count for _, count in counts) - applications)
    by_port: dict[str, int] = {}
    for name, count in counts:
        _, _, port, *_ = name.split(".")  # ValueError if there are fewer words
        by_port[port] = max(count, by_port.get(port, 0))
    return sum(by_port.values())
