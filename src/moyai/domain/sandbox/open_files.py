"""The limits of the connections and flows of an Envoy, as parts of the files that it may open: pure.

An Envoy that can't open a socket ends, with all that it serves, and each connection, flow and request that it forwards
needs one more. So everything that clients can open is bounded, by parts that together leave it a sixteenth of its files
for listeners, health checks and the control plane.

A session is the flow of datagrams from one port of a client, and holds an open file. The clusters of an Envoy have
equal parts of its sessions: a datagram beyond its cluster's part is dropped.
"""

from __future__ import annotations

from typing import Final

import msgspec

_CONNECTIONS: Final = 50_000
SESSIONS: Final = 16_384
"""The most sessions of an Envoy: fewer than the ports that a network namespace has for its sockets (28,232)."""
FLOW_IDLE: Final = 120
"""Seconds without a datagram after which a load balancer's flow ends."""
PUBLIC_FLOW_IDLE: Final = FLOW_IDLE + 30
"""Seconds without a datagram after which a flow of a public port ends. It outlasts the flow of a load balancer behind
the public port: otherwise the next client could get the freed port, and the load balancer would take it for the one
before.
"""
_ENOUGH: Final = 262_144
"""Open files with which an Envoy reaches all of its greatest limits."""
_SIXTEENTHS: Final = 16
MAX_STREAMS: Final = 128
"""The most requests that a client's HTTP/2 connection has in flight at a time, as on AWS."""


class OpenLimits(msgspec.Struct, frozen=True):
    """The most that an Envoy has open at a time. Each TCP connection from a client is forwarded over another one."""

    connections: int = _CONNECTIONS
    """Connections of clients."""
    sessions: int = SESSIONS
    """Flows of datagrams."""
    pooled: int = 3 * _ENOUGH // _SIXTEENTHS
    """Connections to HTTP servers, of which one client's connection may need many."""


MOST: Final = OpenLimits()
"""The limits of an Envoy that may open any number of files."""


def open_limits(files: int) -> OpenLimits:
    """The limits of an Envoy that may open this number of files."""
    sixteenth = files // _SIXTEENTHS
    return OpenLimits(
        connections=min(5 * sixteenth, MOST.connections),
        sessions=min(2 * sixteenth, MOST.sessions),
        pooled=min(3 * sixteenth, MOST.pooled),
    )


def equal_part(total: int, ways: int) -> int:
    """An equal part of ``total`` for each of ``ways``, at least 1. ``ways`` is rounded up to a power of two, because
    Envoy replaces every listener or cluster whose part changes: so most additions leave the others as they are.
    """
    return max(total >> (max(ways, 1) - 1).bit_length(), 1)
