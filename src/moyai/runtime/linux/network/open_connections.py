"""The TCP connections that the programs in a network namespace have open to places outside of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from functools import partial
from ipaddress import ip_address
from pathlib import Path

from moyai.runtime.linux.network import namespaces
from moyai.runtime.linux.network.namespaces import NetworkThread
from moyai.runtime.linux.network.socket_table import ESTABLISHED, parse_socket_table, read_socket_tables

Place = tuple[str, int]
"""An address and a port."""
CountConnections = Callable[[Collection[Place]], Awaitable[Mapping[Place, int]]]
"""Counts the open connections to some places. Raises RuntimeFault if they can't be counted."""

_OPEN = frozenset({ESTABLISHED, "04", "05", "08"})
"""Established, or closed in one direction only: FIN-WAIT-1, FIN-WAIT-2, CLOSE-WAIT."""
_MAX_TABLE_BYTES = 64 * 1024 * 1024
"""About 430,000 sockets."""


def counter(netns: Path, thread: NetworkThread) -> CountConnections:
    """``count_connections`` in this namespace, on the network thread."""
    return lambda places: thread.run(partial(count_connections, netns, places))


def count_connections(netns: Path, places: Collection[Place]) -> Mapping[Place, int]:
    """How many connections are open to each of these places; none without the namespace. Only for the network
    thread. Raises RuntimeFault for a namespace with too many sockets.
    """
    if not namespaces.exists(netns):
        return {}
    counts: Counter[Place] = Counter()
    with namespaces.inside(netns):
        for table in read_socket_tables(_MAX_TABLE_BYTES):
            counts.update(count_in_table(table, places))
    return counts


def count_in_table(table: str, places: Collection[Place]) -> Mapping[Place, int]:
    """The open connections to each place in the text of a ``/proc/net/tcp`` or ``/proc/net/tcp6``."""
    by_text = {_as_in_table(place): place for place in places}
    remotes = (row.remote for row in parse_socket_table(table) if row.state in _OPEN)
    return Counter(by_text[remote] for remote in remotes if remote in by_text)


def _as_in_table(place: Place) -> str:
    """The place as the kernel of a little-endian machine prints it, four bytes at a time: ``0200000A:1F90``."""
    address, port = place
    packed = ip_address(address).packed
    words = (packed[start : start + 4][::-1].hex() for start in range(0, len(packed), 4))
    return f"{''.join(words).upper()}:{port:04X}"
