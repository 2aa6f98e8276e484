"""The operator's settings for the bootstrap of every proxy: apart from it, because it imports Envoy's messages."""

from __future__ import annotations

import msgspec

from moyai.domain.sandbox.open_files import MOST
from moyai.kernel.clock import Seconds


class BootstrapSettings(msgspec.Struct, frozen=True):
    """The operator's settings for every proxy."""

    stats_interval: Seconds = Seconds(5)
    """Seconds between two exports of statistics. Each costs the control plane one call for each proxy."""
    trace_sampling: float = 0
    """Percent of requests whose spans are exported; 0 = no proxy traces."""
    max_connections: int = MOST.connections
    """Connections to a proxy at a time."""
