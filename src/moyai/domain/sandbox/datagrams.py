"""The sessions of an Envoy that forwards datagrams: pure.

A session is the flow from one port of a client. It holds an open file, of which an Envoy has 65,536 for connections as
well, and an Envoy that can't open a socket ends, with all that it serves. So the sessions of one Envoy are bounded, and
its clusters have equal parts of them: a datagram beyond its cluster's part is dropped.
"""

from __future__ import annotations

from typing import Final

SESSIONS: Final = 16_384
"""Sessions of all clusters of an Envoy: a quarter of its files, and fewer than the ports that a network namespace has
for its sockets (28,232).
"""
FLOW_IDLE: Final = 120
"""Seconds without a datagram after which a load balancer's flow ends."""
PUBLIC_FLOW_IDLE: Final = FLOW_IDLE + 30
"""Seconds without a datagram after which a flow of a public port ends: after that of the load balancer that it may lead
to, which would take the next client with the freed port for the one before.
"""


def session_limit(clusters: int) -> int:
    """The sessions of each of so many clusters. Their number is rounded up to a power of two: a changed limit ends the
    sessions of a cluster, and not every new cluster should do that to the others.
    """
    return max(SESSIONS >> (max(clusters, 1) - 1).bit_length(), 1)
