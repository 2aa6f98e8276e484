"""A state-of-the-world ADS stream: clusters and listeners are sent as whole sets, all other types by name.

Promise: as in ``stream``. A set of clusters that is sent before the listeners and routes also contains the former
clusters, to which these may still refer. A requested name without a resource gets an empty resource where the protocol
has one (an assignment without endpoints, a route configuration without hosts), because a proxy may wait for it for
ever; a resource that a proxy once got stays valid until the proxy no longer requests it. A rejected resource is left
out of the following sets, or replaced by its earlier version.

A version is a digest of all resources of a type that the proxy has once it accepts the response. A proxy that
reconnects with a known version continues from there. Each resource is nevertheless sent once on every stream: the
version that a proxy accepted last does not show which resources it dropped since, nor which part of a rejected response
it accepted.

Protocol: https://www.envoyproxy.io/docs/envoy/v1.40.0/api-docs/xds_protocol#four-variants
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Final

from envoy.service.discovery.v3.discovery_pb2 import DiscoveryRequest
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from typing_extensions import override

from moyai.xds.server.resource import EncodedResource, ResourceType, Snapshot, encode, sotw_response, version_of
from moyai.xds.server.sent_versions import SentVersions
from moyai.xds.server.stream import AdsStream
from moyai.xds.server.subscription import ABSENT, WILDCARD
from moyai.xds.translate import endpoint, route

_SERVED_TYPES = frozenset(ResourceType)
_WHOLE_SETS: Final = frozenset({ResourceType.CLUSTER, ResourceType.LISTENER})
_UNKNOWN = "?"
"""Prefix of a version whose content is not known. No digest begins with it."""


class SotwStream(AdsStream[DiscoveryRequest]):
    """The state of one state-of-the-world stream."""

    def __init__(self) -> None:
        super().__init__()
        self._sent_versions = SentVersions()
        self._legacy_wildcards: set[ResourceType] = set()
        """Types of which the proxy wants all resources, because it has never named one."""
        self._last_good: dict[ResourceType, dict[str, EncodedResource]] = {type_: {} for type_ in ResourceType}
        """The resources that the proxy has accepted."""
        self._pending_resources: dict[ResourceType, Mapping[str, EncodedResource]] = {}
        """The resources of the response in flight."""

    @override
    def remember(self, sent_versions: SentVersions) -> None:
        self._sent_versions = sent_versions

    @override
    def receive(self, request: DiscoveryRequest) -> list[bytes]:
        if request.type_url not in _SERVED_TYPES:
            return []
        type_, names = ResourceType(request.type_url), frozenset(request.resource_names)
        if self._subscriptions[type_].is_open:
            rejection = request.error_detail if request.HasField("error_detail") else None
            self._handle_answer(type_, request.response_nonce, rejection)
            self._replace_names(type_, names)
        else:
            self._open(type_, names, request.version_info)
        return [] if self._snapshot is None else self._due_responses(self._snapshot)

    def _open(self, type_: ResourceType, names: AbstractSet[str], version: str) -> None:
        if not names and type_ in _WHOLE_SETS:
            self._legacy_wildcards.add(type_)
            names = {WILDCARD}
        versions = dict.fromkeys(names - {WILDCARD}, _UNKNOWN + version) if version else {}
        self._subscriptions[type_].open(versions, names)
        if version:
            self._restore(type_, version)

    def _restore(self, type_: ResourceType, version: str) -> None:
        """Restore the state of a proxy that accepted this version on an earlier stream."""
        subscription, resources = self._subscriptions[type_], self._sent_versions.find(type_, version)
        last_good = {name: resource for name, resource in resources.items() if subscription.wants(name)}
        self._last_good[type_] = last_good
        if type_ in _WHOLE_SETS:
            subscription.assume({name: resource.version for name, resource in last_good.items()})

    def _replace_names(self, type_: ResourceType, names: AbstractSet[str]) -> None:
        """Subscribe to exactly these names: each request lists all names that the proxy wants."""
        if type_ in self._legacy_wildcards:
            if not names:
                return
            self._legacy_wildcards.discard(type_)
            self._subscriptions[type_].unsubscribe((WILDCARD,))
            self._last_good[type_].clear()
        subscription = self._subscriptions[type_]
        subscription.subscribe(names - subscription.names)
        dropped_names = subscription.names - names
        if dropped_names:
            subscription.unsubscribe(dropped_names)
            for name in dropped_names:
                self._last_good[type_].pop(name, None)

    def _handle_answer(self, type_: ResourceType, nonce: str, rejection: Status | None) -> None:
        pending = self._subscriptions[type_].pending
        super()._handle_answer(type_, nonce, rejection)
        if pending is None or nonce != pending.nonce or rejection is not None:
            return
        last_good = self._last_good[type_]
        for name, state in pending.states.items():
            if state == ABSENT:
                last_good.pop(name, None)
            else:
                last_good[name] = self._pending_resources[type_][name]

    def _resources_for(self, snapshot: Snapshot, type_: ResourceType) -> Mapping[str, EncodedResource]:
        resources = snapshot[type_]
        missing = () if type_ in _WHOLE_SETS else self._subscriptions[type_].names - resources.keys()
        if not missing:
            return resources
        last_good = self._last_good[type_]
        substitutes = {name: last_good[name] for name in missing if name in last_good}
        for name in missing - last_good.keys():
            empty = _empty_resource(type_, name)
            if empty is not None:
                substitutes[name] = encode(name, empty)
        return {**resources, **substitutes}

    def _response(
        self, type_: ResourceType, resources: Mapping[str, EncodedResource], states: Mapping[str, str], nonce: str
    ) -> bytes:
        self._pending_resources[type_] = resources
        unchanged = {name: resource for name, resource in self._last_good[type_].items() if name not in states}
        after = {**unchanged, **resources}
        in_message = after if type_ in _WHOLE_SETS else resources
        version = version_of(after)
        if type_ is not ResourceType.SECRET:
            self._sent_versions.add(type_, version, after)
        return sotw_response(type_, (resource.sotw_frame for resource in in_message.values()), version, nonce)


def _empty_resource(type_: ResourceType, name: str) -> Message | None:
    """What a proxy gets instead of endpoints or routes that don't exist (yet); None for other types."""
    empty: Message | None = None
    if type_ is ResourceType.ENDPOINT:
        empty = endpoint.empty_assignment(name)
    elif type_ is ResourceType.ROUTE:
        empty = route.empty_routes(name)
    return empty
