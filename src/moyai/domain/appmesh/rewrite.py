"""How a gateway route rewrites requests.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_HttpGatewayRouteRewrite.html
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


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
