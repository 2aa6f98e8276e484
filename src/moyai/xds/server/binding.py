"""The doors themselves: a place for a Unix socket; a gRPC server there, or on TCP with TLS.

Promise: a Unix socket is for root and one group; on TCP nothing is ever plain. Either door has a limit on the size of a
message, on calls at a time, on the time of a handshake, and hangs up on who is silent.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import grpc

_log = logging.getLogger(__name__)
_MAX_REQUEST: Final = 4 * 1024 * 1024
_MAX_CALLS: Final = 20_000
_SOCKET_MODE: Final = 0o660
_SECOND: Final = 1000
_HOUR: Final = 3600 * _SECOND
_OPTIONS: Final = (
    ("grpc.max_receive_message_length", _MAX_REQUEST),
    ("grpc.so_reuseport", 0),
    ("grpc.http2.min_ping_interval_without_data_ms", 5 * _SECOND),
)
"""Proxies ping an idle stream every 10 or 15 s; gRPC's own limit (five minutes) would hang up on them."""
_TCP_OPTIONS: Final = (
    *_OPTIONS,
    ("grpc.keepalive_time_ms", 20 * _SECOND),
    ("grpc.keepalive_timeout_ms", 20 * _SECOND),
    ("grpc.server_handshake_timeout_ms", 10 * _SECOND),
    ("grpc.max_concurrent_streams", 16),
    ("grpc.max_connection_age_ms", _HOUR),
    ("grpc.max_connection_age_grace_ms", 10 * _SECOND),
)
"""A proxy has one stream and one report at a time. One that is cut off would be held for hours by TCP alone. The age
sees to it that a key which is no longer to be trusted stops being so."""


class Tls(NamedTuple):
    """PEM: the server's chain and key. ``clients``: the authorities one of which a client's certificate must be of;
    None = clients show no certificate.
    """

    chain: bytes
    private: bytes
    clients: bytes | None = None


@contextmanager
def place(path: Path, group: int) -> Iterator[str]:
    """Where to bind a Unix socket that root and ``group`` (a gid) may connect to, once this is over. A stale socket
    goes; OSError when something else is there.
    """
    if path.is_socket():
        path.unlink()
    elif path.exists():
        raise FileExistsError(f"{path} is there already, and is no socket")
    directory = os.open(path.parent, os.O_PATH | os.O_CLOEXEC)
    before = os.umask(0o177)
    try:  # through the directory's descriptor, because a socket's path may have 107 bytes only
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.umask(before)
        os.close(directory)
    if os.geteuid() == 0:
        os.chown(path, 0, group)
        path.chmod(_SOCKET_MODE)


async def serve(path: Path, group: int, handlers: Sequence[grpc.GenericRpcHandler]) -> grpc.aio.Server:
    """Listen on a Unix socket that root and ``group`` (a gid) may connect to. A stale socket is replaced; OSError when
    something else is there.
    """
    server = grpc.aio.server(options=_OPTIONS, maximum_concurrent_rpcs=_MAX_CALLS)
    server.add_generic_rpc_handlers(handlers)
    with place(path, group) as address:
        server.add_insecure_port(f"unix:{address}")
    await server.start()
    return server


async def serve_tls(
    address: str, current: Callable[[], Tls], handlers: Sequence[grpc.GenericRpcHandler]
) -> tuple[grpc.aio.Server, int]:
    """Listen on ``host:port``; the server and the port that it has. ``current``: what to show now; asked again with
    every handshake, quick, and may be called in any thread. OSError when it can't be.
    """
    first = current()
    credentials = grpc.dynamic_ssl_server_credentials(
        _configuration(first),
        _Newest(first, current).configuration,  # type: ignore[arg-type]  # None is allowed: there is no news
        first.clients is not None,
    )
    server = grpc.aio.server(options=_TCP_OPTIONS, maximum_concurrent_rpcs=_MAX_CALLS)
    server.add_generic_rpc_handlers(handlers)
    try:
        port = server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise OSError(f"can't listen on {address}: {error}") from error
    await server.start()
    return server, port


class _Newest:
    """Tells gRPC of what has changed."""

    def __init__(self, shown: Tls, current: Callable[[], Tls]) -> None:
        self._shown = shown
        self._current = current

    def configuration(self) -> grpc.ServerCertificateConfiguration | None:
        """None when nothing has. What can't be had now leaves what was."""
        try:
            found = self._current()
        except (OSError, ValueError) as error:
            _log.warning("the certificate of the guests' door stays as it was: %s", error)
            return None
        if found == self._shown:
            return None
        self._shown = found
        return _configuration(found)


def _configuration(tls: Tls) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(tls.private, tls.chain)], tls.clients)
