"""gRPC servers for proxies: on a Unix socket, or on TCP with TLS.

Promise: a Unix socket is open to root and one group; TCP is never served without TLS. Each server bounds the size of a
message, the number of concurrent calls and the time of a handshake, and closes connections of silent peers.
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
"""Proxies ping an idle stream every 10 or 15 s; with gRPC's default limit (five minutes) the server would close it."""
_TCP_OPTIONS: Final = (
    *_OPTIONS,
    ("grpc.keepalive_time_ms", 20 * _SECOND),
    ("grpc.keepalive_timeout_ms", 20 * _SECOND),
    ("grpc.server_handshake_timeout_ms", 10 * _SECOND),
    ("grpc.max_concurrent_streams", 16),
    ("grpc.max_connection_age_ms", _HOUR),
    ("grpc.max_connection_age_grace_ms", 10 * _SECOND),
)
"""A proxy has one stream and one report at a time. Without keepalives, TCP would keep the connection of a proxy that
was cut off for hours. The maximum age ends connections whose certificate is no longer trusted.
"""


class TlsCredentials(NamedTuple):
    """The server's chain and key, as PEM. ``clients``: the certificate authorities that may issue clients'
    certificates; None = clients need no certificate.
    """

    chain: bytes
    private: bytes
    clients: bytes | None = None


@contextmanager
def unix_socket_path(path: Path, group: int) -> Iterator[str]:
    """Yield the path to bind a Unix socket at; afterwards root and ``group`` (a gid) may connect to it. A stale socket
    is replaced; raises OSError when something else is there.
    """
    if path.is_socket():
        path.unlink()
    elif path.exists():
        raise FileExistsError(f"{path} exists already and is not a socket")
    directory = os.open(path.parent, os.O_PATH | os.O_CLOEXEC)
    before = os.umask(0o177)
    try:  # through the directory's descriptor, because a socket's path may have at most 107 bytes
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.umask(before)
        os.close(directory)
    if os.geteuid() == 0:
        os.chown(path, 0, group)
        path.chmod(_SOCKET_MODE)


async def serve_unix(path: Path, group: int, handlers: Sequence[grpc.GenericRpcHandler]) -> grpc.aio.Server:
    """Listen on a Unix socket that root and ``group`` (a gid) may connect to. A stale socket is replaced; raises
    OSError when something else is there.
    """
    server = grpc.aio.server(options=_OPTIONS, maximum_concurrent_rpcs=_MAX_CALLS)
    server.add_generic_rpc_handlers(handlers)
    with unix_socket_path(path, group) as address:
        server.add_insecure_port(f"unix:{address}")
    await server.start()
    return server


async def serve_tcp(
    address: str, current: Callable[[], TlsCredentials], handlers: Sequence[grpc.GenericRpcHandler]
) -> tuple[grpc.aio.Server, int]:
    """Listen on ``host:port`` with TLS; returns the server and its port. ``current`` returns the present certificate;
    it is called with every handshake, in any thread, and must be quick. Raises OSError when the address can't be bound.
    """
    first = current()
    credentials = grpc.dynamic_ssl_server_credentials(
        _configuration(first),
        _CertificateReloader(first, current).fetch,  # type: ignore[arg-type]  # None is allowed: nothing has changed
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


class _CertificateReloader:
    """Gives gRPC a new certificate when it has changed."""

    def __init__(self, in_use: TlsCredentials, current: Callable[[], TlsCredentials]) -> None:
        self._in_use = in_use
        self._current = current

    def fetch(self) -> grpc.ServerCertificateConfiguration | None:
        """The new certificate; None when it has not changed or can't be read."""
        try:
            current = self._current()
        except (OSError, ValueError) as error:
            _log.warning("the TLS certificate for external proxies can't be reloaded, the last one is kept: %s", error)
            return None
        if current == self._in_use:
            return None
        self._in_use = current
        return _configuration(current)


def _configuration(tls: TlsCredentials) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(tls.private, tls.chain)], tls.clients)
