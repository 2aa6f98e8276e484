"""Snapshots in a word, and a proxy's end of a stream of either form."""

from __future__ import annotations

from collections.abc import Mapping

from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from envoy.service.discovery.v3.discovery_pb2 import (
    DeltaDiscoveryRequest,
    DeltaDiscoveryResponse,
    DiscoveryRequest,
    DiscoveryResponse,
)
from envoy.service.discovery.v3.discovery_pb2 import Resource as Envelope
from google.protobuf.any_pb2 import Any as AnyMessage

from moyai.xds.server.resource import EncodedResource, ResourceType, Snapshot, encode_envelope

TEST = "test"
NOTHING = "nothing"
"""The version of what a stream says of a name that nobody has."""
BAD = "bad"
"""The version that a Proxy refuses."""
BY_NAME = (ResourceType.ENDPOINT, ResourceType.ROUTE, ResourceType.SECRET)


def resource(name: str, version: str, endpoints: str | None = None) -> EncodedResource:
    """A resource whose body is its name and version: a stream only looks at those."""
    body = AnyMessage(type_url=TEST, value=f"{name} {version}".encode())
    return encode_envelope(Envelope(name=name, version=version, resource=body), endpoints)


def snapshot(**kinds: Mapping[str, str]) -> Snapshot:
    """``cluster={"a": "1"}`` and so on; a cluster waits for the endpoints of its own name."""
    return {
        kind: {
            name: resource(name, version, name if kind is ResourceType.CLUSTER else None)
            for name, version in kinds.get(kind.name.lower(), {}).items()
        }
        for kind in ResourceType
    }


def sent_resources(responses: list[bytes]) -> list[tuple[str, dict[str, str], list[str]]]:
    """Responses as (kind, versions by name, removed names)."""
    messages = [DeltaDiscoveryResponse.FromString(r) for r in responses]
    return [
        (ResourceType(m.type_url).name, {r.name: r.version for r in m.resources}, sorted(m.removed_resources))
        for m in messages
    ]


def ask(kind: ResourceType, *names: str, has: Mapping[str, str] | None = None) -> DeltaDiscoveryRequest:
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
        self.has: dict[ResourceType, dict[str, str]] = {kind: {} for kind in ResourceType}
        self.wants: dict[ResourceType, set[str]] = {kind: set() for kind in BY_NAME}

    def first(self) -> list[DeltaDiscoveryRequest]:
        requests = [ask(k, *sorted(self.wants[k]), has=self.has[k]) for k in BY_NAME if self.wants[k]]
        return [
            ask(ResourceType.CLUSTER, has=self.has[ResourceType.CLUSTER]),
            *requests,
            ask(ResourceType.LISTENER, has=self.has[ResourceType.LISTENER]),
        ]

    def acknowledge(self, response: bytes) -> list[DeltaDiscoveryRequest]:
        message = DeltaDiscoveryResponse.FromString(response)
        kind = ResourceType(message.type_url)
        reply = DeltaDiscoveryRequest(type_url=kind, response_nonce=message.nonce)
        for resource in message.resources:
            if resource.version == BAD:
                reply.error_detail.message = "bad"
            elif kind not in BY_NAME or resource.name in self.wants[kind]:
                self.has[kind][resource.name] = resource.version
        for name in message.removed_resources:
            self.has[kind].pop(name, None)
        needs = {ResourceType.CLUSTER: ResourceType.ENDPOINT, ResourceType.LISTENER: ResourceType.ROUTE}.get(kind)
        return [reply, *([] if needs is None else self.want(needs, set(self.has[kind])))]

    def want(self, kind: ResourceType, names: set[str]) -> list[DeltaDiscoveryRequest]:
        more, fewer = names - self.wants[kind], self.wants[kind] - names
        self.wants[kind] = names
        for name in fewer:
            self.has[kind].pop(name, None)
        request = ask(kind, *sorted(more))
        request.resource_names_unsubscribe.extend(sorted(fewer))
        return [request] if more or fewer else []


