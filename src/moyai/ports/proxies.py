"""The feed: keeps every proxy's configuration current, and knows what each proxy has acknowledged.

Promise: ``publish`` takes one shard of the mesh: a namespace of Service Connect, or a virtual node or gateway of App
Mesh. Shards share no resource, though they may have the same endpoints, and the cost of an update depends on its shard
only. A proxy is one Envoy. It is assigned to a workload, which may have many proxies, and is sent only what changed for
that workload. When a mesh can't be translated, the last good one stays in use.
``states`` and ``holders`` follow from acknowledgements on the streams, never from what was sent.

Errors:

    ProxyFault
    └── UnknownProxy        no published mesh has the proxy
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Protocol

from moyai.domain.appmesh.agent_settings import Agent
from moyai.domain.world import ProxyState
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import ProxyId, WorkloadId
from moyai.mesh.ir import MeshIR, MeshService


class ProxyFault(MoyaiError):
    """The feed can't do what its caller has requested."""


class UnknownProxy(ProxyFault):
    """No published mesh has a workload for this proxy; ``str(error)`` is its id."""


class ProxyFeed(Protocol):
    """Sends configuration to proxies, and receives their acknowledgements. Used from one event loop only."""

    def publish(self, mesh: MeshIR, shard: str = "") -> None:
        """Replace the mesh of a shard, and send proxies what changed; an empty mesh ends the shard.

        Resources that can't be translated keep their last good configuration.
        """

    def serve_host(self) -> None:
        """Send the host's Envoy its configuration from now on. To be called when every existing shard has been
        published once: the configuration consists of all shards, and an Envoy would drop the resources of a missing
        one.
        """

    def published_mesh(self, shard: str = "") -> MeshIR:
        """The mesh of a shard as it was last published; empty for an unknown shard."""

    def clear(self) -> None:
        """Publish the empty mesh in every shard."""

    def bootstrap(self, proxy: ProxyId) -> bytes:
        """Envoy's bootstrap for this proxy, JSON with the placeholders that ProxySpec describes.

        Raises UnknownProxy when the proxy's workload isn't published.
        """

    def configuration(self, workload: WorkloadId) -> Mapping[str, Any] | None:
        """The configuration of the workload's proxies in the form of Envoy's ``/config_dump``, without secrets; None
        when the workload isn't published.
        """

    def agent_bootstrap(self, agent: Agent) -> bytes:
        """Envoy's bootstrap for an App Mesh proxy, as App Mesh's agent would have written it, with the same
        placeholders. Its virtual node or gateway need not exist.
        """

    def workload_of(self, proxy: ProxyId) -> WorkloadId | None:
        """The workload that a proxy is assigned to; None when the proxy is unknown."""

    def state(self, proxy: ProxyId) -> ProxyState | None:
        """One proxy's state; None when it is unknown."""

    def is_connected(self, proxy: ProxyId) -> bool:
        """Whether the proxy has an open stream."""

    def has_acked_routes_to(self, proxy: ProxyId, addresses: AbstractSet[tuple[str, int]]) -> bool:
        """Whether the proxy has acknowledged its newest configuration, and this configuration routes connections to
        each of these virtual addresses and ports to an endpoint.
        """

    def states(self) -> Mapping[ProxyId, ProxyState]:
        """The state of every known proxy: one with a published workload, or with a stream. Where the host's Envoy
        serves a workload, it has a state for each, under the id that a proxy of the workload's own would have.
        """

    def holders(self, address: str, port: int) -> frozenset[ProxyId]:
        """The proxies of any shard that may still send traffic to this endpoint, because it is in the configuration
        that they acknowledged last, or in one that was sent to them and not answered yet. A proxy that lost its stream
        keeps its configuration, so it is a holder until it reconnects and reports its versions, or until its workload
        is removed. An external proxy is forgotten with its stream.
        """

    def service(self, name: str, shard: str = "") -> MeshService | None:
        """A service as it was last published in a shard; None when no workload there calls it."""

    def changes(self) -> AsyncIterator[ProxyId]:
        """Notifications: the proxies whose state has changed. Notifications may repeat, and several may become one."""
