"""What the two forms of an ADS stream have in common: what goes when, and what the proxy has said to it.

Promise: whatever order requests and snapshots come in, a proxy that answers ends up with exactly the last
snapshot offered, except for what it refused. Of each type one response is in flight at a time. Secrets go whenever
they are asked for, because listeners wait for them; they are never said to be absent, for a listener would open then.
Clusters and endpoints go first and side by side (Envoy acknowledges a cluster only when it has its endpoints), then
listeners and routes, and only then the removal of clusters that nothing points to any more: from a proxy that came back
with clusters nothing is removed before it has asked for listeners, too, as Envoy does in the same breath. Until the
first snapshot nothing is answered, so a proxy that comes back before the control plane knows of it keeps what it has.

Protocol: https://www.envoyproxy.io/docs/envoy/v1.40.0/api-docs/xds_protocol
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DiscoveryRequest
from google.rpc.status_pb2 import Status

from moyai.xds.server.given import Given
from moyai.xds.server.resource import Kind, Resource, Snapshot
from moyai.xds.server.subscription import ABSENT, Flight, Subscription

Request = TypeVar("Request", DeltaDiscoveryRequest, DiscoveryRequest)
_REASON_LENGTH = 1000


class Stream(ABC, Generic[Request]):
    """The state of one stream, without any I/O. ``receive`` and ``offer`` return what to send now."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._subscriptions = {kind: Subscription(patient=kind is Kind.SECRET) for kind in Kind}
        self._count = 0

    def offer(self, snapshot: Snapshot) -> list[bytes]:
        """This is what the proxy should have."""
        self._snapshot = snapshot
        return self._advance(snapshot)

    def recall(self, given: Given) -> None:
        """This is what proxies that are led as this one were given before. It comes before all else."""

    @abstractmethod
    def receive(self, request: Request) -> list[bytes]:
        """A request came in. Types that moyai doesn't serve are not answered."""

    @property
    def rejected(self) -> str | None:
        """Why the proxy refused something of the newest snapshot."""
        if self._snapshot is None:
            return None
        reasons = (s.refusal(self._wanted(self._snapshot, kind)) for kind, s in self._subscriptions.items())
        return next((reason for reason in reasons if reason is not None), None)

    @property
    def synced(self) -> bool:
        """Whether the proxy has acknowledged the newest snapshot whole."""
        snapshot = self._snapshot
        if snapshot is None:
            return False
        return all(s.has_all(self._wanted(snapshot, kind)) for kind, s in self._subscriptions.items())

    @property
    def names_wanted(self) -> int:
        """How many names the proxy has asked for."""
        return sum(len(subscription.names) for subscription in self._subscriptions.values())

    def has_asked_for(self, kind: Kind) -> bool:
        """Whether the proxy has said what it has of this type."""
        return self._subscriptions[kind].is_open

    def held(self, kind: Kind) -> Iterator[tuple[str, str]]:
        """Each name, and every version of it that the proxy may be using."""
        return self._subscriptions[kind].held()

    def is_settled(self, kind: Kind) -> bool:
        """Whether it is certain that the proxy has the newest of this type, or nothing at all."""
        subscription = self._subscriptions[kind]
        return subscription.is_settled and (self._snapshot is not None or not subscription.is_open)

    @abstractmethod
    def _wanted(self, snapshot: Snapshot, kind: Kind) -> Mapping[str, Resource]:
        """What the proxy should have of a type."""

    @abstractmethod
    def _response(self, kind: Kind, updated: Mapping[str, Resource], states: Mapping[str, str], nonce: str) -> bytes:
        """The message that takes the proxy to these states, of which ``updated`` are those that aren't ABSENT."""

    def _heard(self, kind: Kind, nonce: str, refusal: Status | None) -> None:
        """A request names a response: it is acknowledged, or refused. One of an older response counts for nothing."""
        subscription = self._subscriptions[kind]
        if subscription.flight is None or nonce != subscription.flight.nonce:
            return
        if refusal is None:
            subscription.acknowledged()
        else:
            subscription.refused(refusal.message[:_REASON_LENGTH])

    def _advance(self, snapshot: Snapshot) -> list[bytes]:
        """Everything that may be sent now."""
        out = list(self._update(snapshot, Kind.SECRET))
        out += [*self._update(snapshot, Kind.CLUSTER), *self._update(snapshot, Kind.ENDPOINT)]
        if not self._awaits(Kind.CLUSTER, Kind.ENDPOINT):
            out += [*self._update(snapshot, Kind.LISTENER), *self._update(snapshot, Kind.ROUTE)]
        if not self._awaits(*Kind) and not self._is_yet_to_say_more:
            out += self._update(snapshot, Kind.CLUSTER, removals=True)
        return out

    @property
    def _is_yet_to_say_more(self) -> bool:
        """Whether it came back with clusters, and there may be listeners that point to them."""
        return self._subscriptions[Kind.CLUSTER].came_back and not self._subscriptions[Kind.LISTENER].is_open

    def _awaits(self, *kinds: Kind) -> bool:
        return any(self._subscriptions[kind].flight is not None for kind in kinds)

    def _update(self, snapshot: Snapshot, kind: Kind, *, removals: bool = False) -> Iterator[bytes]:
        if self._awaits(kind):
            return
        subscription, wanted = self._subscriptions[kind], self._wanted(snapshot, kind)
        states = subscription.due(wanted)
        if kind is Kind.CLUSTER and not removals:
            states = {name: state for name, state in states.items() if state != ABSENT}
        if states or subscription.is_owed_an_answer:
            yield self._send(kind, wanted, states)

    def _send(self, kind: Kind, wanted: Mapping[str, Resource], states: dict[str, str]) -> bytes:
        self._count += 1
        nonce = str(self._count)
        updated = {name: wanted[name] for name, state in states.items() if state != ABSENT}
        for resource in updated.values():
            if resource.endpoints is not None:
                # Envoy warms a changed cluster anew and waits for its endpoints, without asking for them again.
                self._subscriptions[Kind.ENDPOINT].resend(resource.endpoints)
        self._subscriptions[kind].sent(Flight(nonce, states, len(states)))
        return self._response(kind, updated, states, nonce)


AnyStream = Stream[Any]
"""One of either form."""
