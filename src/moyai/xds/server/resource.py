"""Resources as they travel: serialised once, whoever they go to.

Protocol buffers join by concatenation, so a response is the bytes of its resources, each written
when it was translated, around a type and a nonce. Pushing to a thousand streams copies bytes and encodes
nothing, in either form of the protocol: the state of the world's piece of a response lies within the delta's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse, DiscoveryResponse
from envoy.service.discovery.v3.discovery_pb2 import Resource as Envelope
from google.protobuf.message import Message

from moyai.xds.translate.proto import packed

_VERSION_BYTES = 8


class Kind(StrEnum):
    """The resource types, in the order in which a proxy must learn of additions."""

    SECRET = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret"  # noqa: S105 (a type's name)
    CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
    ENDPOINT = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"
    LISTENER = "type.googleapis.com/envoy.config.listener.v3.Listener"
    ROUTE = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"


class Resource(NamedTuple):
    """``version`` is a digest of the content: equal over restarts of the control plane, so that a proxy
    which reconnects with what it has is sent nothing. ``frame`` is the resource as a piece of a delta response,
    ``bare`` (a part of the same bytes) as one of a response of the other form. ``endpoints`` (of a cluster) names the
    assignment without which the cluster does not get ready.
    """

    name: str
    version: str
    frame: bytes
    bare: memoryview
    endpoints: str | None = None


Snapshot = Mapping[Kind, Mapping[str, Resource]]
"""Everything one proxy should have."""


def resource(name: str, message: Message, endpoints: str | None = None) -> Resource:
    """Serialise a message, once."""
    body = packed(message)
    return framed(Envelope(name=name, version=_digest(body.value), resource=body), endpoints)


def framed(envelope: Envelope, endpoints: str | None = None) -> Resource:
    """A resource in its envelope, as it travels."""
    frame = DeltaDiscoveryResponse(resources=[envelope]).SerializeToString()
    bare = DiscoveryResponse(resources=[envelope.resource]).SerializeToString()
    at = frame.index(bare)  # both forms have it as their field 2, so its bytes are the same
    return Resource(envelope.name, envelope.version, frame, memoryview(frame)[at : at + len(bare)], endpoints)


def delta_response(kind: Kind, frames: Iterable[bytes], removed: Iterable[str], nonce: str) -> bytes:
    """A DeltaDiscoveryResponse, serialised."""
    rest = DeltaDiscoveryResponse(type_url=kind, removed_resources=removed, nonce=nonce)
    return b"".join((*frames, rest.SerializeToString()))


def response(kind: Kind, frames: Iterable[memoryview], version: str, nonce: str) -> bytes:
    """A DiscoveryResponse, serialised."""
    rest = DiscoveryResponse(type_url=kind, version_info=version, nonce=nonce)
    return b"".join((*frames, rest.SerializeToString()))


def version_of(resources: Mapping[str, Resource]) -> str:
    """A digest of all these together: equal sets have equal ones."""
    return _digest("".join(f"{name}\0{resources[name].version}\0" for name in sorted(resources)).encode())


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=_VERSION_BYTES).hexdigest()
