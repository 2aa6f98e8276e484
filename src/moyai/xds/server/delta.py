"""One proxy's delta ADS stream: only what differs travels, by name.

Promise: as in ``stream``. What a proxy still has from an earlier stream is not sent again.

Protocol: https://www.envoyproxy.io/docs/envoy/v1.40.0/api-docs/xds_protocol#incremental-xds
"""

from __future__ import annotations

from collections.abc import Mapping

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from moyai.xds.server.resource import Kind, Resource, Snapshot, delta_response
from moyai.xds.server.stream import Stream
from moyai.xds.server.subscription import ABSENT, WILDCARD

_SERVED = frozenset(Kind)


class DeltaStream(Stream[DeltaDiscoveryRequest]):
    """The state of one stream."""

    def receive(self, request: DeltaDiscoveryRequest) -> list[bytes]:
        """See Stream."""
        if request.type_url not in _SERVED:
            return []
        kind = Kind(request.type_url)
        subscription = self._subscriptions[kind]
        if subscription.is_open:
            refusal = request.error_detail if request.HasField("error_detail") else None
            self._heard(kind, request.response_nonce, refusal)
            subscription.subscribe(request.resource_names_subscribe)
            subscription.unsubscribe(request.resource_names_unsubscribe)
        else:
            names = request.resource_names_subscribe
            subscription.open(request.initial_resource_versions, names or (WILDCARD,))
        return [] if self._snapshot is None else self._advance(self._snapshot)

    def _wanted(self, snapshot: Snapshot, kind: Kind) -> Mapping[str, Resource]:
        return snapshot[kind]

    def _response(self, kind: Kind, updated: Mapping[str, Resource], states: Mapping[str, str], nonce: str) -> bytes:
        removed = [name for name, state in states.items() if state == ABSENT]
        return delta_response(kind, (resource.frame for resource in updated.values()), removed, nonce)
