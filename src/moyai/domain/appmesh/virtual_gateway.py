"""Virtual gateways, by which requests from outside enter a mesh, and their routes.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_VirtualGatewaySpec.html, API_GatewayRouteSpec.html,
API_HttpGatewayRouteRewrite.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from moyai.domain.appmesh.access_log import Logging
from moyai.domain.appmesh.client_policy import BackendDefaults
from moyai.domain.appmesh.listener import GatewayListener, PortProtocol
from moyai.domain.appmesh.match import GrpcGatewayRouteMatch, HttpGatewayRouteMatch
from moyai.domain.appmesh.resource import MeshResource
from moyai.kernel.ids import GatewayRouteArn, VirtualGatewayArn


class DefaultRewrite(StrEnum):
    """Whether the default rewrite is done."""

    ENABLED = "ENABLED"
    DISABLED = "DISABLED"


class HostnameRewrite(msgspec.Struct, frozen=True):
    """The rewrite of the host, which by default becomes the virtual service's name."""

    default_target_hostname: DefaultRewrite | None = None


class PrefixRewrite(msgspec.Struct, frozen=True):
    """The rewrite of the matched prefix, which by default becomes ``/``, or else ``value``."""

    default_prefix: DefaultRewrite | None = None
    value: str | None = None


class PathRewrite(msgspec.Struct, frozen=True):
    """The rewrite of the whole path."""

    exact: str | None = None


class HttpGatewayRouteRewrite(msgspec.Struct, frozen=True):
    """The rewrites of an HTTP gateway route; ``prefix`` or ``path``, as its match has."""

    hostname: HostnameRewrite | None = None
    prefix: PrefixRewrite | None = None
    path: PathRewrite | None = None


class GrpcGatewayRouteRewrite(msgspec.Struct, frozen=True):
    """The rewrites of a gRPC gateway route, which keeps the path."""

    hostname: HostnameRewrite | None = None


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
    def member(self) -> tuple[PortProtocol, HttpGatewayRoute | GrpcGatewayRoute]:
        """The route that is set, and its protocol."""
        (route,) = self.members.items()
        return route

    @property
    def protocol(self) -> PortProtocol:
        """The protocol of the route that is set."""
        return self.member[0]

    @property
    def target(self) -> GatewayRouteTarget:
        """The target of the route that is set."""
        return self.member[1].action.target

    @property
    def port(self) -> int | None:
        """The port of the gateway's listener that the route is for; None = all listeners of its protocol."""
        return self.member[1].match.port


class GatewayRoute(MeshResource, frozen=True, kw_only=True, tag="gateway_route"):
    """A route of a virtual gateway."""

    arn: GatewayRouteArn
    gateway: VirtualGatewayArn
    spec: GatewayRouteSpec


class VirtualGatewaySpec(msgspec.Struct, frozen=True):
    """The specification of a virtual gateway. ``backend_defaults`` apply to all services that it calls."""

    listeners: tuple[GatewayListener, ...]
    backend_defaults: BackendDefaults | None = None
    logging: Logging | None = None


class VirtualGateway(MeshResource, frozen=True, kw_only=True, tag="virtual_gateway"):
    """A virtual gateway of a mesh."""

    arn: VirtualGatewayArn
    spec: VirtualGatewaySpec
