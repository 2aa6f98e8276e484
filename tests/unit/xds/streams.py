"""Snapshots in a word, and a proxy's end of a delta stream."""

from __future__ import annotations

from collections.abc import Mapping

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse
from envoy.service.discovery.v3.discovery_pb2 import Resource as Envelope

from moyai.xds.server.resource import Kind, Resource, Snapshot

BAD = "bad"
"""The version that a Proxy refuses."""
BY_NAME = (Kind.ENDPOINT, Kind.ROUTE, Kind.SECRET)


def resource(name: str, version: str, endpoints: str | None = None) -> Resource:
    """A resource without a body: a stream only looks at names and versions."""
    envelope = Envelope(name=name, version=version)
    return Resource(name, version, DeltaDiscoveryResponse(resources=[envelope]).SerializeToString(), endpoints)


def snapshot(**kinds: Mapping[str, str]) -> Snapshot:
    """``cluster={"a": "1"}`` and so on; a cluster waits for the endpoints of its own name."""
    return {
        kind: {
            name: resource(name, version, name if kind is Kind.CLUSTER else None)
            for name, version in kinds.get(kind.name.lower(), {}).items()
        }
        for kind in Kind
    }


def sent(responses: list[bytes]) -> list[tuple[str, dict[str, str], list[str]]]:
    """Responses as (kind, versions by name, removed names)."""
    messages = [DeltaDiscoveryResponse.FromString(r) for r in responses]
    return [
        (Kind(m.type_url).name, {r.name: r.version for r in m.resources}, sorted(m.removed_resources)) for m in messages
    ]


def ask(kind: Kind, *names: str, has: Mapping[str, str] | None = None) -> DeltaDiscoveryRequest:
    """A subscription; without names, the first of its kind is to everything."""
    return DeltaDiscoveryRequest(type_url=kind, resource_names_subscribe=names, initial_resource_versions=has or {})


def answer(response: bytes, refusal: str | None = None) -> DeltaDiscoveryRequest:
    """Acknowledge a response, or refuse it."""
    message = DeltaDiscoveryResponse.FromString(response)
    request = DeltaDiscoveryRequest(type_url=message.type_url, response_nonce=message.nonce)
    if refusal is not None:
        request.error_detail.message = refusal
    return request


class Proxy:
    """As Envoy: takes the good half of a response and refuses the bad; wants endpoints of its clusters."""

    def __init__(self) -> None:
        self.has: dict[Kind, dict[str, str]] = {kind: {} for kind in Kind}
        self.wants: dict[Kind, set[str]] = {kind: set() for kind in BY_NAME}

    def first(self) -> list[DeltaDiscoveryRequest]:
        named = [ask(k, *sorted(self.wants[k]), has=self.has[k]) for k in BY_NAME if self.wants[k]]
        return [ask(Kind.CLUSTER, has=self.has[Kind.CLUSTER]), *named, ask(Kind.LISTENER, has=self.has[Kind.LISTENER])]

    def take(self, response: bytes) -> list[DeltaDiscoveryRequest]:
        message = DeltaDiscoveryResponse.FromString(response)
        kind = Kind(message.type_url)
        reply = DeltaDiscoveryRequest(type_url=kind, response_nonce=message.nonce)
        for resource in message.resources:
            if resource.version == BAD:
                reply.error_detail.message = "bad"
            elif kind not in BY_NAME or resource.name in self.wants[kind]:
                self.has[kind][resource.name] = resource.version
        for name in message.removed_resources:
            self.has[kind].pop(name, None)
        needs = {Kind.CLUSTER: Kind.ENDPOINT, Kind.LISTENER: Kind.ROUTE}.get(kind)
        return [reply, *([] if needs is None else self.want(needs, set(self.has[kind])))]

    def want(self, kind: Kind, names: set[str]) -> list[DeltaDiscoveryRequest]:
        more, fewer = names - self.wants[kind], self.wants[kind] - names
        self.wants[kind] = names
        for name in fewer:
            self.has[kind].pop(name, None)
        request = ask(kind, *sorted(more))
        request.resource_names_unsubscribe.extend(sorted(fewer))
        return [request] if more or fewer else []
