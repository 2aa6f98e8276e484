"""A delta ADS stream: only what has changed is sent, resource by resource.

Promise: as in ``stream``. Resources that a proxy still has from an earlier stream are not sent again.

Protocol: https://www.envoyproxy.io/docs/envoy/v1.40.0/api-docs/xds_protocol#incremental-xds
"""

from __future__ import annotations

from collections.abc import Mapping

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest
from typing_extensions import override

from moyai.xds.server.resource import EncodedResource, ResourceType, Snapshot, delta_response
from moyai.xds.server.stream import AdsStream
from moyai.xds.server.subscription import ABSENT, WILDCARD

_SERVED_TYPES = frozenset(ResourceType)


class DeltaStream(AdsStream[DeltaDiscoveryRequest]):
    """The state of one delta stream."""

    @override
    def receive(self, request: DeltaDiscoveryRequest) -> list[bytes]:
        if request.type_url not in _SERVED_TYPES:
            return []
        type_ = ResourceType(request.type_url)
        subscription = self._subscriptions[type_]
        if subscription.is_open:
            rejection = request.error_detail if request.HasField("error_detail") else None
            self._handle_answer(type_, request.response_nonce, rejection)
            subscription.subscribe(request.resource_names_subscribe)
            subscription.unsubscribe(request.resource_names_unsubscribe)
        else:
            names = request.resource_names_subscribe
            subscription.open(request.initial_resource_versions, names or (WILDCARD,))
        return [] if self._snapshot is None else self._due_responses(self._snapshot)

    def _resources_for(self, snapshot: Snapshot, type_: ResourceType) -> Mapping[str, EncodedResource]:
        return snapshot[type_]

    def _response(
        self, type_: ResourceType, resources: Mapping[str, EncodedResource], states: Mapping[str, str], nonce: str
    ) -> bytes:
        removed = [name for name, state in states.items() if state == ABSENT]
        return delta_response(type_, (resource.delta_frame for resource in resources.values()), removed, nonce)
