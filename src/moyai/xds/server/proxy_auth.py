"""Authentication of proxies: which proxy a stream or a report comes from, and whether it is admitted.

Promise: every stream and every report is checked against the call's credentials and the present World. The
proxies of tasks are identified by the id in their bootstrap; only they can reach the socket that TaskProxyAuth guards.
Any other proxy is external: it authenticates, names the virtual node or gateway whose configuration it wants, and gets
an id of its own, because a virtual node may have many proxies. An external proxy may choose the suffix of its id, so
that its reports can be matched to it.

An error has the gRPC status code that App Mesh uses: invalid credentials (16), credentials for another resource (7), a
virtual node or gateway that does not exist (3), too many proxies of one (8).
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/troubleshoot-setup.html (the codes),
https://docs.aws.amazon.com/app-mesh/latest/userguide/service-quotas.html (the quota)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import count
from typing import Final, NamedTuple, Protocol

from grpc import StatusCode
from typing_extensions import override

from moyai.kernel.arn import parse_arn
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import PROXY_HEADER, ProxyId, WorkloadId
from moyai.xds.server.authorization import Authorization
from moyai.xds.server.directory import Directory
from moyai.xds.server.feed import Feed

_MAX_NAME_LENGTH: Final = 2048
"""Bytes of a proxy's name in the metadata: no ARN is longer."""
_SUFFIX = re.compile(r"[0-9A-Za-z-]{8,64}")
"""Chosen suffixes are longer than the numbers that are assigned otherwise, so the two can't collide."""


class Peer(NamedTuple):
    """The caller, as it presents itself. ``node``: its node id, empty in a report; ``name``: its proxy id in the
    metadata; ``bearer``: its token; ``uris``: those of its certificate, once that has been verified.
    """

    node: str
    name: str = ""
    bearer: str = ""
    uris: tuple[str, ...] = ()


class AdmittedProxy(NamedTuple):
    """A proxy that is admitted. ``external_workload``: the workload of an external proxy; None for a task's."""

    proxy: ProxyId
    external_workload: WorkloadId | None = None


class ProxyRejected(MoyaiError):
    """The proxy is not admitted; ``str(error)`` is for the caller."""

    def __init__(self, code: StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class ProxyAuth(Protocol):
    """The admission rules of one listener. Every method raises ProxyRejected."""

    def admit(self, peer: Peer) -> AdmittedProxy:
        """The proxy that opens a stream, if it is admitted."""

    def recheck(self, peer: Peer) -> None:
        """Check that the credentials of an admitted stream are still valid."""

    def reporter(self, peer: Peer) -> ProxyId:
        """The proxy that sends a report."""


class TaskProxyAuth(ProxyAuth):
    """Identifies the proxies of tasks, on a socket that only they can reach."""

    def __init__(self, feed: Feed, directory: Directory) -> None:
        self._feed = feed
        self._directory = directory

    @override
    def admit(self, peer: Peer) -> AdmittedProxy:
        """The node id must name the proxy itself or its workload."""
        proxy = self.reporter(peer)
        if peer.node != proxy and not self._names_workload(proxy, peer.node):
            message = f"the metadata {PROXY_HEADER} and the node id must name the same proxy, or its workload"
            raise ProxyRejected(StatusCode.PERMISSION_DENIED, message)
        return AdmittedProxy(proxy)

    @override
    def recheck(self, peer: Peer) -> None:
        """There are no credentials that could expire."""

    @override
    def reporter(self, peer: Peer) -> ProxyId:
        """The metadata is trusted."""
        if not 0 < len(peer.name) <= _MAX_NAME_LENGTH:
            raise ProxyRejected(StatusCode.UNAUTHENTICATED, f"the call has no metadata {PROXY_HEADER}")
        return ProxyId(peer.name)

    def _names_workload(self, proxy: ProxyId, node: str) -> bool:
        task = parse_arn(proxy)
        workload = None if task is None else self._directory.workload(node, task.scope)
        return workload is not None and self._feed.workload_of(proxy) in {None, workload}


Credentials = Callable[[Peer], Sequence[Authorization] | None]
"""Returns what a peer is authorized for; None when its credentials are invalid."""


class ExternalProxyAuth(ProxyAuth):
    """Authenticates external proxies. ``max_proxies``: how many may be connected for one virtual node or gateway."""

    def __init__(self, feed: Feed, directory: Directory, credentials: Credentials, max_proxies: int) -> None:
        self._feed = feed
        self._directory = directory
        self._credentials = credentials
        self._max_proxies = max_proxies
        self._numbers = count(1)

    @override
    def admit(self, peer: Peer) -> AdmittedProxy:
        workload = self._authorized_workload(peer, peer.node)
        proxy = self._named_proxy(peer) if peer.name else ProxyId(f"{workload}#{next(self._numbers)}")
        connected = self._feed.external_proxies(workload)
        if proxy not in connected and len(connected) >= self._max_proxies:
            message = f"{peer.node} has {self._max_proxies} connected proxies, which is as many as it may have"
            raise ProxyRejected(StatusCode.RESOURCE_EXHAUSTED, message)
        return AdmittedProxy(proxy, workload)

    @override
    def recheck(self, peer: Peer) -> None:
        self._authorizations_for(peer, peer.node)

    @override
    def reporter(self, peer: Peer) -> ProxyId:
        """The proxy must have an open stream under the same name."""
        proxy = self._named_proxy(peer)
        if not self._feed.is_connected(proxy):
            message = "a proxy may send reports only while it has a stream under the same name"
            raise ProxyRejected(StatusCode.PERMISSION_DENIED, message)
        return proxy

    def _named_proxy(self, peer: Peer) -> ProxyId:
        node, _, suffix = peer.name.rpartition("#")
        workload = self._authorized_workload(peer, node)
        if peer.node and workload != self._directory.workload(peer.node):
            message = f"the metadata {PROXY_HEADER} and the node id must name the same virtual node or gateway"
            raise ProxyRejected(StatusCode.PERMISSION_DENIED, message)
        if _SUFFIX.fullmatch(suffix) is None:
            message = f"the metadata {PROXY_HEADER} is a node id, #, and 8 to 64 letters, digits or hyphens"
            raise ProxyRejected(StatusCode.INVALID_ARGUMENT, message)
        return ProxyId(f"{workload}#{suffix}")

    def _authorized_workload(self, peer: Peer, node: str) -> WorkloadId:
        authorizations = self._authorizations_for(peer, node)
        workload = self._directory.workload(node)
        if workload is None:
            in_full = any(authorization.kind is None for authorization in authorizations)
            message = self._directory.explain_missing(node, in_full=in_full)
            raise ProxyRejected(StatusCode.INVALID_ARGUMENT, message)
        return workload

    def _authorizations_for(self, peer: Peer, node: str) -> Sequence[Authorization]:
        """The peer's authorizations that cover this node id."""
        authorizations = self._credentials(peer)
        if authorizations is None:
            message = "the credentials are invalid: send a valid token"
            raise ProxyRejected(StatusCode.UNAUTHENTICATED, message)
        identity = self._directory.identity(node)
        if identity is None:
            raise ProxyRejected(StatusCode.INVALID_ARGUMENT, self._directory.explain_missing(node))
        covering = [authorization for authorization in authorizations if authorization.covers(identity)]
        if not covering:
            raise ProxyRejected(StatusCode.PERMISSION_DENIED, f"the credentials are not for {node}")
        return covering
