"""One proxy's state-of-the-world ADS stream: clusters and listeners travel as whole sets, all else by name.

Promise: as in ``stream``. A set that goes out before listeners and routes follow has the clusters of before in it as
well. A name that nobody has is answered where the protocol has words for it (an assignment without endpoints, a route
table without hosts), because a proxy may wait for ever; what a proxy was once given stays with it until it asks for it
no more. What is refused is left out of the sets that follow, or is in them as it was before. A version is a digest of
all that the proxy has of a type once it takes the response: who comes back with one that is still known is one who has
that, as if it had never been away. All is sent once more on every stream: the version that a proxy took last says
nothing of what it has let go since, nor of the half that it took of a response that it refused.

Protocol: https://www.envoyproxy.io/docs/envoy/v1.40.0/api-docs/xds_protocol#four-variants
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from types import MappingProxyType
from typing import Final

from envoy.service.discovery.v3.discovery_pb2 import DiscoveryRequest
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status

from moyai.xds.server.given import Given
from moyai.xds.server.resource import Kind, Resource, Snapshot, resource, response, version_of
from moyai.xds.server.stream import Stream
from moyai.xds.server.subscription import ABSENT, WILDCARD
from moyai.xds.translate.absent import no_endpoints, no_routes

_SERVED = frozenset(Kind)
_WHOLE: Final = frozenset({Kind.CLUSTER, Kind.LISTENER})
_ABSENT: Mapping[Kind, Callable[[str], Message]] = MappingProxyType(
    {Kind.ENDPOINT: no_endpoints, Kind.ROUTE: no_routes}
)
_UNKNOWN = "?"
"""Before a version of which it isn't known what was in it. No digest begins with it."""


class SotwStream(Stream[DiscoveryRequest]):
    """The state of one stream."""

    def __init__(self) -> None:
        super().__init__()
        self._given = Given()
        self._silent: set[Kind] = set()
        """Wanted whole because no name was ever said."""
        self._good: dict[Kind, dict[str, Resource]] = {kind: {} for kind in Kind}
        """What the proxy took last."""
        self._leaving: dict[Kind, Mapping[str, Resource]] = {}
        """What the response in flight has."""

    def recall(self, given: Given) -> None:
        """See Stream."""
        self._given = given

    def receive(self, request: DiscoveryRequest) -> list[bytes]:
        """See Stream."""
        if request.type_url not in _SERVED:
            return []
        kind, names = Kind(request.type_url), frozenset(request.resource_names)
        if self._subscriptions[kind].is_open:
            refusal = request.error_detail if request.HasField("error_detail") else None
            self._heard(kind, request.response_nonce, refusal)
            self._rename(kind, names)
        else:
            self._open(kind, names, request.version_info)
        return [] if self._snapshot is None else self._advance(self._snapshot)

    def _open(self, kind: Kind, names: AbstractSet[str], version: str) -> None:
        if not names and kind in _WHOLE:
            self._silent.add(kind)
            names = {WILDCARD}
        has = dict.fromkeys(names - {WILDCARD}, _UNKNOWN + version) if version else {}
        self._subscriptions[kind].open(has, names)
        if version:
            self._recognise(kind, version)

    def _recognise(self, kind: Kind, version: str) -> None:
        """The proxy has taken this version on an earlier stream."""
        subscription, given = self._subscriptions[kind], self._given.find(kind, version)
        has = self._good[kind] = {name: one for name, one in given.items() if subscription.wants(name)}
        if kind in _WHOLE:
            subscription.recognise({name: one.version for name, one in has.items()})

    def _rename(self, kind: Kind, names: AbstractSet[str]) -> None:
        """A request has all the names that are wanted from now on."""
        if kind in self._silent:
            if not names:
                return
            self._silent.discard(kind)
            self._subscriptions[kind].unsubscribe((WILDCARD,))
            self._good[kind].clear()
        subscription = self._subscriptions[kind]
        subscription.subscribe(names - subscription.names)
        gone = subscription.names - names
        if gone:
            subscription.unsubscribe(gone)
            for name in gone:
                self._good[kind].pop(name, None)

    def _heard(self, kind: Kind, nonce: str, refusal: Status | None) -> None:
        flight = self._subscriptions[kind].flight
        super()._heard(kind, nonce, refusal)
        if flight is None or nonce != flight.nonce or refusal is not None:
            return
        good = self._good[kind]
        for name, state in flight.states.items():
            if state == ABSENT:
                good.pop(name, None)
            else:
                good[name] = self._leaving[kind][name]

    def _wanted(self, snapshot: Snapshot, kind: Kind) -> Mapping[str, Resource]:
        wanted = snapshot[kind]
        missing = () if kind in _WHOLE else self._subscriptions[kind].names - wanted.keys()
        if not missing:
            return wanted
        good, absent = self._good[kind], _ABSENT.get(kind)
        stand_ins = {name: good[name] for name in missing if name in good}
        if absent is not None:
            stand_ins |= {name: resource(name, absent(name)) for name in missing if name not in good}
        return {**wanted, **stand_ins}

    def _response(self, kind: Kind, updated: Mapping[str, Resource], states: Mapping[str, str], nonce: str) -> bytes:
        self._leaving[kind] = updated
        kept = {name: one for name, one in self._good[kind].items() if name not in states}
        after = {**kept, **updated}
        sent = after if kind in _WHOLE else updated
        version = version_of(after)
        if kind is not Kind.SECRET:
            self._given.add(kind, version, after)
        return response(kind, (one.bare for one in sent.values()), version, nonce)
