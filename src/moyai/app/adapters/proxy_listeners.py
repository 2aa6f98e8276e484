"""The listeners for proxies, which get their configuration from them, and send their statistics to them.

Promise: only tasks' proxies can use the sockets for tasks' proxies. External proxies have a Unix socket, which belongs
to root unless a group is configured, and TCP if that is configured; over TCP they need TLS, and a token or a
certificate.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import grpc

from moyai.app.adapters.external_tls import file_certificate, issued_certificate
from moyai.app.adapters.proxy_tokens import ProxyTokens
from moyai.app.clock import SystemClock
from moyai.app.config import RuntimeKind, Settings
from moyai.app.runtimes import PROXY_GROUP
from moyai.kernel.ids import ProxyId
from moyai.pki.library import CryptographyPki
from moyai.ports.store import StoreFault
from moyai.telemetry.ingest.otlp_grpc import MetricsService, Rejection
from moyai.telemetry.ingest.otlp_http import OtlpHttpReceiver, ReceiveSpans
from moyai.xds.server.ads import AdsHandler, peer_of
from moyai.xds.server.authorization import ALL_PROXIES, Authorization, authorizations_of
from moyai.xds.server.directory import Directory
from moyai.xds.server.feed import Feed
from moyai.xds.server.grpc_server import TlsCredentials, serve_tcp, serve_unix, unix_socket_path
from moyai.xds.server.proxy_auth import Credentials, ExternalProxyAuth, Peer, ProxyAuth, ProxyRejected, TaskProxyAuth

_GRACE = 1.0
_log = logging.getLogger(__name__)


class ProxyListeners:
    """All listeners for proxies."""

    def __init__(
        self,
        settings: Settings,
        feed: Feed,
        directory: Directory,
        statistics: MetricsService,
        receive_spans: ReceiveSpans | None = None,
    ) -> None:
        self._settings = settings
        self._feed = feed
        self._directory = directory
        self._statistics = statistics
        self._receive_spans = receive_spans
        self.port: int | None = None
        """The TCP port for external proxies."""

    async def open(self, exit_stack: AsyncExitStack) -> None:
        """Open the listeners; ``exit_stack`` closes them. Raises OSError, StoreFault."""
        state, app_mesh = self._settings.state, self._settings.app_mesh
        state.run.mkdir(mode=0o711, exist_ok=True)
        if self._settings.runtime is RuntimeKind.LINUX:
            auth = TaskProxyAuth(self._feed, self._directory)
            await _listen_unix(exit_stack, state.xds_socket, PROXY_GROUP, self._handlers(auth))
            await self._listen_for_reports(exit_stack, state.statistics_socket, auth)
        handlers = self._external_handlers(_authorize_all)
        await _listen_unix(exit_stack, app_mesh.socket or state.external_socket, app_mesh.group, handlers)
        if app_mesh.xds is not None:
            handlers = self._external_handlers(self._credentials())
            server, port = await serve_tcp(app_mesh.xds, await self._certificate(), handlers)
            exit_stack.push_async_callback(server.stop, _GRACE)
            self.port = port
            _log.info("external proxies can connect over TCP at port %d, %s", port, self._required_credentials())

    async def _listen_for_reports(self, exit_stack: AsyncExitStack, path: Path, auth: ProxyAuth) -> None:
        """Listen on the Unix socket that tasks' proxies export their statistics to."""
        reports = OtlpHttpReceiver(
            self._statistics, lambda name: _reporter(auth, Peer("", name)), receive_spans=self._receive_spans
        )
        sock = socket.socket(socket.AF_UNIX)
        exit_stack.callback(sock.close)
        with unix_socket_path(path, PROXY_GROUP) as address:
            sock.bind(address)
        await reports.serve(sock)
        exit_stack.callback(path.unlink, missing_ok=True)
        exit_stack.callback(reports.close)

    async def _certificate(self) -> Callable[[], TlsCredentials]:
        app_mesh = self._settings.app_mesh
        if app_mesh.certificate is not None and app_mesh.private_key is not None:
            return file_certificate(app_mesh.certificate, app_mesh.private_key, app_mesh.client_authority)
        return await issued_certificate(
            self._settings.state.external_keys, app_mesh.client_authority, CryptographyPki(), SystemClock()
        )

    def _credentials(self) -> Credentials:
        if self._settings.app_mesh.client_authority is not None:
            return lambda peer: authorizations_of(peer.uris, self._directory.home)
        tokens = ProxyTokens(self._settings.state.external_tokens, self._directory.home)
        return partial(_authorize_by_token, tokens)

    def _required_credentials(self) -> str:
        authority = self._settings.app_mesh.client_authority
        return "with a token" if authority is None else f"with a certificate of {authority}"

    def _external_handlers(self, credentials: Credentials) -> tuple[grpc.GenericRpcHandler, ...]:
        max_proxies = self._settings.app_mesh.quotas.proxies_per_virtual_node
        return self._handlers(ExternalProxyAuth(self._feed, self._directory, credentials, max_proxies))

    def _handlers(self, auth: ProxyAuth) -> tuple[grpc.GenericRpcHandler, ...]:
        return AdsHandler(self._feed, auth), self._statistics.handler(lambda call: _reporter(auth, peer_of(call)))


async def _listen_unix(
    exit_stack: AsyncExitStack, path: Path, group: int, handlers: Sequence[grpc.GenericRpcHandler]
) -> None:
    server = await serve_unix(path, group, handlers)
    exit_stack.callback(path.unlink, missing_ok=True)
    exit_stack.push_async_callback(server.stop, _GRACE)


def _authorize_all(_peer: Peer) -> tuple[Authorization, ...]:
    """Authorize every peer for all proxies: the permissions of the socket decide who may connect."""
    return (ALL_PROXIES,)


def _authorize_by_token(tokens: ProxyTokens, peer: Peer) -> tuple[Authorization, ...] | None:
    try:
        return tokens.authorizations_of(peer)
    except StoreFault as fault:
        _log.warning("no token is accepted: %s", fault)
        return None


def _reporter(auth: ProxyAuth, peer: Peer) -> ProxyId | Rejection:
    try:
        return auth.reporter(peer)
    except ProxyRejected as rejected:
        return Rejection(rejected.code, str(rejected))
