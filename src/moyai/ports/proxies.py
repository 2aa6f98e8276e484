"""The feed that keeps every proxy's configuration current, and knows what each has acknowledged.

Promise: ``publish`` takes the whole mesh and sends each proxy only what changed for it; a mesh that
can't be translated leaves the last good one serving. What ``states`` and ``holders`` say comes from
acknowledgements on the streams, never from what was sent.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from moyai.domain.world import ProxyState
from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import Mesh


class ProxyFeed(Protocol):
    """Configuration out to the proxies, acknowledgements back. Used from one event loop only."""

    def publish(self, mesh: Mesh) -> None:
        """Make this the mesh; push what changed. Pieces that can't be translated keep their last good form."""

    def bootstrap(self, workload: WorkloadId) -> bytes:
        """Envoy's bootstrap for this workload, JSON with the placeholders ``{run}`` and ``{xds}`` (see ProxySpec)."""

    def states(self) -> Mapping[WorkloadId, ProxyState]:
        """Every proxy that has a stream or has been published."""

    def holders(self, address: str, port: int) -> frozenset[WorkloadId]:
        """Connected proxies that may still send traffic to this endpoint: their last acknowledged, or a
        sent and not yet acknowledged, configuration has it."""

    def changes(self) -> AsyncIterator[WorkloadId]:
        """Workloads whose state changed. May repeat and coalesce: it is only a doorbell."""
