"""Admission control for the connections of a server: how many there are, and which is closed when there are too many.

Promise: a client (an IPv4 address, or the /64 of an IPv6 address) has at most ``per_client`` connections, and all
clients together at most ``total``. When the total is reached, a new connection replaces an idle one: that of the client
with the most idle connections which has been idle longest. If none is idle, the client with the most connections loses
its newest. A new connection is refused if it would replace one of a client that has fewer. So no client can keep
others out, and a request is aborted only when every connection has one. Every operation takes constant time.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv6Address
from typing import Protocol

_PREFIX = 64
"""Bits of an IPv6 address that identify a client: a host with one address of a /64 can use all of them."""


class Closable(Protocol):
    """A connection that can be admitted."""

    def abort(self) -> None:
        """Close the connection at once."""


class _Client:
    """One client's connections: the idle ones, longest idle first, and those with a request."""

    def __init__(self) -> None:
        self.idle: dict[Closable, None] = {}
        self.busy: dict[Closable, None] = {}

    def __len__(self) -> int:
        return len(self.idle) + len(self.busy)


class _Ranking:
    """Clients ranked by a count, which changes by one at a time."""

    def __init__(self) -> None:
        self._by_count: dict[int, dict[str, None]] = {}
        self._largest_count = 0

    def move(self, client: str, count: int, by: int) -> None:
        """Change a client's count to ``count``, which differs ``by`` 1 or -1 from what it was."""
        before = self._by_count.get(count - by, {})
        before.pop(client, None)
        if not before:
            self._by_count.pop(count - by, None)
        if count:
            self._by_count.setdefault(count, {})[client] = None
        if count > self._largest_count or self._largest_count not in self._by_count:
            self._largest_count = count

    @property
    def first(self) -> str | None:
        """A client with the largest count; None when all are 0."""
        return next(iter(self._by_count.get(self._largest_count, ())), None)


class Admission:
    """The connections of one server. Used from one event loop only."""

    def __init__(self, per_client: int, total: int) -> None:
        self._per_client, self._total = per_client, total
        self._clients: dict[str, _Client] = {}
        self._owners: dict[Closable, str] = {}
        self._by_idle, self._by_all = _Ranking(), _Ranking()

    def __len__(self) -> int:
        return len(self._owners)

    def enter(self, connection: Closable, address: str) -> bool:
        """Admit a new connection, which is idle, closing another one for it if necessary; False when it is refused."""
        owner = _client_of(address)
        if len(self._clients.get(owner, ())) >= self._per_client:
            return False
        if len(self._owners) >= self._total and not self._make_room(owner):
            return False
        client = self._clients.setdefault(owner, _Client())
        self._owners[connection] = owner
        client.idle[connection] = None
        self._by_idle.move(owner, len(client.idle), 1)
        self._by_all.move(owner, len(client), 1)
        return True

    def mark_busy(self, connection: Closable) -> None:
        """Note that the connection has a request."""
        owner = self._owners.get(connection)
        if owner is not None and self._take_idle(owner, connection):
            self._clients[owner].busy[connection] = None

    def mark_idle(self, connection: Closable) -> None:
        """Note that the connection waits for a request."""
        owner = self._owners.get(connection)
        if owner is not None and connection in self._clients[owner].busy:
            client = self._clients[owner]
            del client.busy[connection]
            client.idle[connection] = None
            self._by_idle.move(owner, len(client.idle), 1)

    def leave(self, connection: Closable) -> None:
        """Remove a connection that was closed. Harmless when repeated."""
        owner = self._owners.pop(connection, None)
        if owner is None:
            return
        client = self._clients[owner]
        if not self._take_idle(owner, connection):
            del client.busy[connection]
        self._by_all.move(owner, len(client), -1)
        if not len(client):
            del self._clients[owner]

    def _take_idle(self, owner: str, connection: Closable) -> bool:
        """Remove a connection from its client's idle ones; returns whether it was idle."""
        idle = self._clients[owner].idle
        if connection not in idle:
            return False
        del idle[connection]
        self._by_idle.move(owner, len(idle), -1)
        return True

    def _make_room(self, newcomer: str) -> bool:
        """Close one connection for the newcomer; returns False when none may be closed."""
        victim = next(self._victims(newcomer), None)
        if victim is None:
            return False
        self.leave(victim)
        victim.abort()
        return True

    def _victims(self, newcomer: str) -> Iterator[Closable]:
        own_count = len(self._clients.get(newcomer, ()))
        owner = self._by_idle.first
        if owner is not None and len(self._clients[owner]) >= own_count:
            yield from self._clients[owner].idle
        owner = self._by_all.first
        if owner is not None and len(self._clients[owner]) > own_count + 1:
            yield from reversed(self._clients[owner].busy)


def _client_of(address: str) -> str:
    """The client of an address: an IPv4 address itself (also when it is mapped into IPv6), or an IPv6 prefix."""
    try:
        six = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    return str(six.ipv4_mapped or int(six) >> (128 - _PREFIX))
