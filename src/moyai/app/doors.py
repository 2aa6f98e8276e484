"""The doors by which proxies come in: configuration out to them, statistics in.

Promise: the door of our own proxies is for them alone. Guests, proxies that no task has, have a Unix socket, which is
root's unless a group is named, and TCP if somebody asks for it; there TLS and a token or a certificate are needed.
"""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import grpc

from moyai.app.clock import SystemClock
from moyai.app.config import RuntimeKind, Settings
from moyai.app.guest_tls import given_keys, own_keys
from moyai.app.runtimes import PROXY_GROUP
from moyai.app.tokens import ProxyTokens
from moyai.kernel.ids import ProxyId
from moyai.pki.library import CryptographyPki
from moyai.ports.store import StoreFault
from moyai.telemetry.ingest.otlp_grpc import MetricsService, Rejection
from moyai.telemetry.ingest.otlp_http import OtlpHttpReceiver
from moyai.xds.server.ads import AdsHandler, asker_of
from moyai.xds.server.binding import Tls, place, serve, serve_tls
from moyai.xds.server.directory import Directory
from moyai.xds.server.feed import Feed
from moyai.xds.server.gate import Asker, Credentials, Gate, GuestGate, OwnGate, Refused
from moyai.xds.server.reach import EVERYTHING, Reach, reach_of

_GRACE = 1.0
_log = logging.getLogger(__name__)


class ProxyDoors:
    """Opens them all."""

    def __init__(self, settings: Settings, feed: Feed, directory: Directory, statistics: MetricsService) -> None:
        self._settings = settings
        self._feed = feed
        self._directory = directory
        self._statistics = statistics
        self.port: int | None = None
        """Where guests come in over TCP."""

    async def open(self, leaving: AsyncExitStack) -> None:
        """Have them open until then. Raises OSError, StoreFault."""
        state, app_mesh = self._settings.state, self._settings.app_mesh
        state.run.mkdir(mode=0o711, exist_ok=True)
        if self._settings.runtime is RuntimeKind.LINUX:
            gate = OwnGate(self._feed, self._directory)
            await _on_socket(leaving, state.xds_socket, PROXY_GROUP, self._handlers(gate))
            await self._take_reports(leaving, state.statistics_socket, gate)
        await _on_socket(leaving, app_mesh.socket or state.guest_socket, app_mesh.group, self._guests(_anyone))
        if app_mesh.xds is not None:
            server, port = await serve_tls(app_mesh.xds, await self._keys(), self._guests(self._credentials()))
            leaving.push_async_callback(server.stop, _GRACE)
            self.port = port
            _log.info("proxies may come in over TCP at port %d, %s", port, self._needed())

    async def _take_reports(self, leaving: AsyncExitStack, path: Path, gate: Gate) -> None:
        """Have our own proxies leave their statistics there."""
        reports = OtlpHttpReceiver(self._statistics, lambda name: _reporter(gate, Asker("", name)))
        sock = socket.socket(socket.AF_UNIX)
        leaving.callback(sock.close)
        with place(path, PROXY_GROUP) as address:
            sock.bind(address)
        await reports.serve(sock)
        leaving.callback(path.unlink, missing_ok=True)
        leaving.callback(reports.close)

    async def _keys(self) -> Callable[[], Tls]:
        app_mesh = self._settings.app_mesh
        if app_mesh.certificate is not None and app_mesh.private_key is not None:
            return given_keys(app_mesh.certificate, app_mesh.private_key, app_mesh.client_authority)
        return await own_keys(
            self._settings.state.guest_keys, app_mesh.client_authority, CryptographyPki(), SystemClock()
        )

    def _credentials(self) -> Credentials:
        if self._settings.app_mesh.client_authority is not None:
            return lambda asker: reach_of(asker.uris, self._directory.home)
        tokens = ProxyTokens(self._settings.state.guest_tokens, self._directory.home)
        return partial(_bearer, tokens)

    def _needed(self) -> str:
        authority = self._settings.app_mesh.client_authority
        return "with a token" if authority is None else f"with a certificate of {authority}"

    def _guests(self, credentials: Credentials) -> tuple[grpc.GenericRpcHandler, ...]:
        return self._handlers(
            GuestGate(self._feed, self._directory, credentials, self._settings.app_mesh.quotas.proxies_per_virtual_node)
        )

    def _handlers(self, gate: Gate) -> tuple[grpc.GenericRpcHandler, ...]:
        return AdsHandler(self._feed, gate), self._statistics.handler(lambda call: _reporter(gate, asker_of(call)))


async def _on_socket(
    leaving: AsyncExitStack, path: Path, group: int, handlers: Sequence[grpc.GenericRpcHandler]
) -> None:
    server = await serve(path, group, handlers)
    leaving.callback(path.unlink, missing_ok=True)
    leaving.push_async_callback(server.stop, _GRACE)


def _anyone(_asker: Asker) -> tuple[Reach, ...]:
    """Who can open the socket has shown enough."""
    return (EVERYTHING,)


def _bearer(tokens: ProxyTokens, asker: Asker) -> tuple[Reach, ...] | None:
    try:
        return tokens.reaches(asker)
    except StoreFault as fault:
        _log.warning("nobody's token is taken: %s", fault)
        return None


def _reporter(gate: Gate, asker: Asker) -> ProxyId | Rejection:
    try:
        return gate.reporter(asker)
    except Refused as refused:
        return Rejection(refused.code, str(refused))
