"""The feed that keeps every proxy's configuration current, and knows what each has acknowledged.

Promise: ``publish`` takes one part of the mesh (a namespace: no traffic leaves it, so parts share no
name) and costs what that part costs, however many others there are. Each proxy is sent only what changed
for it; a mesh that can't be translated leaves the last good one serving. What ``states`` and ``holders`` say comes from
acknowledgements on the streams, never from what was sent.

Errors:

    ProxyFault
    └── UnknownWorkload     the mesh last published doesn't have it
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Protocol

from moyai.domain.world import ProxyState
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import WorkloadId
from moyai.mesh.ir import Mesh, Service


class ProxyFault(MoyaiError):
    """The feed can't do what it was asked."""


class UnknownWorkload(ProxyFault):
    """No such workload in the published mesh; ``str(error)`` is its id."""


class ProxyFeed(Protocol):
    """Configuration out to the proxies, acknowledgements back. Used from one event loop only."""

    def publish(self, mesh: Mesh, part: str = "") -> None:
        """Make this the mesh of a part, an empty one to end it; push what changed.

        Pieces that can't be translated keep their last good form.
        """

    def clear(self) -> None:
        """End every part."""

    def bootstrap(self, workload: WorkloadId) -> bytes:
        """Envoy's bootstrap for this workload, JSON with the placeholders ``{run}`` and ``{xds}`` (see ProxySpec).

        UnknownWorkload when it hasn't been published.
        """

    def state(self, workload: WorkloadId) -> ProxyState | None:
        """One proxy's state; None when it has not been published."""

    def is_connected(self, workload: WorkloadId) -> bool:
        """Whether the proxy has an open stream."""

    def carries(self, workload: WorkloadId, places: AbstractSet[tuple[str, int]]) -> bool:
        """Whether the proxy has acknowledged its newest configuration, and by that leads connections to each of these
        virtual addresses and ports to somebody.
        """

    def states(self) -> Mapping[WorkloadId, ProxyState]:
        """Every proxy that has been published and not taken back since."""

    def holders(self, address: str, port: int, part: str = "") -> frozenset[WorkloadId]:
        """Proxies of a part that may still send traffic to this endpoint: a configuration they acknowledged last, or
        were sent and have not answered yet, has it. A proxy whose stream was cut goes on with what it had, so it
        counts until it has come back and said what it has, or until its workload is gone from the mesh.
        """

    def service(self, name: str, part: str = "") -> Service | None:
        """A service as it was last published in a part; None when nobody there calls it."""

    def changes(self) -> AsyncIterator[WorkloadId]:
        """Workloads whose state changed. May repeat and coalesce: it is only a doorbell."""
