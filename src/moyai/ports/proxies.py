"""The feed that keeps every proxy's configuration current, and knows what each has acknowledged.

Promise: ``publish`` takes one part of the mesh (a namespace, or an App Mesh mesh: no traffic leaves it, so parts share
no name, though they may share endpoints) and costs what that part costs, however many others there are. A proxy is one
Envoy, and is led as a workload, any number as the same one; each is sent only what changed for it; a mesh that can't be
translated leaves the last good one serving. What ``states`` and ``holders`` say comes from acknowledgements on the
streams, never from what was sent.

Errors:

    ProxyFault
    └── UnknownProxy        the mesh last published doesn't have it
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Protocol

from moyai.domain.appmesh.agent import Agent
from moyai.domain.world import ProxyState
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import ProxyId, WorkloadId
from moyai.mesh.ir import Mesh, Service


class ProxyFault(MoyaiError):
    """The feed can't do what it was asked."""


class UnknownProxy(ProxyFault):
    """No workload of the published mesh is for this proxy; ``str(error)`` is its id."""


class ProxyFeed(Protocol):
    """Configuration out to the proxies, acknowledgements back. Used from one event loop only."""

    def publish(self, mesh: Mesh, part: str = "") -> None:
        """Make this the mesh of a part, an empty one to end it; push what changed.

        Pieces that can't be translated keep their last good form.
        """

    def clear(self) -> None:
        """End every part."""

    def bootstrap(self, proxy: ProxyId) -> bytes:
        """Envoy's bootstrap for this proxy, JSON with the placeholders that ProxySpec tells of.

        UnknownProxy when what it is led as hasn't been published.
        """

    def configuration(self, workload: WorkloadId) -> Mapping[str, Any] | None:
        """What the workload's proxies are given, as Envoy's ``/config_dump`` has it, without secrets; None when it
        hasn't been published.
        """

    def agent_bootstrap(self, agent: Agent) -> bytes:
        """Envoy's bootstrap for an App Mesh proxy, with the same placeholders, as App Mesh's agent would have written
        it, whether what it stands for is there or not.
        """

    def leads(self, proxy: ProxyId) -> WorkloadId | None:
        """What a proxy is led as; None when it is unknown."""

    def state(self, proxy: ProxyId) -> ProxyState | None:
        """One proxy's state; None when it is unknown."""

    def is_connected(self, proxy: ProxyId) -> bool:
        """Whether the proxy has an open stream."""

    def carries(self, proxy: ProxyId, places: AbstractSet[tuple[str, int]]) -> bool:
        """Whether the proxy has acknowledged its newest configuration, and by that leads connections to each of these
        virtual addresses and ports to somebody.
        """

    def states(self) -> Mapping[ProxyId, ProxyState]:
        """Every proxy that is known: it has been published and not taken back since, or has a stream."""

    def holders(self, address: str, port: int) -> frozenset[ProxyId]:
        """Proxies of any part that may still send traffic to this endpoint: a configuration they acknowledged last, or
        were sent and have not answered yet, has it. A proxy whose stream was cut goes on with what it had, so it
        counts until it has come back and said what it has, or until its workload is gone from the mesh. One that is
        no task's is forgotten with its stream.
        """

    def service(self, name: str, part: str = "") -> Service | None:
        """A service as it was last published in a part; None when nobody there calls it."""

    def changes(self) -> AsyncIterator[ProxyId]:
        """Proxies whose state changed. May repeat and coalesce: it is only a doorbell."""
