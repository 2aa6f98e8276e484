"""The sessions of an Envoy that forwards datagrams: pure.

A session is the flow from one port of a client, and holds an open file. The sessions of one Envoy are bounded
(``open_files``), and its clusters have equal parts of them: a datagram beyond its cluster's part is dropped.
"""

from __future__ import annotations

from typing import Final

SESSIONS: Final = 16_384
"""The most sessions of an Envoy: fewer than the ports that a network namespace has for its sockets (28,232)."""
FLOW_IDLE: Final = 120
"""Seconds without a datagram after which a load balancer's flow ends."""
PUBLIC_FLOW_IDLE: Final = FLOW_IDLE + 30
"""Seconds without a datagram after which a flow of a public port ends. It outlasts the flow of a load balancer behind
the public port: otherwise the next client could get the freed port, and the load balancer would take it for the one
before.
"""
