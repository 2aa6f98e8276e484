"""Resources as they travel: serialised once, whoever they go to.

Protocol buffers join by concatenation, so a response is the bytes of its resources, each written
when it was translated, around a type and a nonce. Pushing to a thousand streams copies bytes and encodes
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple

from envoy.service.discovery.v3.discovery_pb2 import DeltaDiscoveryResponse
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
    which reconnects with what it has is sent nothing. ``frame`` is the resource as a piece of a response.
    ``endpoints`` (of a cluster) names the assignment without which the cluster does not get ready.
    """

    name: str
    version: str
    frame: bytes
    endpoints: str | None = None


Snapshot = Mapping[Kind, Mapping[str, Resource]]
"""Everything one proxy should have."""


def resource(name: str, message: Message, endpoints: str | None = None) -> Resource:
    """Serialise a message, once."""
    body = packed(message)
    version = blake2b(body.value, digest_size=_VERSION_BYTES).hexdigest()
    envelope = Envelope(name=name, version=version, resource=body)
    return Resource(name, version, DeltaDiscoveryResponse(resources=[envelope]).SerializeToString(), endpoints)


def response(kind: Kind, frames: Iterable[bytes], removed: Iterable[str], nonce: str) -> bytes:
    """A DeltaDiscoveryResponse, serialised."""
    rest = DeltaDiscoveryResponse(type_url=kind, removed_resources=removed, nonce=nonce)
    return b"".join((*frames, rest.SerializeToString()))
