"""Who may come in as which proxy.

Promise: decided anew with every stream and every report, from what the call brings along and what is in the world now.
Our own proxies are known by what we put into their bootstraps, and only they reach their door. Any other proxy is a
guest: it shows what it may ask for, names the virtual node or gateway that it stands for, and is given an id of its
own, since many stand for one; a guest may bring the end of its id along, so that its reports can be told from others'.

Refuses, in gRPC's words and App Mesh's numbers: bad credentials (16), what they don't cover (7), a virtual node or
gateway that isn't there (3), one proxy too many for it (8).
Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/troubleshoot-setup.html (the codes),
https://docs.aws.amazon.com/app-mesh/latest/userguide/service-quotas.html (how many)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import count
from typing import Final, NamedTuple, Protocol

from grpc import StatusCode

from moyai.kernel.arn import parse_arn
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import PROXY_HEADER, ProxyId, WorkloadId
from moyai.xds.server.directory import Directory
from moyai.xds.server.feed import Feed
from moyai.xds.server.reach import Reach

_LONGEST_NAME: Final = 2048
"""Bytes of what a call says that it is: no ARN is longer."""
_SUFFIX = re.compile(r"[0-9A-Za-z-]{8,64}")
"""Longer than any that is counted out here."""


class Asker(NamedTuple):
    """What a call brings along. ``node``: its node id, empty in a report; ``name``: what its metadata says it is;
    ``bearer``: its token; ``uris``: of its certificate, once that was found to be good.
    """

    node: str
    name: str = ""
    bearer: str = ""
    uris: tuple[str, ...] = ()


class Entrant(NamedTuple):
    """Who came in. ``guest_of``: what a guest is led as; None for one of our own."""

    proxy: ProxyId
    guest_of: WorkloadId | None = None


class Refused(MoyaiError):
    """May not come in; ``str(error)`` is for the caller."""

    def __init__(self, code: StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


class Gate(Protocol):
    """One door's rules. Every method raises Refused."""

    def admit(self, asker: Asker) -> Entrant:
        """Let a stream in."""

    def allow(self, asker: Asker) -> None:
        """Let it go on: what it showed when it came must still be good."""

    def reporter(self, asker: Asker) -> ProxyId:
        """Whose report it is."""


class OwnGate:
    """Of the door that our own proxies alone can reach."""

    def __init__(self, feed: Feed, directory: Directory) -> None:
        self._feed = feed
        self._directory = directory

    def admit(self, asker: Asker) -> Entrant:
        """See Gate: the node id must be what the proxy is led as, by whatever name."""
        proxy = self.reporter(asker)
        if asker.node != proxy and not self._is_led_as(proxy, asker.node):
            message = f"the metadata {PROXY_HEADER} and the node id must name the same proxy, or what it is led as"
            raise Refused(StatusCode.PERMISSION_DENIED, message)
        return Entrant(proxy)

    def allow(self, asker: Asker) -> None:
        """See Gate."""

    def reporter(self, asker: Asker) -> ProxyId:
        """See Gate: believed."""
        if not 0 < len(asker.name) <= _LONGEST_NAME:
            raise Refused(StatusCode.UNAUTHENTICATED, f"the call has no metadata {PROXY_HEADER}")
        return ProxyId(asker.name)

    def _is_led_as(self, proxy: ProxyId, node: str) -> bool:
        task = parse_arn(proxy)
        named = None if task is None else self._directory.workload(node, task.scope)
        return named is not None and self._feed.leads(proxy) in {None, named}


Credentials = Callable[[Asker], Sequence[Reach] | None]
"""What an asker may ask for; None when what it shows is not good."""


class GuestGate:
    """Of a door for guests. ``most``: how many at a time may stand for one virtual node or gateway."""

    def __init__(self, feed: Feed, directory: Directory, credentials: Credentials, most: int) -> None:
        self._feed = feed
        self._directory = directory
        self._credentials = credentials
        self._most = most
        self._numbers = count(1)

    def admit(self, asker: Asker) -> Entrant:
        """See Gate."""
        workload = self._stands_for(asker, asker.node)
        proxy = self._named(asker) if asker.name else ProxyId(f"{workload}#{next(self._numbers)}")
        guests = self._feed.guests(workload)
        if proxy not in guests and len(guests) >= self._most:
            message = f"{asker.node} has {self._most} connected proxies, which is as many as it may have"
            raise Refused(StatusCode.RESOURCE_EXHAUSTED, message)
        return Entrant(proxy, workload)

    def allow(self, asker: Asker) -> None:
        """See Gate."""
        self._covered(asker, asker.node)

    def reporter(self, asker: Asker) -> ProxyId:
        """See Gate: one that has a stream, under the name that it has there."""
        proxy = self._named(asker)
        if not self._feed.is_connected(proxy):
            raise Refused(StatusCode.PERMISSION_DENIED, "a proxy reports while it has its stream, under the same name")
        return proxy

    def _named(self, asker: Asker) -> ProxyId:
        node, _, suffix = asker.name.rpartition("#")
        workload = self._stands_for(asker, node)
        if asker.node and workload != self._directory.workload(asker.node):
            message = f"the metadata {PROXY_HEADER} and the node id must name the same virtual node or gateway"
            raise Refused(StatusCode.PERMISSION_DENIED, message)
        if _SUFFIX.fullmatch(suffix) is None:
            message = f"the metadata {PROXY_HEADER} is a node id, #, and 8 to 64 letters, digits or hyphens"
            raise Refused(StatusCode.INVALID_ARGUMENT, message)
        return ProxyId(f"{workload}#{suffix}")

    def _stands_for(self, asker: Asker, node: str) -> WorkloadId:
        covering = self._covered(asker, node)
        workload = self._directory.workload(node)
        if workload is None:
            in_full = any(reach.kind is None for reach in covering)
            raise Refused(StatusCode.INVALID_ARGUMENT, self._directory.instead(node, in_full=in_full))
        return workload

    def _covered(self, asker: Asker, node: str) -> Sequence[Reach]:
        reaches = self._credentials(asker)
        if reaches is None:
            raise Refused(StatusCode.UNAUTHENTICATED, "the credentials are not good: show a token that is valid")
        whom = self._directory.identity(node)
        if whom is None:
            raise Refused(StatusCode.INVALID_ARGUMENT, self._directory.instead(node))
        covering = [reach for reach in reaches if reach.covers(whom)]
        if not covering:
            raise Refused(StatusCode.PERMISSION_DENIED, f"the credentials are not for {node}")
        return covering
