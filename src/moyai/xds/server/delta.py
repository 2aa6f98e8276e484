"""One proxy's delta ADS stream, without any I/O: requests and snapshots in, responses out.

Promise: whatever order requests and snapshots come in, a proxy that answers ends up with exactly the last
snapshot offered, except for what it refused. Of each type one response is in flight at a time. Secrets go whenever
they are asked for, because listeners wait for them; they are never said to be absent, for a listener would open then.
Clusters and endpoints go first and side by side (Envoy acknowledges a cluster only when it has its endpoints), then
listeners and routes, and only then the removal of clusters that nothing points to any more. What a
proxy still has from an earlier stream is not sent again. Until the first snapshot nothing is answered, so a
proxy that comes back before the control plane knows of it keeps what it has.

Protocol: https://www.envoyproxy.io/docs/envoy/v1.40.0/api-docs/xds_protocol#incremental-xds
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest

from moyai.xds.server.resource import Kind, Resource, Snapshot, response
from moyai.xds.server.subscription import ABSENT, Flight, Subscription

_SERVED = frozenset(Kind)
_REASON_LENGTH = 1000


class DeltaStream:
    """The state of one stream. ``receive`` and ``offer`` return what to send now."""

    def __init__(self) -> None:
        self._snapshot: Snapshot | None = None
        self._subscriptions = {kind: Subscription(patient=kind is Kind.SECRET) for kind in Kind}
        self._count = 0

    def offer(self, snapshot: Snapshot) -> list[bytes]:
        """This is what the proxy should have."""
        self._snapshot = snapshot
        return self._advance()

    def receive(self, request: DeltaDiscoveryRequest) -> list[bytes]:
        """A request came in. Types that moyai doesn't serve are not answered."""
        if request.type_url not in _SERVED:
            return []
        subscription = self._subscriptions[Kind(request.type_url)]
        if not subscription.is_open:
            subscription.open(request.initial_resource_versions, request.resource_names_subscribe)
            return self._advance()
        flight = subscription.flight
        if flight is not None and request.response_nonce == flight.nonce:
            if request.HasField("error_detail"):
                subscription.refused(request.error_detail.message[:_REASON_LENGTH])
            else:
                subscription.acknowledged()
        subscription.subscribe(request.resource_names_subscribe)
        subscription.unsubscribe(request.resource_names_unsubscribe)
        return self._advance()

    @property
    def rejected(self) -> str | None:
        """Why the proxy refused something of the newest snapshot."""
        if self._snapshot is None:
            return None
        reasons = (s.refusal(self._snapshot[kind]) for kind, s in self._subscriptions.items())
        return next((reason for reason in reasons if reason is not None), None)

    @property
    def synced(self) -> bool:
        """Whether the proxy has acknowledged the newest snapshot whole."""
        if self._snapshot is None:
            return False
        return all(s.has_all(self._snapshot[kind]) for kind, s in self._subscriptions.items())

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

    def _advance(self) -> list[bytes]:
        """Everything that may be sent now."""
        if self._snapshot is None:
            return []
        out = list(self._update(self._snapshot, Kind.SECRET))
        out += [*self._update(self._snapshot, Kind.CLUSTER), *self._update(self._snapshot, Kind.ENDPOINT)]
        if not self._awaits(Kind.CLUSTER, Kind.ENDPOINT):
            out += [*self._update(self._snapshot, Kind.LISTENER), *self._update(self._snapshot, Kind.ROUTE)]
        if not self._awaits(*Kind):
            out += self._update(self._snapshot, Kind.CLUSTER, removals=True)
        return out

    def _awaits(self, *kinds: Kind) -> bool:
        return any(self._subscriptions[kind].flight is not None for kind in kinds)

    def _update(self, snapshot: Snapshot, kind: Kind, *, removals: bool = False) -> Iterator[bytes]:
        if self._awaits(kind):
            return
        states = self._subscriptions[kind].due(snapshot[kind])
        if kind is Kind.CLUSTER and not removals:
            states = {name: state for name, state in states.items() if state != ABSENT}
        if states or self._subscriptions[kind].is_owed_an_answer:
            yield self._send(kind, snapshot[kind], states)

    def _send(self, kind: Kind, wanted: Mapping[str, Resource], states: dict[str, str]) -> bytes:
        self._count += 1
        nonce = str(self._count)
        updated = [wanted[name] for name, state in states.items() if state != ABSENT]
        removed = [name for name, state in states.items() if state == ABSENT]
        for resource in updated:
            if resource.endpoints is not None:
                # Envoy warms a changed cluster anew and waits for its endpoints, without asking for them again.
                self._subscriptions[Kind.ENDPOINT].resend(resource.endpoints)
        self._subscriptions[kind].sent(Flight(nonce, states, len(states)))
        return response(kind, (resource.frame for resource in updated), removed, nonce)
