"""What a gateway route changes of a request before it goes on.

Source: https://docs.aws.amazon.com/app-mesh/latest/APIReference/API_HttpGatewayRouteRewrite.html
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class DefaultRewrite(StrEnum):
    """Whether what is done where nothing is said is done."""

    ENABLED = "ENABLED"
    DISABLED = "DISABLED"


class HostnameRewrite(msgspec.Struct, frozen=True):
    """By default the host becomes the virtual service's name."""

    default_target_hostname: DefaultRewrite | None = None


class PrefixRewrite(msgspec.Struct, frozen=True):
    """By default the prefix that matched becomes ``/``; ``value`` puts another in its place. Not both."""

    default_prefix: DefaultRewrite | None = None
    value: str | None = None


class PathRewrite(msgspec.Struct, frozen=True):
    """The whole path."""

    exact: str | None = None


class HttpGatewayRouteRewrite(msgspec.Struct, frozen=True):
    """``prefix`` or ``path``, whichever matches."""

    hostname: HostnameRewrite | None = None
    prefix: PrefixRewrite | None = None
    path: PathRewrite | None = None


class GrpcGatewayRouteRewrite(msgspec.Struct, frozen=True):
    """A call's path stays what it is."""

    hostname: HostnameRewrite | None = None
