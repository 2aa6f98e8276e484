"""Snapshots in a word, and a proxy's end of a delta stream."""

from __future__ import annotations

from collections.abc import Mapping

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryRequest, DeltaDiscoveryResponse
from envoy.service.discovery.v3.discovery_pb2 import Resource as Envelope

from moyai.xds.server.resource import Kind, Resource, Snapshot


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