def sent_versions(responses: list[bytes]) -> list[tuple[str, dict[str, str]]]:
    """State-of-the-world responses as (kind, versions by name)."""
    messages = [DiscoveryResponse.FromString(r) for r in responses]
    return [(ResourceType(m.type_url).name, dict(map(name_and_version, m.resources))) for m in messages]


def name_and_version(body: AnyMessage) -> tuple[str, str]:
    """A bare resource's name and version."""
    if body.type_url == TEST:
        name, version = body.value.decode().split()
        return name, version
    if body.type_url == ResourceType.ENDPOINT:
        assignment = ClusterLoadAssignment.FromString(body.value)
        assert assignment == ClusterLoadAssignment(cluster_name=assignment.cluster_name)
        return assignment.cluster_name, NOTHING
    routes = RouteConfiguration.FromString(body.value)
    assert (body.type_url, routes) == (ResourceType.ROUTE, RouteConfiguration(name=routes.name))
    return routes.name, NOTHING


def request(kind: ResourceType, *names: str, version: str = "", nonce: str = "", refusal: str | None = None):
    """A state-of-the-world request."""
    discovery_request = DiscoveryRequest(
        type_url=kind, resource_names=names, version_info=version, response_nonce=nonce
    )
    if refusal is not None:
        discovery_request.error_detail.message = refusal
    return discovery_request


def reply(response: bytes, *names: str, refusal: str | None = None) -> DiscoveryRequest:
    """Acknowledge a state-of-the-world response, or refuse it; ``names``: what is wanted from now on."""
    message = DiscoveryResponse.FromString(response)
    version = "" if refusal is not None else message.version_info
    return request(ResourceType(message.type_url), *names, version=version, nonce=message.nonce, refusal=refusal)


class SotwProxy:
    """As Envoy: of a response that it refuses it has taken the good part, or nothing; wants endpoints of its clusters
    and routes of its listeners.
    """

    def __init__(self) -> None:
        self.has: dict[ResourceType, dict[str, str]] = {kind: {} for kind in ResourceType}
        self.wants: dict[ResourceType, set[str]] = {kind: set() for kind in BY_NAME}
        self.versions: dict[ResourceType, str] = {}
        self.takes_the_good = True

    def first(self) -> list[DiscoveryRequest]:
        """A new stream's requests."""
        self.nonces: dict[ResourceType, str] = {}
        kinds = (ResourceType.CLUSTER, *(kind for kind in BY_NAME if self.wants[kind]), ResourceType.LISTENER)
        return [self.request(kind) for kind in kinds]

    def request(self, kind: ResourceType, refusal: str | None = None) -> DiscoveryRequest:
        """A request: the wanted resources and the version accepted last."""
        version, nonce = self.versions.get(kind, ""), self.nonces.get(kind, "")
        return request(kind, *sorted(self.wants.get(kind, ())), version=version, nonce=nonce, refusal=refusal)

    def acknowledge(self, response: bytes) -> list[DiscoveryRequest]:
        """Answer a response, and ask for what follows from it."""
        message = DiscoveryResponse.FromString(response)
        kind = ResourceType(message.type_url)
        self.nonces[kind] = message.nonce
        came = dict(map(name_and_version, message.resources))
        is_good = BAD not in came.values()
        if is_good:
            self.versions[kind] = message.version_info
        if is_good or self.takes_the_good:
            good = {name: version for name, version in came.items() if version != BAD}
            if kind in BY_NAME:
                self.has[kind] |= {name: version for name, version in good.items() if name in self.wants[kind]}
            else:
                kept = {name: self.has[kind][name] for name in came.keys() & self.has[kind].keys()}
                self.has[kind] = kept | good
        needs = {ResourceType.CLUSTER: ResourceType.ENDPOINT, ResourceType.LISTENER: ResourceType.ROUTE}.get(kind)
        more = [] if needs is None else self.want(needs, set(self.has[kind]))
        return [self.request(kind, None if is_good else "bad"), *more]

    def want(self, kind: ResourceType, names: set[str]) -> list[DiscoveryRequest]:
        """Want these names and no others."""
        changed, self.wants[kind] = names != self.wants[kind], names
        self.has[kind] = {name: version for name, version in self.has[kind].items() if name in names}
        return [self.request(kind)] if changed else []
