"""Encoded resources: each is serialised once, however many proxies it is sent to.

Serialised protocol buffers can be joined by concatenation, so a response consists of the bytes of its resources,
written when they were translated, followed by its type and nonce. A push to a thousand streams copies bytes and encodes
nothing. This holds for both variants of xDS: the state-of-the-world frame of a resource is a part of its delta frame.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse, DiscoveryResponse
from envoy.service.discovery.v3.discovery_pb2 import Resource as Envelope
from google.protobuf.message import Message

from moyai.xds.translate.proto import to_any

_VERSION_BYTES = 8


class ResourceType(StrEnum):
    """The resource types that moyai serves, in the order in which a proxy must learn of additions."""

    SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"  # noqa: S105 (a type's name)
    CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
    ENDPOINT = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
    LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"
    ROUTE = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"


class EncodedResource(NamedTuple):
    """A serialised resource. ``version`` is a digest of the content, so it is the same after a restart of the control
    plane, and a proxy that reconnects with its resources is sent nothing. ``delta_frame`` is the resource as an element
    of a delta response, ``sotw_frame`` (a part of the same bytes) as one of a state-of-the-world response.
    ``endpoints`` (of a cluster) names the ClusterLoadAssignment without which Envoy does not finish warming it.
    """

    name: str
    version: str
    delta_frame: bytes
    sotw_frame: memoryview
    endpoints: str | None = None


Snapshot = Mapping[ResourceType, Mapping[str, EncodedResource]]
"""All resources that one proxy should have."""


def encode(name: str, message: Message, endpoints: str | None = None) -> EncodedResource:
    """Serialise a message; the version is computed from its bytes."""
    body = to_any(message)
    return encode_envelope(Envelope(name=name, version=_digest(body.value), resource=body), endpoints)


def encode_envelope(envelope: Envelope, endpoints: str | None = None) -> EncodedResource:
    """Serialise a resource that is already in its envelope, with its name and version."""
    delta_frame = DeltaDiscoveryResponse(resources=[envelope]).SerializeToString()
    body = DiscoveryResponse(resources=[envelope.resource]).SerializeToString()
    at = delta_frame.index(body)  # both messages have it as their field 2, so its bytes are the same
    sotw_frame = memoryview(delta_frame)[at : at + len(body)]
    return EncodedResource(envelope.name, envelope.version, delta_frame, sotw_frame, endpoints)


def delta_response(type_: ResourceType, frames: Iterable[bytes], removed_names: Iterable[str], nonce: str) -> bytes:
    """A serialised DeltaDiscoveryResponse. ``frames``: its resources, each already serialised as a field of it."""
    rest = DeltaDiscoveryResponse(type_url=type_, removed_resources=removed_names, nonce=nonce)
    return b"".join((*frames, rest.SerializeToString()))


def sotw_response(type_: ResourceType, frames: Iterable[memoryview], version: str, nonce: str) -> bytes:
    """A serialised DiscoveryResponse. ``frames``: its resources, each already serialised as a field of it."""
    rest = DiscoveryResponse(type_url=type_, version_info=version, nonce=nonce)
    return b"".join((*frames, rest.SerializeToString()))


def version_of(resources: Mapping[str, EncodedResource]) -> str:
    """One version for a set of resources: equal sets have equal versions."""
    return _digest("".join(f"{name}\0{resources[name].version}\0" for name in sorted(resources)).encode())


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=_VERSION_BYTES).hexdigest()
