"""What can be called."""

from __future__ import annotations

import msgspec

from moyai.mesh.ir.protocol import Protocol
from moyai.mesh.ir.route_table import RouteTable
from moyai.mesh.ir.target import Target
from moyai.mesh.ir.timeout_policy import TimeoutPolicy


class StreamSplit(msgspec.Struct, frozen=True):
    """A TCP service: each connection goes to one of ``targets``, by their weights; at most ``connect_attempts``
    endpoints of it are tried. Without targets they are closed.
    """

    targets: tuple[Target, ...]
    timeouts: TimeoutPolicy
    connect_attempts: int


class Service(msgspec.Struct, frozen=True):
    """Shared by name between all workloads that see it. ``routing`` fits the protocol: a RouteTable for
    HTTP, HTTP/2 and gRPC, a StreamSplit for TCP. ``stat_name``: what the caller's side is counted under.
    """

    name: str
    protocol: Protocol
    routing: RouteTable | StreamSplit
    stat_name: str
