"""The common part of the two variants of an ADS stream: the order of updates, and the proxy's acknowledgements.

Promise: in whatever order requests and snapshots come, a proxy that answers ends up with exactly the newest snapshot,
except for rejected resources. One response of each type is in flight at a time. Secrets are sent as soon as they are
requested, because listeners wait for them; a secret is never reported as absent, or the listener would open without it.
Clusters and endpoints go first and side by side (Envoy acknowledges a cluster only when it has its endpoints), then
listeners and routes, and at the end the removal of clusters that nothing refers to any more. From a proxy that
reconnected with clusters nothing is removed before it has requested listeners as well, which Envoy does right after.
Before the first snapshot nothing is sent, so a proxy that reconnects before the control plane knows its workload keeps
what it has.

Protocol: https://www.envoyproxy.io/docs/envoy/v1.40.0/api-docs/xds_protocol
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Generic, TypeVar

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DiscoveryRequest
from google.rpc.status_pb2 import Status

from moyai.kernel.ids import WorkloadId
from moyai.xds.server.resource import EncodedResource, ResourceType, Snapshot
from moyai.xds.server.sent_versions import SentVersions
from moyai.xds.server.subscription import ABSENT, PendingResponse, Subscription

Request = TypeVar("Request", DeltaDiscoveryRequest, DiscoveryRequest)
_REASON_LENGTH = 1000


class AdsStream(ABC, Generic[Request]):
    """The state of one stream, without any I/O. ``receive`` and ``offer`` return the responses to send now."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._subscriptions = {t: Subscription(omits_absent=t is ResourceType.SECRET) for t in ResourceType}
        self._sent_count = 0

    def offer(self, snapshot: Snapshot) -> list[bytes]:
        """Make this the snapshot that the proxy should have."""
        self._snapshot = snapshot
        return self._due_responses(snapshot)

    def remember(self, sent_versions: SentVersions) -> None:
        """Use and extend this record of versions sent to the workload's proxies. Called before other methods."""

    @abstractmethod
    def receive(self, request: Request) -> list[bytes]:
        """Handle a request. Requests for types that moyai doesn't serve get no response."""

    @property
    def rejection(self) -> str | None:
        """Why the proxy rejected a resource of the newest snapshot; None when it rejected none."""
        if self._snapshot is None:
            return None
        reasons = (s.rejection(self._resources_for(self._snapshot, type_)) for type_, s in self._subscriptions.items())
        return next((reason for reason in reasons if reason is not None), None)

    @property
    def is_synced(self) -> bool:
        """Whether the proxy has acknowledged the whole newest snapshot."""
        snapshot = self._snapshot
        if snapshot is None:
            return False
        return all(s.has_all(self._resources_for(snapshot, type_)) for type_, s in self._subscriptions.items())

    def has(self, part: Snapshot) -> bool:
        """Whether the proxy has acknowledged these resources of its snapshot."""
        return all(self._subscriptions[type_].has_each(resources) for type_, resources in part.items())

    def rejection_in(self, part: Snapshot) -> str | None:
        """Why the proxy rejected one of these resources of its snapshot; None when it rejected none."""
        reasons = (self._subscriptions[type_].rejection_of(resources) for type_, resources in part.items())
        return next((reason for reason in reasons if reason is not None), None)

    def lacks_listener_of(self, part: Snapshot) -> bool:
        """Whether the proxy rejected a listener of this part of its snapshot each time it was sent, and has no earlier
        version of it.
        """
        listeners = part.get(ResourceType.LISTENER, {})
        return self._subscriptions[ResourceType.LISTENER].lacks_rejected(listeners)

    def resend_rejected_listeners(self) -> list[bytes]:
        """Send the listeners again that the proxy rejected and has no earlier version of, RESENDS times at most."""
        if self._snapshot is None:
            return []
        type_ = ResourceType.LISTENER
        self._subscriptions[type_].resend_rejected(self._resources_for(self._snapshot, type_))
        return self._due_responses(self._snapshot)

    def may_have_of(self, workload: WorkloadId) -> bool:
        """Whether the proxy may have a listener or a cluster of this workload's own."""
        prefix = f"{workload}/"
        versions = (self.possible_versions(type_) for type_ in (ResourceType.LISTENER, ResourceType.CLUSTER))
        return any(name.startswith(prefix) for name, _ in chain.from_iterable(versions))

    @property
    def subscribed_name_count(self) -> int:
        """The number of names that the proxy has subscribed to, of all types."""
        return sum(len(subscription.names) for subscription in self._subscriptions.values())

    def has_subscribed(self, type_: ResourceType) -> bool:
        """Whether the proxy has subscribed to this type, and so has reported which versions it has."""
        return self._subscriptions[type_].is_open

    @property
    def has_started_empty(self) -> bool:
        """Whether the proxy has subscribed to clusters and listeners, and had none."""
        subscriptions = (self._subscriptions[type_] for type_ in (ResourceType.CLUSTER, ResourceType.LISTENER))
        return all(subscription.is_open and not subscription.had_resources for subscription in subscriptions)

    def possible_versions(self, type_: ResourceType) -> Iterator[tuple[str, str]]:
        """Each name with every version of it that the proxy may be using."""
        return self._subscriptions[type_].possible_versions()

    def is_settled(self, type_: ResourceType) -> bool:
        """Whether the proxy certainly has the newest resources of this type, or none at all."""
        subscription = self._subscriptions[type_]
        return subscription.is_settled and (self._snapshot is not None or not subscription.is_open)

    @abstractmethod
    def _resources_for(self, snapshot: Snapshot, type_: ResourceType) -> Mapping[str, EncodedResource]:
        """The resources of a type that the proxy should have."""

    @abstractmethod
    def _response(
        self, type_: ResourceType, resources: Mapping[str, EncodedResource], states: Mapping[str, str], nonce: str
    ) -> bytes:
        """The message that brings the proxy to ``states``, of which ``resources`` has those that aren't ABSENT."""

    def _handle_answer(self, type_: ResourceType, nonce: str, rejection: Status | None) -> None:
        """Handle an ACK, or a NACK with its reason. An answer to an older response is ignored."""
        subscription = self._subscriptions[type_]
        if subscription.pending is None or nonce != subscription.pending.nonce:
            return
        if rejection is None:
            subscription.acknowledge()
        else:
            subscription.reject(rejection.message[:_REASON_LENGTH])

    def _due_responses(self, snapshot: Snapshot) -> list[bytes]:
        """All responses that may be sent now, in their order."""
        responses = list(self._update(snapshot, ResourceType.SECRET))
        responses += self._update(snapshot, ResourceType.CLUSTER)
        responses += self._update(snapshot, ResourceType.ENDPOINT)
        if not self._is_pending(ResourceType.CLUSTER, ResourceType.ENDPOINT):
            responses += self._update(snapshot, ResourceType.LISTENER)
            responses += self._update(snapshot, ResourceType.ROUTE)
        if (
            not any(s.pending is not None for s in self._subscriptions.values())
            and not self._may_have_unknown_listeners
        ):
            responses += self._update(snapshot, ResourceType.CLUSTER, removals=True)
        return responses

    @property
    def _may_have_unknown_listeners(self) -> bool:
        """Whether the proxy reconnected with clusters and has not reported yet which listeners refer to them."""
        clusters, listeners = (self._subscriptions[t] for t in (ResourceType.CLUSTER, ResourceType.LISTENER))
        return clusters.had_resources and not listeners.is_open

    def _is_pending(self, *types: ResourceType) -> bool:
        return any(self._subscriptions[type_].pending is not None for type_ in types)

    def _update(self, snapshot: Snapshot, type_: ResourceType, *, removals: bool = False) -> Iterator[bytes]:
        if self._is_pending(type_):
            return
        subscription, resources = self._subscriptions[type_], self._resources_for(snapshot, type_)
        states = subscription.due(resources)
        if type_ is ResourceType.CLUSTER and not removals:
            states = {name: state for name, state in states.items() if state != ABSENT}
        if states or subscription.needs_response:
            yield self._send(type_, resources, states)

    def _send(self, type_: ResourceType, resources: Mapping[str, EncodedResource], states: dict[str, str]) -> bytes:
        self._sent_count += 1
        nonce = str(self._sent_count)
        updates = {name: resources[name] for name, state in states.items() if state != ABSENT}
        for resource in updates.values():
            if resource.endpoints is not None:
                # Envoy warms a changed cluster again and waits for its endpoints, without requesting them again.
                self._subscriptions[ResourceType.ENDPOINT].resend(resource.endpoints)
        self._subscriptions[type_].mark_sent(PendingResponse(nonce, states, len(states)))
        return self._response(type_, updates, states, nonce)


AnyStream = AdsStream[Any]
"""A stream of either variant."""
