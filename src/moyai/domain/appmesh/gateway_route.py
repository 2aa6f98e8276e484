"""Routes of a virtual gateway.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_GatewayRouteSpec.html
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from moyai.domain.appmesh.match import GrpcGatewayRouteMatch, HttpGatewayRouteMatch
from moyai.domain.appmesh.protocol import PortProtocol
from moyai.domain.appmesh.resource import MeshResource
from moyai.domain.appmesh.rewrite import GrpcGatewayRouteRewrite, HttpGatewayRouteRewrite
from moyai.kernel.ids import GatewayRouteArn, VirtualGatewayArn


class GatewayRouteVirtualService(msgspec.Struct, frozen=True):
    """A virtual service, by name."""

    virtual_service_name: str


class GatewayRouteTarget(msgspec.Struct, frozen=True):
    """The target of matching requests. ``port``: that of the provider's listener."""

    virtual_service: GatewayRouteVirtualService
    port: int | None = None


class HttpGatewayRouteAction(msgspec.Struct, frozen=True):
    """The target of matching requests, and how they are rewritten."""

    target: GatewayRouteTarget
    rewrite: HttpGatewayRouteRewrite | None = None


class GrpcGatewayRouteAction(msgspec.Struct, frozen=True):
    """The target of matching requests, and how they are rewritten."""

    target: GatewayRouteTarget
    rewrite: GrpcGatewayRouteRewrite | None = None


class HttpGatewayRoute(msgspec.Struct, frozen=True):
    """A route of HTTP or HTTP/2 requests."""

    match: HttpGatewayRouteMatch
    action: HttpGatewayRouteAction


class GrpcGatewayRoute(msgspec.Struct, frozen=True):
    """A route of gRPC calls."""

    match: GrpcGatewayRouteMatch
    action: GrpcGatewayRouteAction


class GatewayRouteSpec(msgspec.Struct, frozen=True):
    """A specification with exactly one route. ``priority``: 0 is tried first, None last."""

    http_route: HttpGatewayRoute | None = None
    http2_route: HttpGatewayRoute | None = None
    grpc_route: GrpcGatewayRoute | None = None
    priority: int | None = None

    @property
    def members(self) -> Mapping[PortProtocol, HttpGatewayRoute | GrpcGatewayRoute]:
        """The routes that are set, by protocol."""
        routes = {
            PortProtocol.HTTP: self.http_route,
            PortProtocol.HTTP2: self.http2_route,
            PortProtocol.GRPC: self.grpc_route,
        }
        return {protocol: route for protocol, route in routes.items() if route is not None}

    @property
    def one(self) -> tuple[PortProtocol, HttpGatewayRoute | GrpcGatewayRoute]:
        """The route that is set, and its protocol."""
        (route,) = self.members.items()
        return route

    @property
    def protocol(self) -> PortProtocol:
        """The protocol of the route that is set."""
        return self.one[0]

    @property
    def target(self) -> GatewayRouteTarget:
        """The target of the route that is set."""
        return self.one[1].action.target

    @property
    def port(self) -> int | None:
        """The port of the gateway's listener that the route is for; None = all listeners of its protocol."""
        return self.one[1].match.port


class GatewayRoute(MeshResource, frozen=True, kw_only=True, tag="gateway_route"):
    """A route of a virtual gateway."""

    arn: GatewayRouteArn
    gateway: VirtualGatewayArn
    spec: GatewayRouteSpec
