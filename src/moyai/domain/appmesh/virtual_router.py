"""Virtual routers, which distribute the requests to a virtual service, and their routes.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_VirtualRouterSpec.html, API_RouteSpec.html,
API_HttpRetryPolicy.html, API_GrpcRetryPolicy.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from moyai.domain.appmesh.listener import PortProtocol, RouterListener
from moyai.domain.appmesh.match import GrpcRouteMatch, HttpRouteMatch, TcpRouteMatch
from moyai.domain.appmesh.resource import MeshResource
from moyai.domain.appmesh.timeout import Duration, HttpTimeout, TcpTimeout
from moyai.kernel.ids import RouteArn, VirtualRouterArn


class HttpRetryEvent(StrEnum):
    """The responses after which a request is retried. AWS documents these four values."""

    SERVER_ERROR = "server-error"
    GATEWAY_ERROR = "gateway-error"
    CLIENT_ERROR = "client-error"
    STREAM_ERROR = "stream-error"


class TcpRetryEvent(StrEnum):
    """The connection failures after which a request is retried."""

    CONNECTION_ERROR = "connection-error"


class GrpcRetryEvent(StrEnum):
    """The gRPC statuses after which a call is retried."""

    CANCELLED = "cancelled"
    DEADLINE_EXCEEDED = "deadline-exceeded"
    INTERNAL = "internal"
    RESOURCE_EXHAUSTED = "resource-exhausted"
    UNAVAILABLE = "unavailable"


class HttpRetryPolicy(msgspec.Struct, frozen=True):
    """A retry policy with at least one event; ``per_retry_timeout`` applies to the first attempt as well."""

    max_retries: int
    per_retry_timeout: Duration
    http_retry_events: tuple[HttpRetryEvent, ...] | None = None
    tcp_retry_events: tuple[TcpRetryEvent, ...] | None = None


class GrpcRetryPolicy(msgspec.Struct, frozen=True):
    """The retry policy of a gRPC route."""

    max_retries: int
    per_retry_timeout: Duration
    grpc_retry_events: tuple[GrpcRetryEvent, ...] | None = None
    http_retry_events: tuple[HttpRetryEvent, ...] | None = None
    tcp_retry_events: tuple[TcpRetryEvent, ...] | None = None


class WeightedTarget(msgspec.Struct, frozen=True):
    """A virtual node, by name, with its weight. ``port``: that of its listener."""

    virtual_node: str
    weight: int
    port: int | None = None


class RouteAction(msgspec.Struct, frozen=True):
    """The targets of matching requests or connections."""

    weighted_targets: tuple[WeightedTarget, ...]


class HttpRoute(msgspec.Struct, frozen=True):
    """A route of HTTP or HTTP/2 requests."""

    match: HttpRouteMatch
    action: RouteAction
    retry_policy: HttpRetryPolicy | None = None
    timeout: HttpTimeout | None = None


class GrpcRoute(msgspec.Struct, frozen=True):
    """A route of gRPC calls."""

    match: GrpcRouteMatch
    action: RouteAction
    retry_policy: GrpcRetryPolicy | None = None
    timeout: HttpTimeout | None = None


class TcpRoute(msgspec.Struct, frozen=True):
    """A route of TCP connections."""

    action: RouteAction
    match: TcpRouteMatch | None = None
    timeout: TcpTimeout | None = None


class RouteSpec(msgspec.Struct, frozen=True):
    """A specification with exactly one route. ``priority``: 0 is tried first, None last."""

    http_route: HttpRoute | None = None
    http2_route: HttpRoute | None = None
    grpc_route: GrpcRoute | None = None
    tcp_route: TcpRoute | None = None
    priority: int | None = None

    @property
    def members(self) -> Mapping[PortProtocol, HttpRoute | GrpcRoute | TcpRoute]:
        """The routes that are set, by protocol."""
        routes = {
            PortProtocol.HTTP: self.http_route,
            PortProtocol.HTTP2: self.http2_route,
            PortProtocol.GRPC: self.grpc_route,
            PortProtocol.TCP: self.tcp_route,
        }
        return {protocol: route for protocol, route in routes.items() if route is not None}

    @property
    def member(self) -> tuple[PortProtocol, HttpRoute | GrpcRoute | TcpRoute]:
        """The route that is set, and its protocol."""
        (route,) = self.members.items()
        return route

    @property
    def protocol(self) -> PortProtocol:
        """The protocol of the route that is set."""
        return self.member[0]

    @property
    def targets(self) -> tuple[WeightedTarget, ...]:
        """The targets of the route that is set."""
        return tuple(target for route in self.members.values() for target in route.action.weighted_targets)

    @property
    def port(self) -> int | None:
        """The port of the router's listener that the route is for; None = all listeners of its protocol."""
        match = self.member[1].match
        return None if match is None else match.port


class AppMeshRoute(MeshResource, frozen=True, kw_only=True, tag="route"):
    """A route of a virtual router."""

    arn: RouteArn
    router: VirtualRouterArn
    spec: RouteSpec


class VirtualRouterSpec(msgspec.Struct, frozen=True):
    """The specification of a virtual router: the ports at which its services are called."""

    listeners: tuple[RouterListener, ...] | None = None


class VirtualRouter(MeshResource, frozen=True, kw_only=True, tag="virtual_router"):
    """A virtual router of a mesh."""

    arn: VirtualRouterArn
    spec: VirtualRouterSpec
